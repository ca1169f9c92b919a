"""Deletes what is kept of a retired space (`streams.rollout`, step 8): its vectors in the store, and its messages in
the topic of embeddings, which compaction would keep for ever.

1. Choose: a space that the pointer calls `leaving`, and that is neither served nor embedded by this process. No profile
   may be on its way to another space, and every process must have seen the pointer: it has stood still for a while.
2. Look at the pointer again before each page. A page's tombstones are sent before its items are dropped: whoever dies
   in between leaves items that the next one finds, and no message that nobody knows of.
3. Drop the words, and with them what the space's bank has grown by.
4. Write into the pointer that the space is swept. A sweeper that dies before begins again, and finds less.
"""

import time
from collections.abc import Callable, Collection

from schemas.catalog import embedding_key
from schemas.space import SpacePointer
from streams.contract import Outgoing, Producer
from streams.pointer import GRACE, Pointer
from streams.rollout import left_to_move
from streams.topics import ITEM_EMBEDDINGS
from workers.mine import is_mine
from workers.ports import Store

PAGES = 20
"""In one step, which others of the process wait for: of 500 items, half a second and 10,000 items. So a million items
take a few minutes."""


class Sweeper:
    """Beside the embedder of the current space. `now` is in seconds and only ever compared with itself, `grace` in
    seconds."""

    def __init__(
        self,
        store: Store,
        producer: Producer,
        pointer: Pointer,
        now: Callable[[], float] = time.monotonic,
        grace: float = GRACE,
    ) -> None:
        self._store = store
        self._producer = producer
        self._pointer = pointer
        self._now = now
        self._grace = grace
        self._seen = (0, 0.0)
        """The pointer's revision, and since when it stands there."""
        self._place: tuple[str, int] = ("", 0)
        """How far the walk through a space's items has come."""

    async def step(self, pointer: SpacePointer, embedding: Collection[str]) -> int:
        """For a timer. `embedding` are the spaces that this process embeds. Returns how many items were dropped. Raises
        `Unavailable` or `Overloaded`."""
        space = await self._choose(pointer, embedding)  # 1
        if space is None:
            return 0
        dropped, place = 0, self._place[1] if self._place[0] == space else 0
        for _ in range(PAGES):
            if not _may_go(await self._pointer.read(), space):  # 2
                return dropped
            page = await self._store.items_in(space, place)
            await self._producer.send([_tombstone(space, one) for one in page.items if not is_mine(one)])
            await self._store.drop_items(space, page.items)
            dropped, place = dropped + len(page.items), page.next
            self._place = (space, place)
            if place == 0:
                await self._store.drop_words(space)  # 3
                await self._pointer.swept(space)  # 4
                break
        return dropped

    async def _choose(self, pointer: SpacePointer, embedding: Collection[str]) -> str | None:
        if self._seen[0] != pointer.revision:
            self._seen = (pointer.revision, self._now())
        spaces = [space for space in pointer.leaving if _may_go(pointer, space) and space not in embedding]
        if not spaces or self._now() < self._seen[1] + self._grace:
            return None
        return spaces[0] if await left_to_move(self._store, pointer, self._grace) == 0 else None


def _may_go(pointer: SpacePointer, space: str) -> bool:
    return space in pointer.leaving and all(entry.id != space for entry in pointer.entries)


def _tombstone(space: str, item: str) -> Outgoing:
    return Outgoing(ITEM_EMBEDDINGS, embedding_key(space, item).encode(), None)
