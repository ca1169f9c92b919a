"""Runners that share a group on a real Kafka: who gets what, and what happens when that changes."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from streams.contract import Outgoing, Record
from tests.contract.runner_cases import (
    KAFKA_KINDS,
    PARTITIONS,
    KafkaBench,
    RecordingStage,
    eventually,
    kafka_bench,
    mail,
    running,
    shared_broker,
)
from tests.patience import PATIENCE
from workers.errors import FatalRunnerError, StoreUnavailable

pytestmark = pytest.mark.kafka


@pytest.fixture(params=KAFKA_KINDS)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[KafkaBench]:
    async with kafka_bench(KAFKA_KINDS[request.param], shared_broker()) as opened:
        yield opened


def numbers(stage: RecordingStage, topic: str) -> set[int]:
    """The partitions of the topic that the stage holds."""
    return {at.number for at in stage.resumed[-1] if at.topic == topic} if stage.resumed else set()


def share(bench: KafkaBench, *stages: RecordingStage, partitions: int = PARTITIONS) -> bool:
    """Whether each stage holds its part, and together they hold every partition once."""
    parts = [numbers(stage, bench.topics[0]) for stage in stages]
    return all(parts) and sorted(n for part in parts for n in part) == list(range(partitions))


async def test_two_members_share_the_partitions_and_a_mailbox_stays_together(bench: KafkaBench) -> None:
    """Three partitions of two topics: dealt out in turns, they would not stay together."""
    async with kafka_bench(bench.kind, shared_broker(), partitions=3) as odd:
        one, two = RecordingStage(odd.topics), RecordingStage(odd.topics)
        async with running(odd.runner(one)) as first, running(odd.runner(two)) as second:
            await eventually(lambda: share(odd, one, two, partitions=3), first, second)
            for stage in (one, two):
                assert numbers(stage, odd.topics[0]) == numbers(stage, odd.topics[1])
            await odd.send(mail(odd.topics[0], 100) + mail(odd.topics[1], 100))
            await eventually(lambda: len(one.records) + len(two.records) == 200, first, second)
        assert not one.by_key().keys() & two.by_key().keys(), "both topics of a user went to one member"


async def test_members_come_and_go_in_order_and_nothing_is_lost_or_handled_twice(bench: KafkaBench) -> None:
    """An orderly rebalance: the batch in hand is committed before the partitions change hands."""
    everything: list[Record] = []

    async def keep(batch: Sequence[Record]) -> None:
        await asyncio.sleep(0.01)
        everything.extend(batch)

    stages = [RecordingStage(bench.topics[:1], on_handle=keep) for _ in range(2)]
    sent: list[Outgoing] = []
    enough = asyncio.Event()

    async def send() -> None:
        while not enough.is_set():
            messages = mail(bench.topics[0], 14, start=len(sent))
            sent.extend(messages)
            await bench.send(messages)
            await asyncio.sleep(0.03)

    sending = asyncio.create_task(send())
    async with running(bench.runner(stages[0])) as first:
        await eventually(lambda: len(stages[0].records) > 50, first)
        async with running(bench.runner(stages[1])) as second:
            await eventually(lambda: len(stages[1].records) > 50, first, second)
        before = len(stages[0].records)
        await eventually(lambda: len(stages[0].records) > before + 50, first)
        enough.set()
        await sending
        await eventually(lambda: len(everything) >= len(sent), first)
    assert len(everything) == len(sent)
    for user in range(7):
        key = b"user-%d" % user
        got = [record.value for record in everything if record.key == key]
        assert got == [message.value for message in sent if message.key == key]


async def test_a_member_with_nothing_to_do_loses_nothing_in_a_rebalance(bench: KafkaBench) -> None:
    """It waits for messages all the while, and they come at any moment."""
    one, two = RecordingStage(bench.topics[:1]), RecordingStage(bench.topics[:1])
    sent: list[Outgoing] = []
    enough = asyncio.Event()

    async def send() -> None:
        while not enough.is_set():
            sent.extend(mail(bench.topics[0], 1, start=len(sent)))
            await bench.send(sent[-1:])
            await asyncio.sleep(0.005)

    sending = asyncio.create_task(send())
    async with running(bench.runner(one)) as first:
        await eventually(lambda: one.records, first)
        for _ in range(3):
            before = len(two.records)
            async with running(bench.runner(two)) as second:
                await eventually(partial(two.has_more_than, before), first, second)
        enough.set()
        await sending
        await eventually(lambda: len(one.records) + len(two.records) >= len(sent), first)
    got = sorted(int(value or b"") for value in one.values() + two.values())
    assert got == list(range(len(sent)))


async def test_a_group_whose_members_share_out_otherwise_refuses_it_and_it_ends(bench: KafkaBench) -> None:
    """Faust itself would stay alive and consume nothing."""
    stage = RecordingStage(bench.topics)
    foreign = AIOKafkaConsumer(
        *bench.topics,
        bootstrap_servers=bench.bootstrap,
        group_id=stage.group,
        partition_assignment_strategy=(RoundRobinPartitionAssignor,),
    )
    await foreign.start()
    try:
        with pytest.raises(FatalRunnerError, match="InconsistentGroupProtocolError"):
            await asyncio.wait_for(bench.runner(stage).run(), 2 * PATIENCE)
    finally:
        await foreign.stop()


async def test_a_batch_in_hand_ends_before_its_partition_changes_hands(bench: KafkaBench) -> None:
    begun = asyncio.Event()

    async def slow(batch: Sequence[Record]) -> None:
        begun.set()
        await asyncio.sleep(1.5)

    one, two = RecordingStage(bench.topics[:1], on_handle=slow), RecordingStage(bench.topics[:1])
    await bench.send(mail(bench.topics[0], 8))
    async with running(bench.runner(one)) as first:
        await asyncio.wait_for(begun.wait(), 2 * PATIENCE)
        async with running(bench.runner(two)) as second:
            await eventually(lambda: len(one.records) + len(two.records) >= 8, first, second)
    assert sorted(int(value or b"") for value in one.values() + two.values()) == list(range(8))


async def test_a_member_whose_store_is_away_gives_up_its_partitions_when_asked(bench: KafkaBench) -> None:
    async def away(batch: Sequence[Record]) -> None:
        raise StoreUnavailable("away")

    one, two = RecordingStage(bench.topics[:1], on_handle=away), RecordingStage(bench.topics[:1])
    await bench.send(mail(bench.topics[0], 500))  # more than a runner holds
    async with running(bench.runner(one)) as first:
        await eventually(lambda: one.resumed, first)
        await asyncio.sleep(0.5)
        async with running(bench.runner(two)) as second:
            await eventually(lambda: share(bench, one, two) and two.records, first, second)


async def test_a_member_whose_store_is_away_for_long_keeps_its_place(bench: KafkaBench) -> None:
    back = time.monotonic() + 7.0

    async def away(batch: Sequence[Record]) -> None:
        if time.monotonic() < back:
            raise StoreUnavailable("away")

    stage = RecordingStage(bench.topics, on_handle=away)
    await bench.send(mail(bench.topics[0], 500))  # more than a runner holds
    async with running(bench.runner(stage, session_timeout=3.0)) as run:
        await eventually(lambda: len(stage.records) == 500, run)
        assert len(stage.resumed) == 1, "it was never thrown out"


async def test_a_member_of_a_name_that_comes_back_in_time_disturbs_nobody(bench: KafkaBench) -> None:
    one, two, again = (RecordingStage(bench.topics) for _ in range(3))
    async with running(bench.runner(one, instance="0", session_timeout=10.0)) as first:
        async with running(bench.runner(two, instance="1", session_timeout=10.0)) as second:
            await eventually(lambda: share(bench, one, two), first, second)
        times, held = len(one.resumed), two.resumed[-1]
        async with running(bench.runner(again, instance="1", session_timeout=10.0)) as third:
            await eventually(lambda: again.resumed, first, third)
        assert again.resumed[-1] == held
        assert len(one.resumed) == times


async def test_two_members_of_one_name_do_not_throw_each_other_out_for_ever(bench: KafkaBench) -> None:
    stages = [RecordingStage(bench.topics) for _ in range(2)]
    runners = [bench.runner(stage, instance="same", session_timeout=1.0) for stage in stages]
    tasks = [asyncio.create_task(runners[0].run())]
    await eventually(lambda: stages[0].resumed, *tasks)
    tasks.append(asyncio.create_task(runners[1].run()))
    done, _ = await asyncio.wait(tasks, timeout=2 * PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    for runner in runners:
        await runner.stop()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert done
    assert any(isinstance(result, FatalRunnerError) for result in results), results
    assert any("ATTUNE_INSTANCE of its own" in str(result) for result in results), "the cure"
