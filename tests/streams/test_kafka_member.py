"""A group member through a rebalance, on a consumer that does what the test says."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, KafkaError

from streams.hand_over import HandOver
from streams.kafka_member import GroupMember
from streams.metrics import Metrics
from tests.contract.runner_cases import RecordingStage
from tests.virtual_time import in_virtual_time
from workers.errors import BrokerUnavailable, FatalRunnerError

LETTERS = TopicPartition("letters", 0)


class FakeConsumer:
    """Answers `getmany` from `pages`, and takes commits unless `commit_error` is set."""

    def __init__(self) -> None:
        self.pages: asyncio.Queue[Any] = asyncio.Queue()
        self.offset = 0
        self.end = 9
        self.commits: list[dict[TopicPartition, int]] = []
        self.commit_error: Exception | None = None
        self.group_error: Exception | None = None
        self.seeks: list[tuple[TopicPartition, int]] = []
        self.listener: Any = None
        self._coordinator = SimpleNamespace(member_id="a-member", check_errors=self._check_errors)

    async def start(self) -> None: ...

    def subscribe(self, topics: Sequence[str], listener: object) -> None:
        self.listener = listener

    async def getmany(self, timeout_ms: int, max_records: int) -> Any:
        answer = await self.pages.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        if self.commit_error is not None:
            raise self.commit_error
        self.commits.append(offsets)

    async def committed(self, partition: TopicPartition) -> int | None:
        return 9

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self.end)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.seeks.append((partition, offset))

    def send(self, count: int) -> None:
        """The next page, of that many messages."""
        offsets = range(self.offset, self.offset + count)
        self.offset += count
        page = [
            SimpleNamespace(topic="letters", partition=0, offset=offset, key=b"k", value=b"v", timestamp=0)
            for offset in offsets
        ]
        self.pages.put_nowait({LETTERS: page} if page else {})

    def _check_errors(self) -> None:
        if self.group_error is not None:
            raise self.group_error


class Case:
    def __init__(self, stage: RecordingStage | None = None, call_timeout: float = 1.0) -> None:
        self.consumer = FakeConsumer()
        self.stage = stage or RecordingStage(("letters",))
        self.hand = HandOver(self.stage, Metrics())
        self.counted: list[BrokerUnavailable] = []
        self.member = GroupMember(
            self.stage,
            "readers",
            self.hand,
            bootstrap="kafka:9092",
            session_timeout=15.0,
            instance=None,
            call_timeout=call_timeout,
            metadata_age=30.0,
            count=self.counted.append,
            new_consumer=lambda **_: self.consumer,
        )

    async def assign(self) -> None:
        """Joins, and is given its partition."""
        await self.member.open([LETTERS])
        await self.consumer.listener.on_partitions_assigned([LETTERS])
        assert await self.member.fetch(10) == [], "this fetch only asks where to resume"

    async def handle_one_page(self, count: int) -> None:
        self.consumer.send(count)
        turn = self.hand.turn
        await self.hand.deliver(await self.member.fetch(10), turn, self.member.commit)


@in_virtual_time
async def test_what_was_handled_is_committed() -> None:
    case = Case()
    await case.assign()
    await case.handle_one_page(3)
    assert case.consumer.commits == [{LETTERS: 3}]


@in_virtual_time
async def test_a_fetch_that_waits_ends_with_the_assignment() -> None:
    """Otherwise it would bring messages of the next assignment, which nobody handles in their place."""
    case = Case()
    await case.assign()
    turn = case.hand.turn
    fetching = asyncio.create_task(case.member.fetch(10))
    await asyncio.sleep(0.01)
    await case.consumer.listener.on_partitions_revoked([LETTERS])
    assert await asyncio.wait_for(fetching, 1) == []
    case.consumer.send(3)
    await case.consumer.listener.on_partitions_assigned([LETTERS])
    await asyncio.sleep(0.01)
    assert case.consumer.pages.qsize() == 1, "nothing was taken before the stage was asked where to resume"
    assert case.hand.turn != turn


@in_virtual_time
async def test_what_the_broker_did_not_take_is_committed_while_there_is_nothing_to_do() -> None:
    case = Case()
    await case.assign()
    case.consumer.commit_error = KafkaConnectionError()
    await case.handle_one_page(3)
    case.consumer.commit_error = None
    case.consumer.send(0)
    assert await case.member.fetch(10) == []
    assert case.consumer.commits == [{LETTERS: 3}]
    assert len(case.counted) == 1


@in_virtual_time
async def test_what_the_broker_did_not_take_is_committed_before_the_partition_is_given_up() -> None:
    case = Case()
    await case.assign()
    case.consumer.commit_error = KafkaConnectionError()
    await case.handle_one_page(3)
    case.consumer.commit_error = None
    await case.consumer.listener.on_partitions_revoked([LETTERS])
    assert case.consumer.commits == [{LETTERS: 3}]


@in_virtual_time
async def test_what_could_not_be_committed_before_it_was_given_up_is_not_committed_later() -> None:
    """Another member may have gone further by then."""
    case = Case()
    await case.assign()
    case.consumer.commit_error = KafkaConnectionError()
    await case.handle_one_page(3)
    await case.consumer.listener.on_partitions_revoked([LETTERS])
    case.consumer.commit_error = None
    await case.consumer.listener.on_partitions_assigned([LETTERS])
    await case.member.fetch(10)
    case.consumer.send(0)
    await case.member.fetch(10)
    assert case.consumer.commits == []


@in_virtual_time
async def test_after_each_assignment_the_stage_is_asked_and_only_then_anything_is_handed_over() -> None:
    case = Case(RecordingStage(("letters",), on_resume=lambda assigned: dict.fromkeys(assigned, 4)))
    for times in (1, 2):
        if times == 1:
            await case.assign()
        else:
            await case.consumer.listener.on_partitions_revoked([LETTERS])
            assert not await case.hand.deliver([], case.hand.turn, case.member.commit)
            await case.consumer.listener.on_partitions_assigned([LETTERS])
            await case.member.fetch(10)
        assert len(case.stage.resumed) == times
        assert case.consumer.seeks == [(LETTERS, 4)] * times


@pytest.mark.parametrize("error", [GroupAuthorizationFailedError("readers"), KafkaError("Unexpected error")])
@in_virtual_time
async def test_an_error_of_the_group_before_the_assignment_is_fatal(error: Exception) -> None:
    case = Case()
    await case.member.open([LETTERS])
    case.consumer.group_error = error
    with pytest.raises(FatalRunnerError, match="joining the group readers"):
        await case.member.fetch(10)


@in_virtual_time
async def test_an_error_while_fetching_is_fatal_unless_it_passes() -> None:
    case = Case()
    await case.assign()
    case.consumer.pages.put_nowait(KafkaConnectionError())
    assert await case.member.fetch(10) == []
    assert len(case.counted) == 1
    case.consumer.pages.put_nowait(GroupAuthorizationFailedError("readers"))
    with pytest.raises(FatalRunnerError):
        await case.member.fetch(10)


@in_virtual_time
async def test_an_error_in_a_rebalance_is_raised_by_the_next_fetch() -> None:
    """aiokafka only logs what its listener raises."""
    case = Case()
    await case.assign()
    await case.handle_one_page(0)
    case.consumer.commit_error = KafkaConnectionError()
    await case.handle_one_page(1)
    case.consumer.commit_error = GroupAuthorizationFailedError("readers")
    await case.consumer.listener.on_partitions_revoked([LETTERS])
    with pytest.raises(FatalRunnerError, match="committing"):
        await case.member.fetch(10)


@in_virtual_time
async def test_a_stage_that_has_read_further_than_the_log_goes_is_not_fed() -> None:
    """The topic was made anew: what it holds would be taken for what was applied of the former one."""
    case = Case(RecordingStage(("letters",), on_resume=lambda assigned: dict.fromkeys(assigned, 10)), call_timeout=0.1)
    with pytest.raises(FatalRunnerError, match=r"letters/0 up to offset 10, .* at 9: .* begin on an empty store"):
        await case.assign()
    case = Case(RecordingStage(("letters",), on_resume=lambda assigned: dict.fromkeys(assigned, 9)))
    await case.assign()


@in_virtual_time
async def test_an_end_that_a_new_leader_does_not_know_yet_is_asked_for_again() -> None:
    case = Case(RecordingStage(("letters",), on_resume=lambda assigned: dict.fromkeys(assigned, 10)), call_timeout=5.0)
    asyncio.get_running_loop().call_later(0.2, setattr, case.consumer, "end", 10)
    await case.assign()


@in_virtual_time
async def test_a_partition_that_goes_on_before_what_was_read_of_it_ends_the_runner() -> None:
    case = Case()
    await case.assign()
    await case.handle_one_page(5)
    case.consumer.offset = 3
    case.consumer.send(1)
    with pytest.raises(FatalRunnerError, match="up to offset 5, and now it goes on at 3"):
        await case.member.fetch(10)


@in_virtual_time
async def test_after_a_rebalance_it_may_go_on_earlier() -> None:
    case = Case()
    await case.assign()
    await case.handle_one_page(5)
    await case.consumer.listener.on_partitions_revoked([LETTERS])
    await case.consumer.listener.on_partitions_assigned([LETTERS])
    await case.member.fetch(10)
    case.consumer.offset = 3
    case.consumer.send(1)
    assert [one.offset for one in await case.member.fetch(10)] == [3]
