"""What a process does when it is asked to stop, and when a part of it fails."""

import asyncio
import os
import signal

import pytest

from infra.supervise import run_until_stopped
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
    await asyncio.wait_for(run_until_stopped(parts), 5)
    assert all(part.stopped.is_set() for part in parts)


async def test_a_part_that_fails_stops_the_others_and_its_error_is_raised() -> None:
    healthy = Part()
    with pytest.raises(FatalRunnerError, match="fenced"):
        await asyncio.wait_for(run_until_stopped([healthy, Part(FatalRunnerError("fenced"))]), 5)
    assert healthy.stopped.is_set()


async def test_a_part_that_ends_although_nobody_asked_is_an_error() -> None:
    with pytest.raises(FatalRunnerError, match="ended by itself"):
        await asyncio.wait_for(run_until_stopped([Part(), Ends()]), 5)


async def test_what_plays_in_the_background_ends_with_the_rest() -> None:
    player = asyncio.create_task(asyncio.sleep(60))
    asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(run_until_stopped([Part()], [player]), 5)
    assert player.cancelled()
