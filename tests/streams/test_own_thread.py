"""A part on a loop of its own: what it computes holds up nobody, what it calls runs at home, and it ends."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from streams.own_thread import Home, OwnThread
from tests.patience import PATIENCE
from workers.errors import ConfigurationError, StoreUnavailable


class Port:
    """Belongs to the loop of the test."""

    def __init__(self) -> None:
        self.threads: list[str] = []

    async def ask(self, number: int, *, more: int = 0) -> int:
        self.threads.append(threading.current_thread().name)
        if number < 0:
            raise StoreUnavailable("away")
        return number + more


class Worker:
    """Runs `work` in a loop until it is stopped."""

    def __init__(self, port: Port, work: Callable[["Worker"], object]) -> None:
        self.port = port
        self.stopped = asyncio.Event()
        self.answers: list[object] = []
        self._work = work

    async def run(self) -> None:
        while not self.stopped.is_set():
            self.answers.append(self._work(self))
            try:
                self.answers.append(await self.port.ask(1, more=2))
                await self.port.ask(-1)
            except StoreUnavailable as error:
                self.answers.append(str(error))
            await asyncio.sleep(0)

    async def stop(self) -> None:
        self.stopped.set()


def a_part(work: Callable[[Worker], object]) -> tuple[OwnThread, list[Worker], Port]:
    port = Port()
    made: list[Worker] = []

    def make(home: Home) -> Worker:
        made.append(Worker(home.of(port), work))
        return made[0]

    return OwnThread("apart", make), made, port


async def test_it_computes_in_its_thread_and_its_ports_are_called_at_home() -> None:
    part, made, port = a_part(lambda worker: threading.current_thread().name)
    task = asyncio.create_task(part.run())
    while len(port.threads) < 4:
        await asyncio.sleep(0.001)
    await part.stop()
    await task
    assert made[0].answers[:3] == ["apart", 3, "away"]
    assert set(port.threads) == {threading.current_thread().name}


async def test_the_loop_of_the_process_goes_on_while_it_computes() -> None:
    computing, enough = threading.Event(), threading.Event()

    def compute(worker: Worker) -> None:
        computing.set()
        assert enough.wait(PATIENCE), "the loop of the process stood still"

    part, _, _ = a_part(compute)
    task = asyncio.create_task(part.run())
    while not computing.is_set():
        await asyncio.sleep(0.001)
    enough.set()
    await part.stop()
    await task


async def test_what_ends_it_ends_the_run_with_that_very_error() -> None:
    def fail(worker: Worker) -> None:
        raise ConfigurationError("no such model")

    part, _, _ = a_part(fail)
    with pytest.raises(ConfigurationError, match="no such model"):
        await part.run()
    await asyncio.wait_for(part.stop(), PATIENCE)


async def test_stopped_before_it_runs_it_ends_at_once() -> None:
    part, made, _ = a_part(lambda worker: None)
    await part.stop()
    await asyncio.wait_for(part.run(), PATIENCE)
    assert made[0].answers == []


async def test_cancelled_it_takes_its_work_with_it() -> None:
    part, made, port = a_part(lambda worker: None)
    task = asyncio.create_task(part.run())
    while not port.threads:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while any(thread.name == "apart" for thread in threading.enumerate()):
        await asyncio.sleep(0.001)
    assert not made[0].stopped.is_set()
