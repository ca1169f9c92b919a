"""What the benchmarks put around Attune's stages."""

import asyncio

import pytest

from benchmarks.service import Incomplete, SampledMetrics, Weighed, refuse_incomplete, run_during, total, until
from streams.contract import Outgoing
from streams.metrics import Metrics
from tests.fakes import RecordingProducer
from workers.errors import FatalRunnerError


class FakeRunner:
    """Runs until it is stopped, or until `trouble` (an error to raise, or None to return) comes over it."""

    def __init__(self) -> None:
        self.stopped = asyncio.Event()
        self.ended = asyncio.Event()
        self.trouble: Exception | None = None

    async def run(self) -> None:
        await self.stopped.wait()
        self.ended.set()
        if self.trouble is not None:
            raise self.trouble

    async def stop(self) -> None:
        self.stopped.set()
        await self.ended.wait()


async def test_runners_run_while_there_is_work_and_are_stopped_after_it() -> None:
    one, other = FakeRunner(), FakeRunner()

    async def work() -> str:
        await asyncio.sleep(0)
        assert not one.stopped.is_set()
        return "done"

    assert await run_during([one, other], work()) == "done"
    assert one.ended.is_set()
    assert other.ended.is_set()


async def test_a_runners_error_ends_the_work_and_is_raised() -> None:
    failing, other = FakeRunner(), FakeRunner()
    failing.trouble = FatalRunnerError("out of its group")
    failing.stopped.set()
    with pytest.raises(FatalRunnerError, match="out of its group"):
        await run_during([failing, other], asyncio.sleep(60))
    assert other.ended.is_set()


async def test_a_runner_that_ends_by_itself_is_an_error() -> None:
    ending = FakeRunner()
    ending.stopped.set()
    with pytest.raises(FatalRunnerError, match="ended by itself"):
        await run_during([ending], asyncio.sleep(60))


async def test_an_error_in_the_work_stops_the_runners() -> None:
    runner = FakeRunner()

    async def work() -> None:
        raise Incomplete("no")

    with pytest.raises(Incomplete, match="no"):
        await run_during([runner], work())
    assert runner.ended.is_set()


def test_a_total_is_over_all_labels() -> None:
    metrics = Metrics()
    metrics.applied.labels("api").inc(2)
    metrics.applied.labels("file").inc(3)
    assert total(metrics.applied) == 5


def test_events_that_were_not_applied_spoil_the_figure() -> None:
    metrics = Metrics()
    metrics.applied.labels("api").inc(4)
    refuse_incomplete(metrics, 4)
    with pytest.raises(Incomplete, match="4 of 5"):
        refuse_incomplete(metrics, 5)


async def test_what_does_not_come_through_in_time_spoils_the_figure() -> None:
    with pytest.raises(Incomplete, match=r"0\.05 s"):
        await until(lambda: False, 0.05)


def test_freshness_is_kept_value_by_value() -> None:
    metrics = SampledMetrics()
    metrics.freshness.labels("profile").observe(0.1)
    metrics.freshness.labels("item").observe(9.0)
    metrics.freshness.labels("profile").observe(0.3)
    assert metrics.samples.of("profile") == [0.1, 0.3]
    metrics.applied.labels("api").inc()  # all others are as they were
    assert total(metrics.applied) == 1


async def test_sent_bytes_are_keys_and_values() -> None:
    inner = RecordingProducer()
    weighed = Weighed(inner)
    await weighed.send([Outgoing("t", b"key", b"value"), Outgoing("t", b"gone", None)])
    assert weighed.bytes == 12
    assert len(inner.sent) == 2
