"""One member of a consumer group, on aiokafka.

1. Revoke (aiokafka tells it before every rebalance, and it takes everything): no more records are fetched, the hand is
   settled, what is still uncommitted is committed. The broker waits for this as long as the rebalance timeout.
2. Assign: the stage is asked where to resume; a partition starts at its committed offset, or earlier. Only then is the
   hand opened and are records fetched.
3. Commit, per partition, after the effect. No answer: the offsets are kept and go with the next commit.
4. Thrown out by the broker again and again: somebody else uses this member's name. That is fatal, as is every error
   that aiokafka does not try again itself.

What is fetched is handed over in turns (`streams.turns`), so that one busy key does not hold up the others. aiokafka
empties a partition that has much before it looks at the next one, and asks the broker for nothing else while something
new lies unread: so what has come is always taken, a partition of which enough waits is paused, and one that has filled
a fetch comes last in the next.

A member does not leave while a batch is being tried again: aiokafka's own heartbeats keep the session, whatever the
stage does, and its second clock is set aside (`streams.kafka_timing.POLL_INTERVAL`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence, Set
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError

from streams.contract import Partition, Record, Stage
from streams.deadline import abandon, within
from streams.hand_over import HandOver
from streams.kafka_calls import ask, translated
from streams.kafka_clients import FETCH_BYTES, PARTITION_FETCH_BYTES, record_of, stop_quietly
from streams.kafka_commits import Commits
from streams.kafka_evictions import Evictions
from streams.kafka_security import PLAINTEXT, KafkaSecurity
from streams.kafka_timing import COMMIT, LOOK, POLL_INTERVAL, REBALANCE_TIMEOUT, REQUEST_TIMEOUT, SETTLE, heartbeat
from streams.log_ends import refuse_a_shorter_log, went_back
from streams.turns import Turns
from workers.errors import BrokerUnavailable

T = TypeVar("T")


class GroupMember(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Where a runner with a group gets its records. `count` is told each error that will pass."""

    def __init__(
        self,
        stage: Stage,
        group: str,
        hand: HandOver,
        *,
        bootstrap: str,
        session_timeout: float,
        instance: str | None,
        call_timeout: float,
        metadata_age: float,
        count: Callable[[BrokerUnavailable], None],
        security: KafkaSecurity = PLAINTEXT,
        new_consumer: Callable[..., Any] = AIOKafkaConsumer,
    ) -> None:
        self._stage = stage
        self._group = group
        self._hand = hand
        self._bootstrap = bootstrap
        self._security = security
        self._session_timeout = session_timeout
        self._instance = instance
        self._call_timeout = call_timeout
        self._metadata_age = metadata_age
        self._count = count
        self._new = new_consumer
        self._consumer: Any = None
        self._assigned: frozenset[TopicPartition] | None = None
        self._assignment = asyncio.Event()
        self._started = False
        self._fetching: asyncio.Future[Any] | None = None
        self._evictions = Evictions(stage.name)
        self._commits = Commits(self._send_commit, count, stage=stage.name, bootstrap=bootstrap)
        self._failure: Exception | None = None
        self._turns = Turns()
        self._filled: frozenset[TopicPartition] = frozenset()
        """Whose records filled the last fetch."""
        self._paused: frozenset[TopicPartition] = frozenset()
        self._next: dict[TopicPartition, int] = {}
        """The offset after the last one fetched, of this assignment."""

    async def open(self, partitions: Sequence[TopicPartition]) -> None:
        """Connects and asks to join. Raises `BrokerUnavailable` within the call timeout."""
        self._consumer = self._new_consumer()
        await self._ask(self._consumer.start(), "connecting")
        self._consumer.subscribe(list(self._stage.topics), listener=self)

    async def fetch(self, limit: int) -> list[Record]:
        """Up to `limit` records of what is assigned; [] when there are none within half a second, or the assignment
        changes. Raises `FatalRunnerError`."""
        if self._failure is not None:
            raise self._failure
        if self._assigned is None:
            await self._wait_for_assignment()
        elif not self._started:
            await self._start(self._assigned)
        else:
            records = await self._records(limit)
            if not records:
                await self._commits.flush(self._call_timeout)
            return records
        return []

    async def commit(self, batch: Sequence[Record]) -> None:
        """Step 3."""
        self._commits.add(batch)
        await self._commits.flush(self._call_timeout)

    async def lag(self) -> int | None:
        """Messages of the assigned partitions that the stage has not handled; None while that cannot be known."""
        assigned = self._assigned
        if assigned is None or not self._started:
            return None
        ends = await self._ask(self._consumer.end_offsets(list(assigned)), "reading the ends of its partitions")
        try:
            at = [await within(LOOK, self._consumer.position(partition)) for partition in ends]
        except (TimeoutError, IllegalStateError):  # no position yet, or the partitions have just been given up
            return None
        return int(sum(ends.values()) - sum(at) + self._hand.in_hand + self._turns.held)

    async def close(self, seconds: float) -> None:
        """Leaves the group, unless this member has a name of its own: then its place is kept for the session."""
        if self._consumer is not None:
            await stop_quietly(self._consumer, seconds)

    async def on_partitions_revoked(self, revoked: object) -> None:
        """Step 1. What goes wrong is raised by the next `fetch`: aiokafka would only log it."""
        try:
            if self._assigned is not None:
                self._evictions.note(self._consumer._coordinator.member_id)  # 4
            self._assigned, self._started = None, False
            self._assignment.clear()
            if self._fetching is not None:
                self._fetching.cancel()
            await self._hand.settle(SETTLE)
            self._turns.clear()
            self._next.clear()
            self._filled = self._paused = frozenset()
            await self._commits.flush(COMMIT)
            self._commits.forget()
        except Exception as error:
            self._failure = error

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Step 2; the rest is done by the next `fetch`, because no heartbeat is sent before this returns."""
        self._assigned = frozenset(assigned)
        self._evictions.assigned()
        self._assignment.set()

    def _new_consumer(self) -> Any:
        return self._new(
            bootstrap_servers=self._bootstrap,
            group_id=self._group,
            group_instance_id=self._instance and f"{self._group}-{self._instance}",
            # The same numbers of every topic go to the same member, so a user's mailbox stays together.
            partition_assignment_strategy=(RangePartitionAssignor,),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=int(self._session_timeout * 1000),
            heartbeat_interval_ms=int(heartbeat(self._session_timeout) * 1000),
            rebalance_timeout_ms=int(REBALANCE_TIMEOUT * 1000),
            request_timeout_ms=int(REQUEST_TIMEOUT * 1000),
            metadata_max_age_ms=int(self._metadata_age * 1000),
            max_poll_interval_ms=int(POLL_INTERVAL * 1000),
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
            **self._security.of_client(),
        )

    async def _wait_for_assignment(self) -> None:
        try:
            self._consumer._coordinator.check_errors()
            await within(LOOK, self._assignment.wait())
        except KafkaError as error:
            raise translated(error, f"joining the group {self._group}", self._bootstrap) from error
        except TimeoutError:
            return

    async def _start(self, assigned: frozenset[TopicPartition]) -> None:
        """Step 2."""
        resume = await self._hand.where_to_resume([Partition(at.topic, at.partition) for at in assigned])
        try:
            await refuse_a_shorter_log(self._stage.name, resume, self._ends, self._call_timeout)
            for source, offset in resume.items():
                at = TopicPartition(*source)
                committed = await self._ask(self._consumer.committed(at), "reading a committed offset")
                if self._assigned is assigned and at in assigned and offset < (committed or 0):
                    self._consumer.seek(at, offset)
        except BrokerUnavailable as error:
            self._count(error)
            return
        if self._assigned is assigned:
            self._started = True
            self._hand.open()

    async def _ends(self, sources: Collection[Partition]) -> dict[Partition, int]:
        asked = self._consumer.end_offsets([TopicPartition(*source) for source in sources])
        ends = await self._ask(asked, "reading the ends of its partitions")
        return {Partition(at.topic, at.partition): int(end) for at, end in ends.items()}

    async def _records(self, limit: int) -> list[Record]:
        """The next turn."""
        turn = self._hand.turn
        records = await self._fetched_fairly(limit)
        if turn != self._hand.turn:  # 1: what was fetched before belongs to nobody
            return []
        self._turns.add(records)
        return self._turns.take(limit)

    async def _fetched_fairly(self, limit: int) -> list[Record]:
        enough = self._pause_where_enough_waits(limit)
        last, self._filled = self._filled, frozenset()
        if not (self._turns.held or last):
            return await self._fetched(limit, None, LOOK)
        records = await self._fetched(limit, (self._assigned or frozenset()) - enough - last, 0.0)
        if len(records) < limit:
            records += await self._fetched(limit - len(records), last - enough, 0.0)
        return records

    def _pause_where_enough_waits(self, limit: int) -> frozenset[TopicPartition]:
        enough = frozenset(TopicPartition(*source) for source in self._turns.with_at_least(limit))
        if more := enough - self._paused:
            self._consumer.pause(*more)
        if less := self._paused - enough:
            self._consumer.resume(*less)
        self._paused = enough
        return enough

    async def _fetched(self, limit: int, partitions: Set[TopicPartition] | None, seconds: float) -> list[Record]:
        """Of these partitions, or of all; at most `limit`, and at once where `seconds` is 0."""
        if partitions is not None and not partitions:
            return []
        fetching = self._consumer.getmany(*(partitions or ()), timeout_ms=int(seconds * 1000), max_records=limit)
        self._fetching = task = asyncio.ensure_future(fetching)
        try:
            await asyncio.wait({task})
        finally:
            self._fetching = None
            abandon(task)
        if task.cancelled():  # 1
            return []
        if (error := task.exception()) is not None:
            return self._fetch_failed(error)
        records = [record_of(message) for page in task.result().values() for message in page]
        self._follow(task.result())
        if len(records) == limit:
            self._filled |= task.result().keys()
        return records

    def _follow(self, pages: Mapping[TopicPartition, Sequence[Any]]) -> None:
        """Raises `FatalRunnerError` where a partition goes on before what was fetched of it."""
        for at, page in pages.items():
            if page and page[0].offset < self._next.get(at, 0):
                raise went_back(self._stage.name, Partition(*at), self._next[at], page[0].offset)
            if page:
                self._next[at] = page[-1].offset + 1

    def _fetch_failed(self, error: BaseException) -> list[Record]:
        """Step 4."""
        if not isinstance(error, KafkaError):
            raise error
        problem = translated(error, "fetching", self._bootstrap)
        if not isinstance(problem, BrokerUnavailable):
            raise problem from error
        self._count(problem)
        return []

    async def _send_commit(self, offsets: dict[TopicPartition, int]) -> None:
        await self._consumer.commit(offsets)

    async def _ask(self, call: Awaitable[T], doing: str) -> T:
        return await ask(call, self._call_timeout, doing, self._bootstrap)
