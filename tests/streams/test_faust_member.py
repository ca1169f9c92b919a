"""What follows from what Faust tells: events, revokes, assignments."""

import asyncio
from dataclasses import dataclass

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError
from faust.types import TP

from streams.contract import Partition
from streams.faust_member import FaustMember
from streams.hand_over import HandOver
from streams.intake import Intake
from streams.kafka_commits import Commits
from streams.kafka_evictions import LIMIT, Evictions
from streams.metrics import Metrics
from tests.contract.runner_cases import RecordingStage
from tests.virtual_time import in_virtual_time
from workers.errors import BrokerUnavailable, FatalRunnerError, StoreUnavailable

TP0, SOURCE = TP("letters", 0), Partition("letters", 0)


@dataclass
class Message:
    """As Faust has it."""

    offset: int
    generation_id: int = 1
    topic: str = "letters"
    partition: int = 0
    key: bytes | None = b"key"
    value: bytes | None = b"value"
    timestamp: float = 1_700_000_000.123


class Case:
    def __init__(self, *, grouped: bool = True) -> None:
        self.stage = RecordingStage(("letters",), on_resume=self._resume)
        self.resume_offset: int | None = None
        self.store_away = False
        self.end = 100
        self.generation = 1
        self.member_id = "a-member"
        self.committed: list[dict[TopicPartition, int]] = []
        self.commit_error: Exception | None = None
        self.counted: list[BrokerUnavailable] = []
        self.hand = HandOver(self.stage, Metrics())
        self.intake = Intake(3)
        self.commits = Commits(self._commit, self.counted.append, stage="agents", bootstrap="kafka:9092")
        self.member = FaustMember(
            self.hand,
            self.intake,
            self.commits,
            Evictions("agents"),
            grouped=grouped,
            generation=lambda: self.generation,
            member_id=lambda: self.member_id,
            stage="agents",
            ends=self._ends,
            patience=0.0,
        )

    async def _ends(self, partitions: object) -> dict[Partition, int]:
        return {SOURCE: self.end}

    def _resume(self, assigned: object) -> dict[Partition, int]:
        if self.store_away:
            raise StoreUnavailable("away")
        return {} if self.resume_offset is None else {SOURCE: self.resume_offset}

    async def _commit(self, offsets: dict[TopicPartition, int]) -> None:
        if self.commit_error is not None:
            raise self.commit_error
        self.committed.append(offsets)

    async def assign(self, committed: int | None = None) -> dict[TP, int]:
        """In the order in which Faust calls: where it starts instead of the committed offset."""
        await self.member.assigned({TP0})
        starts = dict(self.member.starts({TP0: committed}))
        self.member.started()
        return starts

    async def handle(self, *offsets: int) -> None:
        for offset in offsets:
            await self.member.message(Message(offset, self.generation))
        batch = await self.intake.take()
        await self.hand.deliver(batch, self.hand.turn, lambda done: self.member.commit(done, 1.0))


async def test_an_event_is_what_was_sent() -> None:
    case = Case()
    await case.assign()
    await case.member.message(Message(7, value=None))
    (record,) = await case.intake.take()
    assert (record.source, record.offset, record.key, record.value) == (SOURCE, 7, b"key", None)
    assert record.timestamp_ms == 1_700_000_000_123


async def test_events_of_an_earlier_assignment_are_dropped() -> None:
    """One of them would count as seen, and those before it, which come now, as repeats."""
    case = Case()
    await case.assign()
    await case.member.revoked()
    case.generation = 2
    await case.assign()
    await case.member.message(Message(9, generation_id=1))
    await case.handle(5, 6)
    assert [record.offset for record in case.stage.records] == [5, 6]


async def test_between_revoke_and_assign_nothing_is_taken() -> None:
    case = Case()
    await case.assign()
    await case.member.revoked()
    await case.member.message(Message(5))
    await case.assign()
    await case.handle(6)
    assert [record.offset for record in case.stage.records] == [6]


async def test_handled_is_committed_and_what_was_not_taken_goes_before_the_partition_does() -> None:
    case = Case()
    await case.assign()
    case.commit_error = KafkaConnectionError()
    await case.handle(0, 1)
    assert len(case.counted) == 1
    case.commit_error = None
    await case.member.revoked()
    assert case.committed == [{TopicPartition("letters", 0): 2}]


class TestStarts:
    async def test_at_the_committed_offset(self) -> None:
        assert await Case().assign(committed=9) == {}

    async def test_earlier_where_the_stage_says_so(self) -> None:
        case = Case()
        case.resume_offset = 4
        assert await case.assign(committed=9) == {TP0: 4}
        assert case.member.handled == {SOURCE: 4}

    async def test_not_later(self) -> None:
        case = Case()
        case.resume_offset = 12
        assert await case.assign(committed=9) == {}
        assert await case.assign(committed=None) == {}
        assert case.member.handled == {SOURCE: None}

    async def test_without_a_group_where_it_is(self) -> None:
        case = Case(grouped=False)
        assert await case.assign() == {}
        await case.handle(0, 1, 2)
        await case.member.revoked()
        assert await case.assign() == {TP0: 3}
        assert case.committed == []


@in_virtual_time
async def test_a_revoke_ends_the_wait_for_the_stage_to_say_where_to_resume() -> None:
    case = Case()
    case.store_away = True
    assigning = asyncio.create_task(case.member.assigned({TP0}))
    await asyncio.sleep(0.05)
    await case.member.revoked()
    await asyncio.wait_for(assigning, 2)
    case.member.started()  # Faust goes on with the assignment that is over
    await case.member.message(Message(0))
    case.store_away = False
    await case.assign()
    await case.handle(1)
    assert [record.offset for record in case.stage.records] == [1]


async def test_an_error_of_the_stage_there_is_a_failure() -> None:
    case = Case()
    case.resume_offset = None
    case.stage._on_resume = lambda _: 1 / 0  # type: ignore[assignment, return-value]
    await case.member.assigned({TP0})
    assert isinstance(case.member.failure, ZeroDivisionError)
    assert case.member.failed.is_set()


async def test_an_error_of_a_revoke_is_a_failure() -> None:
    case = Case()
    await case.assign()
    case.commit_error = KafkaConnectionError()
    await case.handle(0)
    case.commit_error = GroupAuthorizationFailedError("readers")
    await case.member.revoked()
    assert isinstance(case.member.failure, FatalRunnerError)


@pytest.mark.parametrize(("member_id", "fatal"), [("", True), ("a-member", False)])
async def test_to_be_thrown_out_again_and_again_is_a_failure(member_id: str, fatal: bool) -> None:
    case = Case()
    case.member_id = member_id
    for _ in range(LIMIT):
        await case.assign()
        await case.member.revoked()
    assert (case.member.failure is not None) == fatal


async def test_a_stage_that_has_read_further_than_the_log_goes_is_a_failure() -> None:
    case = Case()
    case.resume_offset, case.end = 10, 9
    await case.assign(9)
    assert isinstance(case.member.failure, FatalRunnerError)
    assert "begin on an empty store" in str(case.member.failure)
