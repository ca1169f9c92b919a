"""What every runner must do (`streams.contract`) when it is stopped, and with its stage's timers."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from streams.contract import Outgoing, Record, Timer
from streams.metrics import Metrics
from tests.contract.runner_cases import KINDS, Bench, RecordingStage, eventually, mail, open_bench, running
from tests.patience import AT_ONCE, PATIENCE
from workers.errors import StoreUnavailable


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(request.param, tmp_path) as opened:
        yield opened


class TestStop:
    async def test_the_batch_in_hand_may_end_and_is_committed(self, bench: Bench) -> None:
        await bench.send([Outgoing(bench.topics[0], b"user", b"%d" % i) for i in range(5)])
        begun = asyncio.Event()

        async def slow(batch: Sequence[Record]) -> None:
            begun.set()
            await asyncio.sleep(0.5)

        stage = RecordingStage(bench.topics, on_handle=slow)
        runner = bench.runner(stage)
        run = asyncio.create_task(runner.run())
        await asyncio.wait_for(begun.wait(), 2 * PATIENCE)
        await runner.stop()
        assert run.done()
        assert run.exception() is None
        assert await bench.committed(stage) == len(stage.records) > 0

    async def test_a_handler_that_hangs_does_not_delay_it_and_its_batch_is_delivered_again(self, bench: Bench) -> None:
        await bench.send([Outgoing(bench.topics[0], b"user", b"%d" % i) for i in range(5)])
        begun = asyncio.Event()

        async def hangs(batch: Sequence[Record]) -> None:
            begun.set()
            while True:  # not even a cancellation ends it
                try:
                    await asyncio.sleep(0.1)
                except asyncio.CancelledError:
                    if released:
                        raise

        released = False
        stage = RecordingStage(bench.topics, on_handle=hangs)
        runner = bench.runner(stage, stop_timeout=2.0)
        run = asyncio.create_task(runner.run())
        await asyncio.wait_for(begun.wait(), 2 * PATIENCE)
        start = time.monotonic()
        await runner.stop()
        assert time.monotonic() - start < AT_ONCE
        released = True
        assert await bench.committed(stage) == 0
        again = RecordingStage(bench.topics)
        async with running(bench.runner(again)) as next_run:
            await eventually(lambda: len(again.records) == 5, next_run)
        assert run.done()

    async def test_it_ends_a_wait_for_the_next_try_at_once(self, bench: Bench) -> None:
        await bench.send(mail(bench.topics[0], 5))
        tries = 0

        async def never(batch: Sequence[Record]) -> None:
            nonlocal tries
            tries += 1
            raise StoreUnavailable("away")

        stage = RecordingStage(bench.topics, on_handle=never)
        runner = bench.runner(stage)
        run = asyncio.create_task(runner.run())
        await eventually(lambda: tries >= 4, run)
        start = time.monotonic()
        await runner.stop()
        assert time.monotonic() - start < 5.0, "of the 6 s that a batch in hand has"
        assert run.done()
        assert await bench.committed(stage) == 0

    async def test_before_there_is_anything_to_do_is_well(self, bench: Bench) -> None:
        runner = bench.runner(RecordingStage(bench.topics))
        run = asyncio.create_task(runner.run())
        await asyncio.sleep(0)
        await runner.stop()
        await asyncio.wait_for(run, PATIENCE)


class TestTimers:
    async def test_they_tick_while_it_runs_and_never_twice_at_once(self, bench: Bench) -> None:
        active, most, ticks = 0, 0, 0

        async def tick() -> None:
            nonlocal active, most, ticks
            active += 1
            most, ticks = max(most, active), ticks + 1
            await asyncio.sleep(0.15)  # longer than the interval
            active -= 1
            if ticks == 2:
                raise StoreUnavailable("away")

        stage, metrics = RecordingStage(bench.topics, timers=(Timer(0.1, tick),)), Metrics()
        async with running(bench.runner(stage, metrics)) as run:
            await eventually(lambda: ticks >= 5, run)
        after = ticks
        await asyncio.sleep(0.4)
        assert most == 1
        assert ticks == after, "they stop with the runner"
        assert metrics.store_errors.labels(stage="recording")._value.get() == 1

    async def test_another_error_of_a_tick_ends_the_runner(self, bench: Bench) -> None:
        async def tick() -> None:
            raise ValueError("a fault in the timer")

        stage = RecordingStage(bench.topics, timers=(Timer(0.1, tick),))
        with pytest.raises(ValueError, match="a fault in the timer"):
            await asyncio.wait_for(bench.runner(stage).run(), 2 * PATIENCE)


async def test_it_does_its_work_in_silence(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """No banner, no chatter, and no key or value in any log, at whatever level."""
    with caplog.at_level(logging.DEBUG):
        await bench.send([Outgoing(bench.topics[0], b"a-secret-key", b"a-secret-value")])
        caplog.clear()  # what the test's own producer said
        stage = RecordingStage(bench.topics)
        async with running(bench.runner(stage)) as run:
            await eventually(lambda: stage.records, run)
    said = [record for record in caplog.records if not record.name.startswith(("aiokafka", "asyncio"))]
    assert [record.getMessage() for record in said if record.levelno >= logging.INFO] == []
    assert not [record for record in caplog.records if "a-secret" in record.getMessage()]
