"""Deadlines: one moment that several waits share, and a wait that ends by it whatever it waits for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Deadline:
    """A moment `seconds` from now."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def remaining(self, keep: float = 0.0) -> float:
        """Seconds until the moment, less `keep` for what comes after; never below zero."""
        return max(0.0, self._end - keep - self._clock())


async def within(seconds: float, call: Awaitable[T]) -> T:
    """The result of `call`. Raises TimeoutError after `seconds`, and also where `call` was cancelled by nobody here.

    Unlike asyncio.wait_for it does not wait for a cancelled call to agree: some of aiokafka's never do.
    """
    task = asyncio.ensure_future(call)
    try:
        await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        abandon(task)
        raise
    if not task.done():
        abandon(task)
        raise TimeoutError(f"no answer within {seconds:.1f} s")
    if task.cancelled():
        raise TimeoutError("the call was cancelled by its own library")
    return task.result()


def abandon(task: asyncio.Future[T]) -> None:
    """Cancels the task and takes no notice of how it ends."""
    task.cancel()
    task.add_done_callback(_take_no_notice)


def _take_no_notice(task: asyncio.Future[T]) -> None:
    if not task.cancelled():
        task.exception()
