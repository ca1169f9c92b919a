"""What the agents do where the store stands behind the log that they have consumed: after a loss of the store.

1. Lost is what lies between a partition's mark and the offset that the group has committed.
2. Wait until the embedder has embedded again what it had: an event whose item is not known, or an edit whose words are
   not, would wait for a minute of the log's own time and then become a dead-letter.
3. Replay it in the canonical order (`streams.replay`), through the very stage: a consumer that starts earlier reads
   its topics side by side, and an edit of last week would come before the clicks that it was about.
4. Go on at the committed offsets.

A crash in between begins again at the marks as they are then. What the log does not hold any more (`retention_ms` in
`streams.topics`) is lost.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping

from streams.contract import History, Partition, Record
from streams.embedder import EmbedderStage
from streams.replay import Span, in_batches, replay
from streams.topics import CATALOG
from streams.watermarks import Watermarks
from workers.errors import Unavailable
from workers.ports import Store

BATCH = 500


class Recovery:
    """Of one group. `embedders` is the group of the embedders in whose space profiles live now."""

    def __init__(self, history: History, store: Store, group: str, embedders: Callable[[], Awaitable[str]]) -> None:
        self._history = history
        self._store = store
        self._group = group
        self._embedders = embedders

    async def lost(self, marks: Mapping[Partition, int]) -> dict[Partition, Span]:
        """Step 1. Raises `BrokerUnavailable`."""
        committed = await self._history.committed(self._group, {partition.topic for partition in marks})
        spans = {partition: Span(mark, committed.get(partition, 0)) for partition, mark in marks.items()}
        return {partition: span for partition, span in spans.items() if span.start < span.end}

    async def batches(self, lost: Mapping[Partition, Span]) -> AsyncIterator[list[Record]]:
        """Steps 2 and 3. Raises `Unavailable` while the embedder is at work."""
        waited = False
        async for batch in in_batches(replay(self._history, lost), BATCH):
            if not waited:
                await self._wait_for_the_embedder(lost)
                waited = True
            yield batch

    async def _wait_for_the_embedder(self, lost: Mapping[Partition, Span]) -> None:
        """By its marks and not by its lag: it may not have noticed yet that its items are gone."""
        ends = await self._history.ends([CATALOG])
        ends |= {partition: lost[partition].end for partition in lost if partition.topic in EmbedderStage.topics}
        marks = await self._embedded(ends)
        for partition, end in ends.items():
            if marks[partition] < end and await self._history.span(partition, marks[partition], end, 1):
                raise Unavailable(
                    "the catalog is being embedded again, and profiles are rebuilt from the log after that: this takes"
                    " as long as it took the first time, and needs an embedder that runs"
                )

    async def _embedded(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        return await Watermarks(self._store, await self._embedders()).resume(partitions)
