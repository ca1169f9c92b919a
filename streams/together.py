"""Coroutines that live and die together."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from streams.deadline import abandon

_GRACE = 1.0
"""Seconds that the others get to end after they were cancelled: clean-up here is a few closed sockets."""


async def together(*parts: Coroutine[Any, Any, None]) -> None:
    """Runs the parts side by side until the first one ends, then cancels the others.

    Raises the error of the part that ended (the very error, not a group of errors).
    """
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            abandon(task)
        await asyncio.wait(tasks, timeout=_GRACE)
    errors = [error for task in tasks if task in done and (error := _error(task))]
    if errors:
        raise errors[0]


def _error(task: asyncio.Task[None]) -> BaseException | None:
    return None if task.cancelled() else task.exception()
