"""An event loop whose time is virtual: it never waits, it sets its clock forward to whatever comes next.

Nothing in it depends on the machine: callbacks run in the order in which they were scheduled, and what a program would
do in a thread is done on the loop, at once or a little later as the seed wants it. So one seed gives one run.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

LONGEST_THREAD = 0.02
"""Virtual seconds that a piece of work in a thread takes at most: a batch of an agent's."""


class Stuck(AssertionError):
    """Everybody waits and nothing is scheduled: in the real world this would hang for ever."""


class _Clock:
    """Stands in for the selector: where a real one would wait for sockets, time passes."""

    def __init__(self, next_moment: Callable[[], float]) -> None:
        self.now = 0.0
        self._next_moment = next_moment

    def select(self, timeout: float | None) -> list[Any]:
        """To the very moment of what comes next: sums of pauses would depend on how many there were."""
        if timeout is None:
            raise Stuck("nothing is scheduled and nothing can happen any more")
        if timeout > 0:
            self.now = max(self.now, self._next_moment())
        return []

    def close(self) -> None: ...


class VirtualLoop(asyncio.BaseEventLoop):
    """`time()` starts at 0 and is in virtual seconds. `chance` decides how long work in a thread takes."""

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self._selector = self._clock = _Clock(self._next_moment)
        self._chance = chance

    def time(self) -> float:
        return self._clock.now

    def _next_moment(self) -> float:
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        return scheduled[0].when()

    def run_in_executor(  # type: ignore[override]  # typeshed's TypeVarTuple says nothing more
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """The work is done as a whole, now or when its time is up, also where its caller has been cancelled meanwhile:
        a thread cannot be."""
        future: asyncio.Future[T] = self.create_future()
        takes = self._chance.uniform(0, LONGEST_THREAD)
        if self._chance.random() < 0.5:
            outcome = _outcome(func, args)
            self.call_later(takes, lambda: _tell(future, outcome))
        else:
            self.call_later(takes, lambda: _tell(future, _outcome(func, args)))
        return future

    def _process_events(self, event_list: list[Any]) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """Nobody calls from another thread."""


def _outcome(func: Callable[..., T], args: tuple[Any, ...]) -> tuple[T | None, Exception | None]:
    try:
        return func(*args), None
    except Exception as error:  # It is the caller's, who waits for it.
        return None, error


def _tell(future: "asyncio.Future[Any]", outcome: tuple[Any, Exception | None]) -> None:
    if future.done():
        return
    result, error = outcome
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
