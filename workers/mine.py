"""Items that a person brought: their own history from a platform, under a provider "mine.<platform>".

They are embedded and stored, since the person's agent needs their vectors. But they are that person's alone: their id
begins with the person's mailbox id, so two who bring the same film have an item each; the store keeps them by person,
the catalog's log seals them with the person's key (`streams.sealing`), and both end with that key. They are nobody's
catalog: published to no index, searched and recommended to nobody, drawn as nobody's negatives, and no provider of that
name is told of anyone. What a person brings feeds their own profile only.
"""

import re

PREFIX = "mine."

MAX_OWN = 2_048
"""Items that are kept of one person: four histories in full, eight times what an agent remembers. 2.5 MB."""

_OWN = re.compile(r"mine\.[a-z0-9._-]*:([0-9a-f]{32})[0-9a-f]{32}")


def is_mine(provider: str) -> bool:
    """Takes an item's key (provider:item) as well: the prefix has no colon."""
    return provider.startswith(PREFIX)


def owner_of(item_key: str) -> bytes | None:
    """The mailbox id of the person who brought the item. None for everybody's items, and for what an earlier release
    kept for all who brought the same."""
    found = _OWN.fullmatch(item_key)
    return None if found is None else found[1].encode()
