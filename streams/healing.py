"""Mends a compacted topic that went back: whoever knows what is newer sends it again.

A worker that has lost its partitions and does not know it yet may send version 5 after its follower has sent 6. Readers
keep the newer one, but the topic would keep the other, for whoever reads it from the start.

1. A reader that is handed less than it holds sends what it holds, once at the end of the batch, durable before the
   batch is. Several readers do so: what they send is equal, so it is no step back and the last of it ends it.
2. A tombstone takes back what was to be sent, and so does whatever the reader takes.
3. What was made before a tombstone and comes behind it is answered with the tombstone again: a send that was given up
   and arrives late, or an answer of step 1 that the tombstone has overtaken. The reader remembers tombstones for that
   (`streams.gone`): of an item as of when, which stands before the tombstone on the topic (`ItemEmbedding.gone`); of a
   subject that there was one, since a person is forgotten for good.
4. A tombstone is never answered, but that of an item which is older than what is held: it came once more.

Bounded by what one batch holds: an entry for each step back. A reader that starts again before the topic was compacted
reads the step back once more, and mends it once more.
"""

from streams.contract import Outgoing, Producer, Record
from streams.metrics import Metrics
from streams.topics import ITEM_EMBEDDINGS


class Healing:
    """Of one reader. Without a producer it only counts what it saw."""

    def __init__(self, producer: Producer | None, metrics: Metrics) -> None:
        self._producer = producer
        self._metrics = metrics
        self._wanted: dict[tuple[str, bytes], Outgoing] = {}

    def went_back(self, newer: Outgoing) -> None:
        """Step 1: the reader holds what this says, and was handed less."""
        self._metrics.stepped_back.labels("item" if newer.topic == ITEM_EMBEDDINGS else "profile").inc()
        self._wanted[newer.topic, newer.key] = newer

    def came_too_late(self, record: Record) -> None:
        """Step 3."""
        self.went_back(Outgoing(record.topic, record.key or b"", None))

    def went_on(self, record: Record) -> None:
        """Step 2: it is a tombstone, or the reader took it, or holds what says the same."""
        self._wanted.pop((record.topic, record.key or b""), None)

    async def send(self) -> None:
        """At the end of a batch. Raises as `Producer.send` does; the batch comes again then."""
        messages, self._wanted = list(self._wanted.values()), {}
        if messages and self._producer is not None:
            await self._producer.send(messages)
