"""Runs what a process plays until it is asked to stop, or until a part of it can no longer do its work.

1. From the first moment SIGTERM and SIGINT are heard, and the event loop is watched (`infra.ending`). Who is asked to
   stop while the process is still being put together takes it apart again.
2. Every part runs in a task of its own.
3. The first signal, or the first part that ends, ends the wait. Ctrl-C once more ends the process at once.
4. One deadline begins, for everything (`Ending`): seven tenths of it for the parts, which are asked to stop together,
   the rest for what they stand on (`infra.ground`) and for the interpreter. Who has not ended by then is ended.
5. What a part raised is raised; a part that ended although nobody asked is a `FatalRunnerError`.
"""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from infra.ending import LAST_SHARE, Ending, Pulse
from infra.exits import Exit, exit_of
from workers.errors import AttuneError, FatalRunnerError

_LOG = logging.getLogger(__name__)


class Part(Protocol):
    """A runner, or an HTTP server."""

    async def run(self) -> None: ...

    async def stop(self) -> None: ...


class Life:
    """What the parts of one process are run by; made by `supervised`."""

    def __init__(self, ending: Ending) -> None:
        self._ending = ending
        self._asked = asyncio.Event()
        self._building: asyncio.Task[Any] | None = asyncio.current_task()

    @property
    def asked(self) -> bool:
        """Whether somebody wants the process to stop."""
        return self._asked.is_set()

    async def run(self, parts: Sequence[Part], background: Sequence[asyncio.Task[None]] = ()) -> None:
        """Steps 2 to 5."""
        self._building = None
        # 2. Run
        asked = asyncio.create_task(self._asked.wait())
        running = [asyncio.create_task(part.run(), name=type(part).__name__) for part in parts]
        # 3. Wait
        await asyncio.wait([asked, *running, *background], return_when=asyncio.FIRST_COMPLETED)
        failed = [_failure(task) for task in [*running, *background] if task.done()]
        # 4. Stop
        self._ending.begin(exit_of(failed[0]) if failed else Exit.FORCED)
        for task in (asked, *background):
            task.cancel()
        self._say_why(failed)
        await asyncio.gather(*(part.stop() for part in parts), return_exceptions=True)
        await self._wait([*running, *background])
        # 5. Tell
        if failed:
            raise failed[0]

    async def _wait(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Until they have ended, or it is time for the rest."""
        if not tasks:
            return
        _, pending = await asyncio.wait(tasks, timeout=self._ending.remaining(keep=LAST_SHARE))
        for task in pending:
            _LOG.error("%s did not end when it was asked to", task.get_name())
            task.cancel()

    def _say_why(self, failed: Sequence[BaseException]) -> None:
        """At once: a process that has to be ended by force says nothing more."""
        if not failed:
            _LOG.info("stopping")
        elif isinstance(failed[0], AttuneError):
            _LOG.error("stopping: %s", failed[0])
        else:  # another's words may quote what a person sent
            _LOG.error("stopping: %s", type(failed[0]).__name__)

    def ask(self) -> None:
        """Step 1, and 3."""
        # A second SIGTERM says no more than the first: timeout(1), for one, sends it twice.
        if not self._asked.is_set():
            self._asked.set()
            self._ending.begin()
            if self._building is not None:
                self._building.cancel()

    def ended(self) -> None:
        """The process goes on without its parts."""
        self._ending.call_off()

    def interrupt(self) -> None:
        if self._asked.is_set():
            # What is not durable yet is delivered again: nothing is lost by not waiting.
            os._exit(Exit.INTERRUPTED)
        self.ask()


@asynccontextmanager
async def supervised(stop_timeout: float) -> AsyncIterator[Life]:
    """Step 1, around everything that the process opens. `stop_timeout` in seconds, for step 4."""
    life, pulse = Life(Ending(stop_timeout)), Pulse()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, life.ask)
    loop.add_signal_handler(signal.SIGINT, life.interrupt)
    try:
        yield life
    except asyncio.CancelledError:
        if not life.asked:
            raise
        _LOG.info("stopped before it had begun")
    finally:
        pulse.stop()


async def run_until_stopped(
    parts: Sequence[Part], background: Sequence[asyncio.Task[None]] = (), stop_timeout: float = 8.0
) -> None:
    """The whole of it, for parts that stand on nothing which needs closing."""
    async with supervised(stop_timeout) as life:
        try:
            await life.run(parts, background)
        finally:
            life.ended()


def _failure(task: asyncio.Task[None]) -> BaseException:
    error = None if task.cancelled() else task.exception()
    return error if error is not None else FatalRunnerError(f"{task.get_name()} ended by itself")
