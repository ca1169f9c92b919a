"""Runs what a process plays until it is asked to stop, or until a part of it can no longer do its work."""

import asyncio
import logging
import os
import signal
from collections.abc import Sequence
from typing import Protocol

from workers.errors import FatalRunnerError

_LOG = logging.getLogger(__name__)


class Part(Protocol):
    """A runner, or an HTTP server."""

    async def run(self) -> None: ...

    async def stop(self) -> None: ...


async def run_until_stopped(parts: Sequence[Part], background: Sequence[asyncio.Task[None]] = ()) -> None:
    """Until SIGTERM or SIGINT.

    1. Every part runs in a task of its own.
    2. The first signal, or the first part that ends, ends the wait. Ctrl-C once more ends the process at once.
    3. All parts are asked to stop together: each has its own deadline, and they share the process's.
    4. What a part raised is raised; a part that ended although nobody asked is a `FatalRunnerError`.
    """
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    # 1. Run
    asked = asyncio.create_task(stopping.wait())
    running = [asyncio.create_task(part.run(), name=type(part).__name__) for part in parts]
    # 2. Wait
    await asyncio.wait([asked, *running, *background], return_when=asyncio.FIRST_COMPLETED)
    failed = [task for task in [*running, *background] if task.done()]
    # 3. Stop
    asked.cancel()
    for task in background:
        task.cancel()
    _LOG.info("stopping")
    await asyncio.gather(*(part.stop() for part in parts), return_exceptions=True)
    await asyncio.gather(*running, *background, return_exceptions=True)
    # 4. Tell
    for task in failed:
        error = task.exception()
        raise error if error is not None else FatalRunnerError(f"{task.get_name()} ended by itself")


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        if stopping.is_set():
            # What is not durable yet is delivered again: nothing is lost by not waiting.
            os._exit(128 + signal.SIGINT)
        stopping.set()

    # A second SIGTERM says no more than the first: timeout(1), for one, sends it twice.
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, interrupt)
