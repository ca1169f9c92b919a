"""What every runner must do (`streams.contract`), on the embedded log, on aiokafka and on Faust."""

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from streams.contract import Outgoing, Partition, Record
from streams.metrics import Metrics
from streams.partitioning import partition_of
from tests.contract.runner_cases import (
    BATCH,
    KINDS,
    PARTITIONS,
    Bench,
    EmbeddedBench,
    RecordingStage,
    eventually,
    mail,
    open_bench,
    running,
)
from tests.patience import PATIENCE
from workers.errors import BrokerUnavailable, FatalRunnerError, Overloaded, StoreUnavailable


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(request.param, tmp_path) as opened:
        yield opened


class TestDelivery:
    async def test_every_record_arrives_once_in_order_per_key_in_bounded_batches(self, bench: Bench) -> None:
        letters, parcels = bench.topics
        sent = [message for pair in zip(mail(letters, 150), mail(parcels, 150), strict=True) for message in pair]
        await bench.send(sent[:100])
        stage = RecordingStage(bench.topics)
        async with running(bench.runner(stage)) as run:
            await bench.send(sent[100:])
            await eventually(lambda: len(stage.records) >= 300, run)
        assert len(stage.records) == 300
        for topic in bench.topics:
            for user in range(7):
                got = [r.value for r in stage.records if r.topic == topic and r.key == b"user-%d" % user]
                assert got == [m.value for m in mail(topic, 150) if m.key == b"user-%d" % user]
        assert max(map(len, stage.batches)) <= BATCH
        for source in {record.source for record in stage.records}:
            offsets = [record.offset for record in stage.records if record.source == source]
            assert offsets == list(range(len(offsets)))

    async def test_a_record_is_what_was_sent_with_the_time_when_the_log_took_it(self, bench: Bench) -> None:
        before = int(time.time() * 1000)
        await bench.send(
            [Outgoing(bench.topics[0], b"\x00key", b"\xff\x00value"), Outgoing(bench.topics[0], b"key", None)]
        )
        stage = RecordingStage(bench.topics)
        async with running(bench.runner(stage)) as run:
            await eventually(lambda: len(stage.records) == 2, run)
        found = {record.key: record for record in stage.records}
        assert found[b"\x00key"].value == b"\xff\x00value"
        assert found[b"key"].value is None, "a tombstone arrives, too"
        for record in stage.records:
            assert before - 1000 <= record.timestamp_ms <= int(time.time() * 1000) + 1000

    async def test_the_stages_pace_is_the_pace(self, bench: Bench) -> None:
        """30 MB wait; of those a runner with a blocked stage may hold a bounded part."""
        value = bytes(10_000)
        for _ in range(30):
            await bench.send([Outgoing(bench.topics[0], b"user-%d" % i, value) for i in range(100)])
        blocked = asyncio.Event()
        stage = RecordingStage(bench.topics, on_handle=lambda _: _wait(blocked))
        tracemalloc.start()
        try:
            async with running(bench.runner(stage)) as run:
                await asyncio.sleep(2.0)
                held, _ = tracemalloc.get_traced_memory()
                blocked.set()
                assert not run.done()
        finally:
            tracemalloc.stop()
        assert held < 15_000_000, "the log's fetches are not bounded"


class TestOffsets:
    async def test_a_stopped_runner_has_committed_and_the_next_one_goes_on_there(self, bench: Bench) -> None:
        await bench.send(mail(bench.topics[0], 50))
        first = RecordingStage(bench.topics)
        async with running(bench.runner(first)) as run:
            await eventually(lambda: len(first.records) == 50, run)
        assert await bench.committed(first) == 50
        await bench.send(mail(bench.topics[0], 50, start=50))
        second = RecordingStage(bench.topics)
        async with running(bench.runner(second)) as run:
            await eventually(lambda: len(second.records) == 50, run)
        assert {int(value or b"") for value in second.values()} == set(range(50, 100))

    async def test_groups_do_not_know_of_each_other(self, bench: Bench) -> None:
        await bench.send(mail(bench.topics[0], 20))
        stages = [RecordingStage(bench.topics, group) for group in ("readers", "writers")]
        for stage in stages:
            async with running(bench.runner(stage)) as run:
                await eventually(partial(stage.has, 20), run)

    async def test_without_a_group_everything_is_read_from_the_start_each_time(self, bench: Bench) -> None:
        await bench.send(mail(bench.topics[0], 30))
        for _ in range(2):
            stage = RecordingStage(bench.topics, group=None)
            async with running(bench.runner(stage)) as run:
                await eventually(partial(stage.has, 30), run)

    async def test_the_stage_may_rewind_what_the_broker_has_committed(self, bench: Bench) -> None:
        """After a loss in the store its high-water mark lies behind the committed offset."""
        sent = [Outgoing(bench.topics[0], b"user", b"%d" % i) for i in range(20)]
        await bench.send(sent)
        first = RecordingStage(bench.topics)
        async with running(bench.runner(first)) as run:
            await eventually(lambda: len(first.records) == 20, run)
        source = first.records[0].source
        rewound = RecordingStage(bench.topics, on_resume=lambda _: {source: 5})
        async with running(bench.runner(rewound)) as run:
            await eventually(lambda: len(rewound.records) == 15, run)
        assert rewound.values() == [b"%d" % i for i in range(5, 20)]
        assert source in rewound.resumed[0]
        assert {at.topic for at in rewound.resumed[0]} == set(bench.topics)

    async def test_the_stage_cannot_skip_what_is_not_committed(self, bench: Bench) -> None:
        await bench.send([Outgoing(bench.topics[0], b"user", b"%d" % i) for i in range(5)])
        source = Partition(bench.topics[0], partition_of(b"user", PARTITIONS))
        stage = RecordingStage(bench.topics, on_resume=lambda _: {source: 3})
        async with running(bench.runner(stage)) as run:
            await eventually(lambda: len(stage.records) == 5, run)

    async def test_an_offset_behind_the_end_of_the_log_ends_it_with_the_cure(self, bench: Bench) -> None:
        """The topic was made anew, or has lost its end: what comes would be taken for what has been applied."""
        await bench.send([Outgoing(bench.topics[0], b"user", b"%d" % i) for i in range(5)])
        source = Partition(bench.topics[0], partition_of(b"user", PARTITIONS))
        up_to_date = RecordingStage(bench.topics, on_resume=lambda _: {source: 5})
        async with running(bench.runner(up_to_date)) as run:
            await eventually(lambda: len(up_to_date.records) == 5, run)
        ahead = RecordingStage(bench.topics, on_resume=lambda _: {source: 6})
        options: dict[str, Any] = {} if isinstance(bench, EmbeddedBench) else {"call_timeout": 4.0}
        with pytest.raises(FatalRunnerError, match=r"up to offset 6, and now it goes on at 5: .* on an empty store"):
            await asyncio.wait_for(bench.runner(ahead, **options).run(), 2 * PATIENCE)
        assert ahead.records == []


class TestErrors:
    async def test_an_error_of_the_stage_ends_the_runner_and_commits_nothing_of_the_batch(self, bench: Bench) -> None:
        await bench.send([Outgoing(bench.topics[0], b"user", b"%d" % i) for i in range(25)])
        handled = 0

        async def fails_at_13(batch: Sequence[Record]) -> None:
            nonlocal handled
            if any(record.value == b"13" for record in batch):
                raise ValueError("poison")
            handled += len(batch)

        stage = RecordingStage(bench.topics, on_handle=fails_at_13)
        with pytest.raises(ValueError, match="poison"):
            await asyncio.wait_for(bench.runner(stage).run(), 2 * PATIENCE)
        assert handled <= 13
        assert await bench.committed(stage) == handled
        again = RecordingStage(bench.topics)
        async with running(bench.runner(again)) as run:
            await eventually(lambda: len(again.records) == 25 - handled, run)

    async def test_a_stage_that_sets_poison_aside_goes_on(self, bench: Bench) -> None:
        letters, parcels = bench.topics
        await bench.send([Outgoing(letters, b"user", b"%d" % i) for i in range(25)])

        async def sets_aside(batch: Sequence[Record]) -> None:
            await bench.send([Outgoing(parcels, b"dead", r.value) for r in batch if r.value == b"13"])

        stage = RecordingStage((letters,), on_handle=sets_aside)
        dead = RecordingStage((parcels,), "undertaker")
        async with running(bench.runner(stage)) as run, running(bench.runner(dead)):
            await eventually(lambda: len(stage.records) == 25 and dead.values() == [b"13"], run)

    @pytest.mark.parametrize("passing", [StoreUnavailable("away"), BrokerUnavailable("away"), Overloaded("full")])
    async def test_what_will_pass_is_tried_again_with_the_same_batch_and_no_commit(
        self, bench: Bench, passing: Exception
    ) -> None:
        await bench.send([Outgoing(bench.topics[0], b"user", b"%d" % i) for i in range(25)])
        tried: list[list[Record]] = []
        committed: list[int] = []

        async def fails_three_times(batch: Sequence[Record]) -> None:
            tried.append(list(batch))
            if len(tried) <= 3:
                committed.append(await bench.committed(stage))
                raise passing

        stage, metrics = RecordingStage(bench.topics, on_handle=fails_three_times), Metrics()
        start = time.monotonic()
        async with running(bench.runner(stage, metrics)) as run:
            await eventually(lambda: len(stage.records) == 25, run)
        assert tried[0] == tried[1] == tried[2] == tried[3]
        assert committed == [0, 0, 0]
        assert time.monotonic() - start > 0.7, "the waits double: 0.1, 0.2, 0.4"
        counter = metrics.store_errors if isinstance(passing, StoreUnavailable) else metrics.broker_errors
        assert counter.labels(stage="recording")._value.get() == 3

    async def test_a_handler_that_hangs_ends_the_runner(self, bench: Bench) -> None:
        """Alive means progress: somebody has to start it again."""
        await bench.send(mail(bench.topics[0], 5))
        stage = RecordingStage(bench.topics, on_handle=lambda _: _wait(asyncio.Event()))
        with pytest.raises(FatalRunnerError, match="no progress"):
            await asyncio.wait_for(bench.runner(stage, stall_timeout=0.5).run(), 2 * PATIENCE)


async def test_the_lag_is_a_metric(bench: Bench) -> None:
    await bench.send(mail(bench.topics[0], 40))
    blocked = asyncio.Event()
    metrics = Metrics()
    stage = RecordingStage(bench.topics, on_handle=lambda _: _wait(blocked))
    gauge = metrics.lag.labels(stage="recording")._value
    async with running(bench.runner(stage, metrics)) as run:
        await eventually(lambda: gauge.get() == 40, run)
        blocked.set()
        await eventually(lambda: len(stage.records) == 40 and gauge.get() == 0, run)


async def test_partitions_are_named_as_the_stage_will_see_them(bench: Bench) -> None:
    stage = RecordingStage(bench.topics)
    async with running(bench.runner(stage)) as run:
        await eventually(lambda: stage.resumed, run)
    assert {Partition(topic, n) for topic in bench.topics for n in range(PARTITIONS)} == stage.resumed[-1]


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
