"""Where single events wait until the stage takes them as a batch: at most one batch, in order per partition."""

import asyncio

from streams.contract import Partition, Record


class Intake:
    """Closed at first, and again whenever partitions are given up. What comes while it is closed is dropped: it is read
    again from the committed offset by whoever gets the partition."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: list[Record] = []
        self._seen: dict[Partition, int] = {}
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._period = 0
        self._open = False

    def open(self) -> None:
        """A new period: offsets start anew."""
        self._open = True

    def close(self) -> None:
        """Drops what waits, and what waits to be let in."""
        self._open = False
        self._period += 1
        self._waiting.clear()
        self._seen.clear()
        self._arrived.clear()
        self._room.set()

    async def put(self, record: Record) -> None:
        """Waits for room. Drops what was seen in this period already."""
        period = self._period
        while self._open and self._period == period and len(self._waiting) >= self._size:
            self._room.clear()
            await self._room.wait()
        if not self._open or self._period != period or record.offset < self._seen.get(record.source, 0):
            return
        self._seen[record.source] = record.offset + 1
        self._waiting.append(record)
        self._arrived.set()

    async def take(self) -> list[Record]:
        """All that waits, as soon as there is something."""
        await self._arrived.wait()
        batch, self._waiting = self._waiting, []
        self._arrived.clear()
        self._room.set()
        return batch
