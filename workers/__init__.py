"""What is done: the agent of one user, its weights and triggers, the embedding space, retrieval. Pure: time, randomness
and stores come in as arguments."""
