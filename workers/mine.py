"""Items that only a person brought: their own history from a platform, under a provider "mine.<platform>".

They are embedded and stored like any item, since the person's agent needs their vectors. But they are nobody's catalog:
they are published to no index, searched and recommended to nobody, drawn as nobody's negatives, and no provider of that
name is told of anyone. What a person brings feeds their own profile only.
"""

PREFIX = "mine."


def is_mine(provider: str) -> bool:
    """Takes an item's key (provider:item) as well: the prefix has no colon."""
    return provider.startswith(PREFIX)
