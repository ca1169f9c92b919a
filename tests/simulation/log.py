"""The log: Kafka's topics, partitions, offsets and compaction in memory, and a producer across a network.

Each message goes to the partition of its key, at the next offset, with the time when the log took it. A send whose
answer is lost may have been done for some partitions and not for others; what its caller sends again stands twice.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from streams.contract import Outgoing, Partition, Record
from streams.partitioning import partition_of
from streams.sealing import is_sealed
from streams.topics import BY_NAME, TOPICS
from tests.simulation.opening import Onlooker
from tests.simulation.process import Process
from workers.errors import BrokerUnavailable

SENT_TWICE = 0.02
"""Share of the sends that a producer's own retry doubles (it is not idempotent), where sends may fail at all."""


class SimLog:
    """`now` is in epoch seconds, and never goes back. Processes get records as they are (`page`, `span`); onlookers see
    them opened (`written`, `all`, `newest`, `has`)."""

    def __init__(self, partitions: int, now: Callable[[], float]) -> None:
        self.partitions = partitions
        self._now = now
        places = [Partition(topic.name, number) for topic in TOPICS for number in range(partitions)]
        self._records: dict[Partition, list[Record]] = {place: [] for place in places}
        self.ends = dict.fromkeys(places, 0)
        self.written: list[Record] = []
        """All that was ever appended, whatever compaction has taken since."""
        self._seen: dict[tuple[Partition, int], Record] = {}
        self._onlooker = Onlooker()
        self._readers: list[Callable[[str], None]] = []

    def partitions_of(self, topics: Collection[str]) -> list[Partition]:
        return [Partition(topic, number) for topic in topics for number in range(self.partitions)]

    def append(self, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            source = Partition(message.topic, partition_of(message.key, self.partitions))
            moment = int(self._now() * 1000)
            offset = self.ends[source]
            record = Record(source.topic, source.number, offset, message.key, message.value, moment)
            self._records[source].append(record)
            self._seen[source, offset] = seen = self._onlooker.see(record)
            self.written.append(seen)
            self.ends[source] = offset + 1
        for topic in dict.fromkeys(message.topic for message in messages):
            for tell in list(self._readers):
                tell(topic)

    def page(self, source: Partition, at: int, limit: int) -> list[Record]:
        """Up to `limit` records from that offset on; offsets that compaction has taken are left out."""
        records = self._records[source]
        start = at if len(records) == self.ends[source] else bisect_left(records, at, key=lambda one: one.offset)
        return records[start : start + limit]

    def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        """Up to `limit` of the records whose offsets lie in [start, end)."""
        return [record for record in self.page(source, start, limit) if record.offset < end]

    def all(self, topic: str) -> list[Record]:
        """What the topic holds now, partition by partition."""
        places = self.partitions_of([topic])
        return [self._seen[place, record.offset] for place in places for record in self._records[place]]

    def sealed(self) -> Iterator[Record]:
        """What it holds sealed, as it is."""
        return (record for held in self._records.values() for record in held if is_sealed(record.value))

    def newest(self, topic: str) -> dict[bytes, Record]:
        """What compaction keeps in the end: the last record of each key."""
        return {record.key or b"": record for record in self.all(topic)}

    def has(self, message: Outgoing) -> bool:
        """Whether it was ever appended."""
        return any(
            (record.topic, record.key, record.value) == (message.topic, message.key, message.value)
            for record in self.written
        )

    def compact(self, topic: str) -> None:
        """As the log cleaner does at a time of its own. The newest record of a partition always stays."""
        assert BY_NAME[topic].compacted
        kept = {(record.partition, record.offset) for record in self.newest(topic).values()}
        for source in self.partitions_of([topic]):
            held = self._records[source]
            self._records[source] = [one for one in held if (one.partition, one.offset) in kept]

    def listen(self, tell: Callable[[str], None]) -> Callable[[], None]:
        """`tell` is called with a topic that has grown. Returns what ends that."""
        self._readers.append(tell)
        return lambda: self._readers.remove(tell)

    def behind(self, committed: Mapping[Partition, int], topics: Sequence[str]) -> int:
        return sum(max(0, self.ends[source] - committed.get(source, 0)) for source in self.partitions_of(topics))


class LogClient:
    """`streams.contract.Producer` as one process has it."""

    def __init__(self, log: SimLog, process: Process) -> None:
        self._log = log
        self._process = process

    async def send(self, messages: Sequence[Outgoing]) -> None:
        if messages:
            sent = self._as_sent(messages)
            await self._process.call("log", "send", lambda: self._log.append(sent), BrokerUnavailable)

    async def close(self) -> None: ...

    def _as_sent(self, messages: Sequence[Outgoing]) -> Sequence[Outgoing]:
        faults = self._process.faults
        if faults.weather.bad and faults.rates.get("lost") and faults.chance.random() < SENT_TWICE:
            self._process.trace.fault(self._process.name, "sent twice")
            return [*messages, *messages]
        return tuple(messages)


class HistoryClient:
    """`streams.contract.History` as one process has it. `committed` gives the offsets of the group of a name."""

    def __init__(self, log: SimLog, committed: Callable[[str], Mapping[Partition, int]], process: Process) -> None:
        self._log = log
        self._committed = committed
        self._process = process

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        def effect() -> dict[Partition, int]:
            return {source: offset for source, offset in self._committed(group).items() if source.topic in topics}

        return await self._process.call("log", "committed", effect, BrokerUnavailable)

    async def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        def effect() -> dict[Partition, int]:
            return {source: self._log.ends[source] for source in self._log.partitions_of(topics)}

        return await self._process.call("log", "ends", effect, BrokerUnavailable)

    async def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        return await self._process.call(
            "log", "span", lambda: self._log.span(source, start, end, limit), BrokerUnavailable
        )
