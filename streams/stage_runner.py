"""What all three runners share: the course of `run` and `stop`, the timers, and the watch over lag and progress.

1. `_serve` connects, joins and feeds the stage until it is cancelled. The timers tick and the watch looks beside it.
2. `stop()`, an error of the stage, a timer or the watch ends all of them. Before a stop the hand is settled.
3. `_leave` gives everything back within what is left of the deadline, after an error too.
"""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any

from streams.contract import Stage
from streams.deadline import Deadline, within
from streams.hand_over import PASSING, HandOver, count_passing
from streams.metrics import Metrics
from streams.progress import STALL_TIMEOUT
from streams.timers import keep_ticking
from streams.together import together
from workers.errors import FatalRunnerError

_LOG = logging.getLogger(__name__)

__all__ = ["STALL_TIMEOUT", "STOP_TIMEOUT", "StageRunner"]

STOP_TIMEOUT = 8.0
_WATCH_INTERVAL = 2.0
"""Seconds between two looks: Prometheus scrapes the lag every 15."""

_LEAVE_SHARE = 0.25
"""Of the stop deadline, kept for leaving after the batch in hand: 2 of 8 s, against 0.3 s measured."""


class StageRunner(ABC):
    """`streams.contract.Runner`, but for where the records come from. To be used once."""

    def __init__(self, stage: Stage, *, metrics: Metrics, stop_timeout: float, stall_timeout: float) -> None:
        self._stage = stage
        self._metrics = metrics
        self._stop_timeout = stop_timeout
        self._stall_timeout = stall_timeout
        self._hand = HandOver(stage, metrics)
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._deadline: Deadline | None = None
        self._behind: int | None = None

    async def run(self) -> None:
        self._ended.clear()
        try:
            await together(self._serve(), self._until_stopped(), self._watch(), self._measure(), *self._timers())
        finally:
            try:
                await self._leave(self._time_to_leave())
            finally:
                self._ended.set()

    async def stop(self) -> None:
        self._stopping.set()
        try:
            await within(self._stop_timeout, self._ended.wait())
        except TimeoutError:
            _LOG.error("%s did not stop within %.1f s", self._stage.name, self._stop_timeout)

    @abstractmethod
    async def _serve(self) -> None:
        """Step 1."""

    @abstractmethod
    async def _lag(self) -> int | None:
        """Messages of the partitions in hand that the stage has not handled; None while that cannot be known."""

    @abstractmethod
    async def _leave(self, seconds: float) -> None:
        """Step 3. Raises nothing."""

    def _timers(self) -> list[Coroutine[Any, Any, None]]:
        named = (self._stage.name, self._metrics, self._stall_timeout)
        return [keep_ticking(timer, *named) for timer in self._stage.timers]

    async def _until_stopped(self) -> None:
        await self._stopping.wait()
        self._deadline = Deadline(self._stop_timeout)
        await self._hand.settle(self._stop_timeout * (1 - _LEAVE_SHARE), for_good=True)

    def _time_to_leave(self) -> float:
        if self._deadline is None:
            return self._stop_timeout * _LEAVE_SHARE
        return self._deadline.remaining()

    async def _watch(self) -> None:
        """Raises `FatalRunnerError` when there is something to do and no progress: alive means progress. What is in the
        stage's hands is something to do even while the broker cannot be asked for more."""
        since, progress = time.monotonic(), self._hand.progress
        while True:
            await asyncio.sleep(min(_WATCH_INTERVAL, self._stall_timeout / 2))
            if not (self._behind or self._hand.busy) or self._hand.progress != progress:
                since, progress = time.monotonic(), self._hand.progress
            elif time.monotonic() - since > self._stall_timeout:
                raise FatalRunnerError(self._stalled())

    def _stalled(self) -> str:
        doing = f"with {self._hand.in_hand} in its hands" if self._hand.busy else "and nothing came to its hands"
        waiting = "messages" if self._behind is None else f"{self._behind} messages"
        return (
            f"{self._stage.name} has {waiting} waiting and made no progress for {self._stall_timeout:.0f} s, {doing}:"
            " restart it, and see its last log lines for what it waited for"
        )

    async def _measure(self) -> None:
        """Keeps the lag gauge. Beside the watch, because a broker that is away lets every question wait."""
        while True:
            await asyncio.sleep(min(_WATCH_INTERVAL, self._stall_timeout / 2))
            self._behind = await self._measured_lag()

    async def _measured_lag(self) -> int | None:
        try:
            lag = await self._lag()
        except PASSING as error:
            count_passing(error, self._stage.name, self._metrics)
            return None
        if lag is not None:
            self._metrics.lag.labels(stage=self._stage.name).set(lag)
        return lag
