"""Training the shared space from content alone: pairs of an interest and a content, the loss, the figures."""
