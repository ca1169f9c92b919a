"""What ends a process by force: a loop that stands still, and a deadline that has passed."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from infra.ending import STILL, Ending, Pulse
from infra.exits import Exit
from streams.progress import STALL_TIMEOUT
from streams.stage_runner import STOP_TIMEOUT
from tests.patience import LONG, PATIENCE

TURN = 0.05


class Left:
    """Stands in for the end of the process."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.at = 0.0

    def __call__(self, code: int) -> None:
        self.codes.append(code)
        self.at = time.monotonic()


class TestPulse:
    async def test_a_loop_that_stands_still_ends_the_process_and_says_where(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        left = Left()
        pulse = Pulse(4, leave=left, turn=TURN)
        until(lambda: left.codes)  # which blocks the loop: what it is to notice
        pulse.stop()
        assert left.codes == [Exit.FORCED]
        assert "the event loop has not turned for 0 s: ended by force (exit code 5)" in caplog.text

    async def test_one_that_turns_does_not_however_busy(self) -> None:
        left = Left()
        pulse = Pulse(40, leave=left, turn=TURN)
        for _ in range(60):
            time.sleep(TURN)  # noqa: ASYNC251
            await asyncio.sleep(0)
        pulse.stop()
        assert left.codes == []

    async def test_once_stopped_it_watches_no_more(self) -> None:
        left = Left()
        Pulse(4, leave=left, turn=TURN).stop()
        time.sleep(10 * TURN)  # noqa: ASYNC251
        assert left.codes == []

    def test_a_process_that_was_stopped_and_goes_on_has_not_stood_still(self) -> None:
        with child("pulse_and_sleep(60)") as process:
            assert process.stdout is not None
            process.stdout.readline()
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(30 * TURN)
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(10 * TURN)
            assert process.poll() is None
            process.kill()

    def test_a_blocked_loop_in_a_process_of_its_own(self) -> None:
        with child("pulse_and_block()") as process:
            _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == Exit.FORCED
        assert "has not turned" in said
        assert "in pulse_and_block" in said, "the traceback names the place"


class TestEnding:
    def test_who_has_not_ended_by_the_deadline_is_ended(self) -> None:
        left, ended = Left(), Ending(10 * TURN)
        ending = Ending(2 * TURN, leave=left)
        assert ending.remaining() == 2 * TURN
        begun = time.monotonic()
        ending.begin(Exit.FATAL)
        ending.begin(Exit.FORCED)
        until(lambda: left.codes)
        assert left.codes == [Exit.FATAL]
        assert left.at - begun >= 2 * TURN
        assert ending.remaining() == 0
        assert ended.remaining(keep=0.5) == 5 * TURN

    def test_it_can_be_called_off(self) -> None:
        left = Left()
        ending = Ending(40 * TURN, leave=left)
        ending.begin()
        ending.call_off()
        time.sleep(50 * TURN)
        assert left.codes == []

    def test_a_thread_that_never_returns_does_not_keep_the_process(self) -> None:
        """Python itself would wait for it without end: for the executor's threads, and once more as it exits."""
        started = time.monotonic()
        with child("hang_in_a_thread()") as process:
            _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == Exit.FORCED
        assert "has not ended within 0.5 s" in said
        assert "in hang_in_a_thread" in said
        assert time.monotonic() - started < PATIENCE

    def test_one_that_ends_in_time_ends_as_it_likes(self) -> None:
        with child("begin_and_end()") as process:
            assert process.wait(PATIENCE) == 0


def test_whatever_stands_still_is_gone_within_thirty_seconds() -> None:
    assert max(STILL + 1, STALL_TIMEOUT + 2 + STOP_TIMEOUT) < 30


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def child(call: str) -> subprocess.Popen[str]:
    """This file's function in a process of its own."""
    code = f"import asyncio, logging; logging.basicConfig(); from {__name__} import *; asyncio.run({call})"
    command = (sys.executable, "-c", code)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def pulse_and_sleep(seconds: float) -> None:
    Pulse(20, turn=TURN)
    print("begun", flush=True)
    await asyncio.sleep(seconds)


async def pulse_and_block() -> None:
    Pulse(4, turn=TURN)
    time.sleep(60)  # noqa: ASYNC251


async def hang_in_a_thread() -> None:
    Ending(0.5).begin()
    never = threading.Event()
    asyncio.get_running_loop().run_in_executor(None, lambda: hang_in_a_thread_for(never))


def hang_in_a_thread_for(never: threading.Event) -> None:
    never.wait()


async def begin_and_end() -> None:
    logging.getLogger().setLevel(logging.ERROR)
    Ending(LONG).begin()
