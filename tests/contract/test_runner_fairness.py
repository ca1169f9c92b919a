"""One busy key, one slow partition: what runners on batches do so that the others are served."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from streams.contract import Outgoing, Record
from streams.partitioning import partition_of
from streams.turns import PER_KEY
from tests.contract.runner_cases import PARTITIONS, Bench, RecordingStage, eventually, open_bench, running
from tests.patience import AT_ONCE, LONG, PATIENCE

BATCH = 100
HOT = b"hot"
PEOPLE = [b"user-%d" % n for n in range(400)]
ELSEWHERE = next(key for key in PEOPLE if partition_of(key, PARTITIONS) != partition_of(HOT, PARTITIONS))
"""Somebody whose partition is another."""


@pytest.fixture(params=["embedded", pytest.param("aiokafka", marks=pytest.mark.kafka)])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """Faust hands over one event at a time, as its broker gives them: there is nothing to choose from."""
    async with open_bench(request.param, tmp_path) as opened:
        yield opened


def mail(topic: str, key: bytes, count: int) -> list[Outgoing]:
    return [Outgoing(topic, key, b"%s %d" % (key, n)) for n in range(count)]


async def test_a_busy_key_takes_no_more_than_its_share_of_a_batch_and_all_of_it_is_handled(bench: Bench) -> None:
    topic = bench.topics[0]
    await bench.send([*mail(topic, HOT, 200), *mail(topic, ELSEWHERE, 10)])
    stage = RecordingStage(bench.topics)
    async with running(bench.runner(stage, batch_size=BATCH)) as run:
        await eventually(lambda: stage.has(210), run)
        assert max(Counter(one.key for one in batch)[HOT] for batch in stage.batches) == PER_KEY
        assert stage.by_key()[HOT] == [message.value for message in mail(topic, HOT, 200)]
        assert stage.by_key()[ELSEWHERE] == [message.value for message in mail(topic, ELSEWHERE, 10)]
    assert await bench.committed(stage) == 210


async def test_who_shares_a_partition_with_a_busy_key_does_not_overtake_it(bench: Bench) -> None:
    """Or what is committed would pass over what is not handled yet."""
    topic = bench.topics[0]
    beside = next(
        key for key in PEOPLE if key != HOT and partition_of(key, PARTITIONS) == partition_of(HOT, PARTITIONS)
    )
    for _ in range(3):
        await bench.send([*mail(topic, HOT, 30), *mail(topic, beside, 2)])
    stage = RecordingStage(bench.topics)
    async with running(bench.runner(stage, batch_size=BATCH)) as run:
        await eventually(lambda: stage.has(96), run)
    assert [one.offset for one in stage.records] == list(range(96))
    assert await bench.committed(stage) == 96


async def test_who_comes_while_a_busy_key_is_worked_off_waits_for_two_of_its_turns_at_most(bench: Bench) -> None:
    topic = bench.topics[0]
    await bench.send(mail(topic, HOT, 1_000))
    sent_at: list[int] = []

    async def work(batch: Sequence[Record]) -> None:
        """Of a second, once it is sent, so that what is sent meanwhile has come by the next turn."""
        hot = sum(one.key == HOT for one in [*stage.records, *batch])
        if hot >= 10 * PER_KEY and not sent_at:
            sent_at.append(hot)
            await bench.send(mail(topic, ELSEWHERE, 1))
        arrived = any(one.key == ELSEWHERE for one in [*stage.records, *batch])
        await asyncio.sleep(1.0 if sent_at and not arrived else 0.0)

    stage = RecordingStage(bench.topics, on_handle=work)
    async with running(bench.runner(stage, batch_size=BATCH)) as run:
        await eventually(lambda: any(one.key == ELSEWHERE for one in stage.records), run)
        at = next(n for n, one in enumerate(stage.records) if one.key == ELSEWHERE)
        assert at - sent_at[0] <= 3 * PER_KEY, "its own turn, one that had begun, and one while it was fetched"


async def test_a_partition_of_which_much_waits_does_not_keep_the_others_out(bench: Bench) -> None:
    """Of many keys, so that it fills every batch by itself."""
    topic = bench.topics[0]
    busy = [key for key in PEOPLE if partition_of(key, PARTITIONS) == partition_of(HOT, PARTITIONS)]
    await bench.send([Outgoing(topic, key, b"%d" % n) for n in range(20) for key in busy])
    await bench.send(mail(topic, ELSEWHERE, 1))
    stage = RecordingStage(bench.topics)
    async with running(bench.runner(stage, batch_size=BATCH)) as run:
        await eventually(lambda: any(one.key == ELSEWHERE for one in stage.records), run)
        before = next(n for n, batch in enumerate(stage.batches) if any(one.key == ELSEWHERE for one in batch))
        assert before <= 2


async def test_a_stage_that_hangs_does_not_stop_the_others_of_its_process(bench: Bench) -> None:
    topic = bench.topics[0]
    hanging = asyncio.Event()

    async def hang(batch: Sequence[Record]) -> None:
        hanging.set()
        await asyncio.sleep(LONG)

    slow, quick = RecordingStage(bench.topics, "slow", on_handle=hang), RecordingStage(bench.topics, "quick")
    await bench.send(mail(topic, HOT, 10))
    async with running(bench.runner(quick)) as run:
        stuck = bench.runner(slow, stop_timeout=1.0)
        running_slow = asyncio.create_task(stuck.run())
        await asyncio.wait_for(hanging.wait(), 2 * PATIENCE)
        await bench.send(mail(topic, ELSEWHERE, 10))
        await eventually(lambda: quick.has(20), run)
        await stuck.stop()
        await asyncio.wait({running_slow}, timeout=AT_ONCE)
    assert slow.records == []
