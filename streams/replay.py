"""Reads what has been consumed once more, every partition in order and all of them merged: the canonical order.

1. A page of each partition is held, no more.
2. The next record is the one that the broker took first; of two in the same millisecond, that of the topic that comes
   first in a mailbox. Those of one partition never change places, whatever its broker's clock did.
"""

from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.contract import History, Partition, Record
from streams.progress import made_progress
from streams.topics import MAILBOX

PAGE = 2_000
"""Records of a partition in memory at once: 2 MB at 1 KB each, for one new connection to Kafka (10 ms)."""

_RANK = {topic: rank for rank, topic in enumerate(MAILBOX)}


class Span(NamedTuple):
    """Offsets from `start` up to, but not including, `end`."""

    start: int
    end: int


async def replay(history: History, spans: Mapping[Partition, Span], page: int = PAGE) -> AsyncIterator[Record]:
    """The records of the spans, merged. Raises as `History` does."""
    sources = [_Source(source, pages(history, source, span, page)) for source, span in spans.items()]
    while True:
        ready = [source for source in sources if await source.fill()]
        if not ready:
            return
        yield min(ready, key=_Source.place).held.popleft()


async def pages(history: History, source: Partition, span: Span, page: int = PAGE) -> AsyncIterator[list[Record]]:
    """What one partition holds of the span, `page` records at a time. Raises as `History` does."""
    at = span.start
    while at < span.end and (held := await history.span(source, at, span.end, page)):
        made_progress()
        yield held
        at = held[-1].offset + 1


async def in_batches(records: AsyncIterator[Record], size: int) -> AsyncIterator[list[Record]]:
    """Lists of `size`, the last may be shorter."""
    batch: list[Record] = []
    async for record in records:
        batch.append(record)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


@dataclass(slots=True)
class _Source:
    """One partition of a replay."""

    partition: Partition
    pages: AsyncIterator[list[Record]]
    held: deque[Record] = field(default_factory=deque)

    async def fill(self) -> bool:
        """Step 1. False when the partition has been read."""
        if not self.held:
            self.held.extend(await anext(self.pages, []))
        return bool(self.held)

    def place(self) -> tuple[int, int, int]:
        """Step 2, of its next record."""
        return self.held[0].timestamp_ms, _RANK[self.partition.topic], self.partition.number
