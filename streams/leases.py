"""A job in one worker's hands: kept by saving how far it has come, given back where the worker stops."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from workers.errors import AttuneError
from workers.ports import LeasedJob, Store


class LeaseLost(AttuneError):
    """The job has passed to another worker, or its user has been forgotten: nothing more may be done for it."""


class HandedBack(AttuneError):
    """This worker is stopping: the job is saved, and free for the next one."""


class Lease:
    """`seconds` is how long the job stays with this worker after each save; `now` is in epoch seconds. Set `stopping`,
    and the next save gives the job back."""

    def __init__(
        self, store: Store, leased: LeasedJob, seconds: float, stopping: asyncio.Event, now: Callable[[], float]
    ) -> None:
        self.user = leased.user
        self.job = leased.job
        self.token = leased.token
        self.progress = leased.progress
        """What was saved last, by this lease or one before it."""
        self._store = store
        self._seconds = seconds
        self._stopping = stopping
        self._now = now
        self._timeout: asyncio.Timeout | None = None

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Raises `TimeoutError` inside once the lease has run out without a save: what takes that long hangs, and
        another may have the job."""
        async with asyncio.timeout(self._seconds) as self._timeout:
            yield

    async def save(self, progress: bytes) -> None:
        """Raises `LeaseLost`, `HandedBack` or `StoreUnavailable`."""
        stopping = self._stopping.is_set()
        until = self._now() + (0.0 if stopping else self._seconds)
        if not await self._store.save_job(self.user, self.token, progress, until):
            raise LeaseLost("the job has passed to another worker")
        self.progress = progress
        if stopping:
            raise HandedBack("this worker is stopping")
        if self._timeout is not None:
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._seconds)

    async def finish(self) -> None:
        """Ends the job. Raises `LeaseLost` or `StoreUnavailable`."""
        if not await self._store.finish_job(self.user, self.token):
            raise LeaseLost("the job has passed to another worker")
