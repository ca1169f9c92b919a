"""Reads whole topics from the start, without a group: what a role does that keeps a topic's content in memory.

1. Every partition is assigned to this reader, from its beginning.
2. A partition that is added later is noticed with the metadata and read, too; the others go on where they are.
3. Nothing is committed: the next start reads everything again.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.contract import Record
from streams.hand_over import HandOver
from streams.kafka_calls import ask, translated
from streams.kafka_clients import FETCH_BYTES, PARTITION_FETCH_BYTES, record_of, stop_quietly
from streams.kafka_security import PLAINTEXT, KafkaSecurity
from workers.errors import BrokerUnavailable

T = TypeVar("T")

_WAIT_MS = 500


class TopicReader:
    """Where a runner without a group gets its records. `count` is told each error that will pass."""

    def __init__(
        self,
        topics: Collection[str],
        hand: HandOver,
        *,
        bootstrap: str,
        call_timeout: float,
        metadata_age: float,
        count: Callable[[BrokerUnavailable], None],
        security: KafkaSecurity = PLAINTEXT,
    ) -> None:
        self._topics = topics
        self._hand = hand
        self._bootstrap = bootstrap
        self._security = security
        self._call_timeout = call_timeout
        self._metadata_age = metadata_age
        self._count = count
        self._consumer: Any = None
        self._following: dict[TopicPartition, int | None] = {}
        """Where each partition is read on; None: at its beginning."""

    async def open(self, partitions: Sequence[TopicPartition]) -> None:
        """Step 1. Raises `BrokerUnavailable` within the call timeout."""
        self._consumer = self._new_consumer()
        await self._ask(self._consumer.start(), "connecting")
        self._assign(partitions)
        self._hand.open()

    async def fetch(self, limit: int) -> list[Record]:
        """Up to `limit` records; [] when there are none within half a second."""
        self._notice_new_partitions()
        try:
            pages = await self._consumer.getmany(timeout_ms=_WAIT_MS, max_records=limit)
        except KafkaError as error:
            problem = translated(error, "fetching", self._bootstrap)
            if not isinstance(problem, BrokerUnavailable):
                raise problem from error
            self._count(problem)
            return []
        return [record_of(message) for page in pages.values() for message in page]

    async def commit(self, batch: Sequence[Record]) -> None:
        """Step 3: only remembers how far it is."""
        self._following |= {TopicPartition(one.topic, one.partition): one.offset + 1 for one in batch}

    async def lag(self) -> int | None:
        """Messages that the stage has not handled; None before the first connection."""
        if not self._following:
            return None
        partitions = list(self._following)
        doing = "reading the ends of its partitions"
        ends = await self._ask(self._consumer.end_offsets(partitions), doing)
        starts = await self._ask(self._consumer.beginning_offsets(partitions), doing)
        return sum(int(end) - max(self._following[at] or 0, int(starts[at])) for at, end in ends.items())

    async def close(self, seconds: float) -> None:
        if self._consumer is not None:
            await stop_quietly(self._consumer, seconds)

    def _new_consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            metadata_max_age_ms=int(self._metadata_age * 1000),
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
            **self._security.of_client(),
        )

    def _notice_new_partitions(self) -> None:
        """Step 2."""
        known = [TopicPartition(topic, number) for topic in self._topics for number in self._numbers(topic)]
        if not self._following.keys() >= set(known):
            self._assign(known)

    def _numbers(self, topic: str) -> Collection[int]:
        return self._consumer.partitions_for_topic(topic) or ()

    def _assign(self, partitions: Collection[TopicPartition]) -> None:
        self._following = {at: self._following.get(at) for at in {*partitions, *self._following}}
        self._consumer.assign(list(self._following))
        for at, offset in self._following.items():
            if offset is not None:
                self._consumer.seek(at, offset)

    async def _ask(self, call: Awaitable[T], doing: str) -> T:
        return await ask(call, self._call_timeout, doing, self._bootstrap)
