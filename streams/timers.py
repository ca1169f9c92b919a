"""A stage's timers: called every interval while its runner runs, never twice at once."""

import asyncio
import logging

from streams.contract import Timer
from streams.deadline import abandon
from streams.hand_over import PASSING, count_passing
from streams.metrics import Metrics
from streams.progress import STALL_TIMEOUT, heard_by
from workers.errors import FatalRunnerError

_LOG = logging.getLogger(__name__)


async def keep_ticking(timer: Timer, stage: str, metrics: Metrics, stall: float = STALL_TIMEOUT) -> None:
    """Ticks until it is cancelled, first after one interval. A tick that lasts longer than the interval skips the ones
    it covers. Raises what `tick` raises."""
    clock = asyncio.get_running_loop().time
    due = clock()
    while True:
        due = max(due + timer.interval, clock())
        await asyncio.sleep(due - clock())
        await tick(timer, stage, metrics, stall)


async def tick(timer: Timer, stage: str, metrics: Metrics, stall: float) -> None:
    """One tick. An error that will pass is counted, and the next tick tries again. Raises any other, and
    `FatalRunnerError` for a tick that does not get on for `stall` seconds."""
    try:
        await _watched(timer, stage, stall)
    except PASSING as error:
        count_passing(error, stage, metrics)
        _LOG.warning("timer of %s: %s (trying again in %.1f s)", stage, error, timer.interval)


async def _watched(timer: Timer, stage: str, stall: float) -> None:
    moved = asyncio.Event()
    with heard_by(moved.set):
        ticking = asyncio.ensure_future(timer.tick())
    try:
        while not ticking.done():
            moved.clear()
            await asyncio.wait({ticking}, timeout=stall)
            if not (ticking.done() or moved.is_set()):
                raise FatalRunnerError(f"a timer of {stage} has not got on for {stall:.0f} s: restart it")
        ticking.result()
    finally:
        abandon(ticking)
