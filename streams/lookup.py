"""Brings what a fold has found missing from the store, for all users of a batch in one round trip a space."""

from collections.abc import Collection, Iterable

from workers.knowledge import Missing
from workers.ports import Store
from workers.spaces import InSpace


async def look_up(store: Store, spaces: Iterable[InSpace], lacking: Collection[Missing]) -> None:
    """What the store does not know either is known to be absent after it. Raises `StoreUnavailable`."""
    for one in spaces:
        here = [missing for missing in lacking if missing.space == one.space]
        items = frozenset[str]().union(*(missing.items for missing in here))
        phrases = frozenset[str]().union(*(missing.phrases for missing in here))
        if items:
            one.known.learn_items(items, (await store.read((), items, one.space)).items)
        if phrases:
            one.known.learn_phrases(phrases, await store.read_phrases(one.space, phrases))
