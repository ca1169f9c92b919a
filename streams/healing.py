"""Mends a compacted topic that went back: whoever holds what is newer sends it again.

A worker that has lost its partitions and does not know it yet may send version 5 after its follower has sent 6. Readers
keep the newer one, but the topic would keep the other, for whoever reads it from the start.

1. A reader that is handed less than it holds sends what it holds, once at the end of the batch, durable before the
   batch is. Several readers do so: what they send is equal, so it is no step back and the last of it ends it.
2. A tombstone is never answered, and takes back what was to be sent. One that comes while the reader's own message is
   on its way may stand before it on the topic: it is sent again, behind it.
3. A message is on its way until its reader has read it back.

Bounded by what one batch holds, and by what is on its way: an entry for each step back. A reader that starts again
before the topic was compacted reads the step back once more, and mends it once more. Where it dies between its message
and the tombstone of step 2, that tombstone is missing: forget the subject, or delete the item, again.
"""

from streams.contract import Outgoing, Producer, Record
from streams.metrics import Metrics
from streams.topics import ITEM_EMBEDDINGS

_Place = tuple[str, bytes]


class Healing:
    """Of one reader. Without a producer it only counts what it saw."""

    def __init__(self, producer: Producer | None, metrics: Metrics) -> None:
        self._producer = producer
        self._metrics = metrics
        self._wanted: dict[_Place, Outgoing] = {}
        self._under_way: dict[_Place, bytes] = {}

    def went_back(self, newer: Outgoing) -> None:
        """Step 1: the reader holds what this says, and was handed less."""
        self._metrics.stepped_back.labels("item" if newer.topic == ITEM_EMBEDDINGS else "profile").inc()
        self._wanted[newer.topic, newer.key] = newer

    def went_on(self, record: Record) -> None:
        """Step 3: the reader took it, or holds what says the same."""
        place = record.topic, record.key or b""
        self._wanted.pop(place, None)
        if self._under_way.get(place) == record.value:
            del self._under_way[place]

    def ended(self, record: Record) -> None:
        """Step 2: it is a tombstone."""
        place = record.topic, record.key or b""
        self._wanted.pop(place, None)
        if place in self._under_way:
            self._wanted[place] = Outgoing(*place, None)

    async def send(self) -> None:
        """At the end of a batch. Raises as `Producer.send` does; the batch comes again then."""
        messages, self._wanted = list(self._wanted.values()), {}
        if not messages or self._producer is None:
            return
        for message in messages:
            if message.value is not None:
                self._under_way[message.topic, message.key] = message.value
        await self._producer.send(messages)
        for message in messages:
            if message.value is None:
                self._under_way.pop((message.topic, message.key), None)
