"""The same seed is the same run, in this process and in another one."""

import asyncio
import os
import subprocess
import sys
import time
from random import Random

import pytest

from tests.simulation.loop import Stuck, VirtualLoop
from tests.simulation.run import play

SEED = 26
"""One with frozen workers, zombies and lies."""


def _run(main: object) -> None:
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(Random(0))) as runner:
        runner.run(main)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_trace() -> None:
    first, again, another = play(SEED, trace=True), play(SEED, trace=True), play(SEED + 1, trace=True)
    assert first.trace == again.trace
    assert first.digest == again.digest != another.digest


def test_another_process_with_other_hashes_gives_the_same_traces() -> None:
    """Sets of text are in another order there, and the machine's clock says something else."""
    seeds = range(SEED, SEED + 6)
    code = f"from tests.simulation.run import play; print(*(play(seed, trace=True).digest for seed in {seeds}))"
    environment = os.environ | {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=50
    )
    assert ended.stdout.split() == [play(seed, trace=True).digest for seed in seeds]


def test_an_hour_of_waiting_takes_no_time_and_comes_in_order() -> None:
    came: list[int] = []

    async def wait() -> None:
        async def one(number: int) -> None:
            await asyncio.sleep(3600 - number)
            came.append(number)

        await asyncio.gather(*map(one, range(5)))
        assert asyncio.get_running_loop().time() == 3600

    started = time.monotonic()
    _run(wait())
    assert came == [4, 3, 2, 1, 0]
    assert time.monotonic() - started < 5


def test_work_in_a_thread_is_done_on_the_loop_also_where_its_caller_left() -> None:
    done: list[str] = []

    async def leave() -> None:
        task = asyncio.create_task(asyncio.to_thread(done.append, "work"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(1)
        assert await asyncio.to_thread(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)

    _run(leave())
    assert done == ["work"]


def test_whoever_waits_for_nothing_is_found_out() -> None:
    async def hang() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Stuck):
        _run(hang())
