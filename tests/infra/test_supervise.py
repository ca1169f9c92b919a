"""What a process does when it is asked to stop, and when a part of it fails."""

import asyncio
import os
import signal

import pytest

from infra.ending import Ending
from infra.supervise import Life, run_until_stopped, supervised
from tests.patience import PATIENCE
from tests.virtual_time import in_virtual_time, loop_time
from workers.errors import FatalRunnerError


class Part:
    """Runs until it is stopped, or raises after a moment."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.stopped = asyncio.Event()

    async def run(self) -> None:
        if self.failure is not None:
            raise self.failure
        await self.stopped.wait()

    async def stop(self) -> None:
        self.stopped.set()


class Ends(Part):
    async def run(self) -> None:
        return None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_every_part_and_nothing_is_raised(number: signal.Signals) -> None:
    parts = [Part(), Part()]
    asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), number)
    await asyncio.wait_for(run_until_stopped(parts), PATIENCE)
    assert all(part.stopped.is_set() for part in parts)


async def test_a_part_that_fails_stops_the_others_and_its_error_is_raised() -> None:
    healthy = Part()
    with pytest.raises(FatalRunnerError, match="fenced"):
        await asyncio.wait_for(run_until_stopped([healthy, Part(FatalRunnerError("fenced"))]), PATIENCE)
    assert healthy.stopped.is_set()


async def test_a_part_that_ends_although_nobody_asked_is_an_error() -> None:
    with pytest.raises(FatalRunnerError, match="ended by itself"):
        await asyncio.wait_for(run_until_stopped([Part(), Ends()]), PATIENCE)


async def test_what_plays_in_the_background_ends_with_the_rest() -> None:
    player = asyncio.create_task(asyncio.sleep(60))
    asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(run_until_stopped([Part()], [player]), PATIENCE)
    assert player.cancelled()


class Clings(Part):
    """Does not end when it is asked to."""

    async def stop(self) -> None: ...


@in_virtual_time
async def test_a_part_that_does_not_end_keeps_nobody_beyond_the_deadline(caplog: pytest.LogCaptureFixture) -> None:
    ending = Ending(10.0)
    life = Life(ending)
    asyncio.get_running_loop().call_later(0.05, life.ask)
    started = loop_time()
    await life.run([Clings()])
    ending.call_off()
    assert loop_time() - started < 9.0, "the rest is for what comes after"
    assert "Clings did not end when it was asked to" in caplog.text


async def test_why_it_stops_is_said_at_once(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(FatalRunnerError):
        await run_until_stopped([Part(FatalRunnerError("agents made no progress"))])
    assert "stopping: agents made no progress" in caplog.text
    with pytest.raises(ValueError, match="anna"):
        await run_until_stopped([Part(ValueError("anna"))])
    assert "stopping: ValueError" in caplog.text
    assert "anna" not in caplog.text


async def test_sigterm_before_it_has_begun_takes_it_apart_again() -> None:
    closed = False
    asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
    async with supervised(60.0) as life:
        try:
            await asyncio.sleep(60)  # a server is waited for
        finally:
            closed = True
    assert closed
    assert life.asked
    life.ended()


async def test_another_cancellation_is_not_taken_for_it() -> None:
    async def begin() -> None:
        async with supervised(60.0):
            await asyncio.sleep(60)

    beginning = asyncio.create_task(begin())
    await asyncio.sleep(0.01)
    beginning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beginning


async def test_a_second_sigterm_changes_nothing() -> None:
    part = Slow()
    for after in (0.05, 0.1, 0.15):
        asyncio.get_running_loop().call_later(after, os.kill, os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(run_until_stopped([part]), PATIENCE)
    assert part.finished


class Slow(Part):
    """Takes a moment to end in order."""

    finished = False

    async def run(self) -> None:
        await self.stopped.wait()
        await asyncio.sleep(0.3)
        self.finished = True
