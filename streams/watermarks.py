"""Notices that the store has lost what it had confirmed: a second of its append-only file, or everything.

A stage keeps, for each partition in its hands, the high-water mark that it read when it resumed or wrote since. Marks
only rise, so a stored one below that is a loss:

1. Every read of a batch brings the marks of all partitions in hand, not only of the batch's: what was lost may be the
   other topics of the same users.
2. A mark is written with the one that is known as its floor: a store emptied between the read and the commit keeps no
   mark that would hide it, and the next look finds it missing.
3. A stage without messages looks every few seconds.
4. What was written by calls of its own before the mark, or read and found to be there, is not covered by the floor: a
   store that falls back in between still has that. So whoever does so asks for the store's life before all of it, and
   the mark is written in that life only (`Store.mark`): in between nothing was lost, however often before and after.

It sees a loss of the marks, which are one key in Redis: a Redis Cluster of several nodes, which could lose the keys of
another one, is refused.
"""

from collections.abc import Collection, Mapping

from streams.contract import Partition, Timer
from workers.errors import StoreLost
from workers.ports import Store

LOOK = 5.0
"""Seconds between two looks: one small call each, and profiles that are gone are on their way back within it."""


class Watermarks:
    """Of one stage. `group` is for a stage that reads the same topics as another one: its marks are its own."""

    def __init__(self, store: Store, group: str | None = None) -> None:
        self._store = store
        self._group = group
        self._known: dict[Partition, int] = {}
        self.timer = Timer(LOOK, self.look)

    @property
    def watched(self) -> Collection[Partition]:
        """To be read with a batch, as the store names them."""
        return self._known.keys()

    async def resume(self, assigned: Collection[Partition]) -> dict[Partition, int]:
        """What the store has now, 0 where it has nothing: from here on that is what it must not fall below."""
        names = {self._named(partition): partition for partition in assigned}
        self._known = await self._store.marks(names)
        return {partition: self._known.get(name, 0) for name, partition in names.items()}

    def check(self, stored: Mapping[Partition, int], known: Mapping[Partition, int] | None = None) -> None:
        """Raises `StoreLost` where one is below what is known (or was, when the store was asked)."""
        known = self._known if known is None else known
        if lower := sum(stored.get(partition, 0) < mark for partition, mark in known.items()):
            raise StoreLost(
                f"the store has lost writes of {lower} of {len(known)} partitions, after a crash or a wipe: this role "
                "restarts and reads the log again from where the store stands. Give Redis an append-only file"
            )

    async def look(self) -> None:
        """Step 3. Raises `StoreLost`, `StoreUnavailable`."""
        if known := dict(self._known):  # which may rise while the store is asked
            self.check(await self._store.marks(known.keys()), known)

    def to_write(self, offsets: Mapping[Partition, int]) -> tuple[dict[Partition, int], dict[Partition, int]]:
        """Marks and floors for `Store.commit`."""
        marks = {self._named(partition): offset for partition, offset in offsets.items()}
        return marks, {partition: self._known.get(partition, 0) for partition in marks}

    def written(self, marks: Mapping[Partition, int]) -> None:
        """The store has answered: it has them, or has lost something, which shows by them."""
        for partition, mark in marks.items():
            self._known[partition] = max(mark, self._known.get(partition, 0))

    def _named(self, partition: Partition) -> Partition:
        return partition if self._group is None else Partition(f"{self._group}/{partition.topic}", partition.number)
