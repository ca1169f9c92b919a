"""A stage's timers: called every interval while its runner runs, never twice at once."""

import asyncio
import logging
import time

from streams.contract import Timer
from streams.hand_over import PASSING, count_passing
from streams.metrics import Metrics

_LOG = logging.getLogger(__name__)


async def keep_ticking(timer: Timer, stage: str, metrics: Metrics) -> None:
    """Ticks until it is cancelled, first after one interval. A tick that lasts longer than the interval skips the ones
    it covers. Raises what a tick raises, unless it will pass."""
    due = time.monotonic()
    while True:
        due = max(due + timer.interval, time.monotonic())
        await asyncio.sleep(due - time.monotonic())
        await tick(timer, stage, metrics)


async def tick(timer: Timer, stage: str, metrics: Metrics) -> None:
    """One tick. An error that will pass is counted, and the next tick tries again."""
    try:
        await timer.tick()
    except PASSING as error:
        count_passing(error, stage, metrics)
        _LOG.warning("timer of %s: %s (trying again in %.1f s)", stage, error, timer.interval)
