"""Whether the store still has what a batch gave it apart from the mark that stands for the batch.

Words and items are written by calls of their own, and the mark by another one after them. A store that is emptied, or
falls back by a second, in between takes the mark over the hole: its floor only shows that earlier marks are there. So
whoever has written the mark looks once more, and has everything to do again where something is missing. A loss after
that look takes the mark with it, since the mark is the newer one.

A crash between the mark and the look is made up for by the broker, whose offset is committed only after both.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from workers.errors import StoreUnavailable
from workers.ports import ItemRecord, Store
from workers.standing import gives_way, is_taken_away


@dataclass(frozen=True, slots=True)
class Given:
    """What the store has taken of one batch. `items` are by key, `deleted` are standings of tombstones by key."""

    words: Collection[str] = ()
    items: Mapping[str, ItemRecord] = field(default_factory=dict)
    deleted: Mapping[str, str] = field(default_factory=dict)


async def check_held(store: Store, space: str, given: Given) -> None:
    """Raises `StoreUnavailable` where something of it is gone: the batch is to be handled again. What another embedder
    has deleted meanwhile is gone, too: it is put once more, which the store refuses."""
    words = await store.read_phrases(space, given.words) if given.words else {}
    asked = given.items.keys() | given.deleted.keys()
    items = (await store.read((), asked, space)).items if asked else {}
    missing = [one for key, one in given.items.items() if not _stands(one, items.get(key))]
    refused = await store.put_items(missing) if missing else set()
    back = [key for key, one in given.deleted.items() if key in items and is_taken_away(items[key].standing, one)]
    if lost := len(set(given.words) - words.keys()) + len({one.key for one in missing} - refused) + len(back):
        raise StoreUnavailable(f"the store has lost {lost} words or items of a batch under way: it is handled again")


def _stands(put: ItemRecord, stored: ItemRecord | None) -> bool:
    """As it was put, or as what counts more has been since."""
    return stored is not None and (stored.standing == put.standing or not gives_way(stored.standing, put.standing))
