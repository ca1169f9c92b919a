"""What a role asks Kafka besides reading and sending: how far a group is behind, and what a topic holds."""

import heapq
from collections.abc import Collection, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.contract import Partition, Record
from streams.deadline import Deadline
from streams.kafka_calls import CALL_TIMEOUT, ask, ask_until
from streams.kafka_clients import admin_client, consumer_client, partitions_of, record_of
from streams.kafka_security import PLAINTEXT, KafkaSecurity

_PAGE = 500


class KafkaLog:
    """`streams.contract.Log` on Kafka. Every call makes its own connections (about 10 ms) and is under `timeout`."""

    def __init__(self, bootstrap: str, *, timeout: float = CALL_TIMEOUT, security: KafkaSecurity = PLAINTEXT) -> None:
        self._bootstrap = bootstrap
        self._security = security
        self._timeout = timeout

    async def lag(self, group: str, topics: Collection[str]) -> int:
        """Messages of the topics that the group has not committed (of a compacted topic: offsets). Raises
        `BrokerUnavailable`, and `ConfigurationError` where a topic is missing."""
        deadline = Deadline(self._timeout)
        partitions = await partitions_of(self._bootstrap, topics, deadline.remaining(), self._security)
        async with consumer_client(self._bootstrap, deadline.remaining(), self._security) as consumer:
            starts, ends = await self._bounds(consumer, partitions, deadline)
        committed = await self._committed(group, deadline)
        return behind(starts, ends, committed)

    async def read(self, topic: str, limit: int) -> list[Record]:
        """The `limit` newest messages that the topic holds now, oldest of them first. Raises as `lag` does."""
        deadline = Deadline(self._timeout)
        partitions = await partitions_of(self._bootstrap, [topic], deadline.remaining(), self._security)
        async with consumer_client(self._bootstrap, deadline.remaining(), self._security) as consumer:
            starts, ends = await self._bounds(consumer, partitions, deadline)
            consumer.assign(partitions)
            for at, end in ends.items():
                consumer.seek(at, max(starts[at], end - limit))
            return await ask(_newest(consumer, ends, limit), deadline.remaining(), "reading", self._bootstrap)

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        """Where the group goes on in the partitions of the topics; absent where it has committed nothing. Raises
        `BrokerUnavailable`."""
        found = await self._committed(group, Deadline(self._timeout))
        return {
            Partition(at.topic, at.partition): offset
            for at, offset in found.items()
            if at.topic in topics and offset >= 0
        }

    async def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        """The offset after the last message of each partition of the topics. Raises as `lag` does."""
        deadline = Deadline(self._timeout)
        partitions = await partitions_of(self._bootstrap, topics, deadline.remaining(), self._security)
        async with consumer_client(self._bootstrap, deadline.remaining(), self._security) as consumer:
            _, ends = await self._bounds(consumer, partitions, deadline)
        return {Partition(at.topic, at.partition): end for at, end in ends.items()}

    async def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        """The first `limit` messages of one partition whose offsets lie in [start, end). Raises as `lag` does."""
        deadline = Deadline(self._timeout)
        at = TopicPartition(*source)
        async with consumer_client(self._bootstrap, deadline.remaining(), self._security) as consumer:
            starts, ends = await self._bounds(consumer, [at], deadline)
            consumer.assign([at])
            consumer.seek(at, max(starts[at], start))
            reading = _until(consumer, at, min(end, ends[at]), limit)
            return await ask(reading, deadline.remaining(), "reading", self._bootstrap)

    async def close(self) -> None:
        """Nothing is held between calls."""

    async def _bounds(
        self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition], deadline: Deadline
    ) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        """The first offset of each partition, and the one after its last."""
        doing = "reading the ends of its partitions"
        starts = await ask_until(
            lambda: consumer.beginning_offsets(partitions), deadline.remaining(), doing, self._bootstrap
        )
        ends = await ask_until(lambda: consumer.end_offsets(partitions), deadline.remaining(), doing, self._bootstrap)
        return starts, ends

    async def _committed(self, group: str, deadline: Deadline) -> dict[TopicPartition, int]:
        async with admin_client(self._bootstrap, deadline.remaining(), self._security) as admin:
            # The first such call in a cluster's life makes the topic of offsets, and is refused until that is there.
            found = await ask_until(
                lambda: admin.list_consumer_group_offsets(group),
                deadline.remaining(),
                "reading the offsets of a group",
                self._bootstrap,
            )
        return {partition: offset.offset for partition, offset in found.items()}


def behind(
    starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], committed: Mapping[TopicPartition, int]
) -> int:
    """Messages between what is committed (from the first that is left) and the ends, which were read before it: a group
    that goes on meanwhile may have committed more than they say, and is behind by nothing then."""
    return sum(max(0, end - max(committed.get(at, 0), starts[at])) for at, end in ends.items())


async def _newest(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], limit: int) -> list[Record]:
    newest: list[Record] = []
    while [partition for partition, end in ends.items() if await consumer.position(partition) < end]:
        pages = await consumer.getmany(timeout_ms=200, max_records=_PAGE)
        read = [record_of(message) for page in pages.values() for message in page]
        newest = heapq.nlargest(limit, [*newest, *read], key=_age)
    return sorted(newest, key=_age)


async def _until(consumer: AIOKafkaConsumer, at: TopicPartition, end: int, limit: int) -> list[Record]:
    records: list[Record] = []
    while len(records) < limit and await consumer.position(at) < end:
        pages = await consumer.getmany(timeout_ms=200, max_records=_PAGE)
        read = [record_of(message) for page in pages.values() for message in page]
        records += [record for record in read if record.offset < end]
    return records[:limit]


def _age(record: Record) -> tuple[int, int, int]:
    return record.timestamp_ms, record.partition, record.offset
