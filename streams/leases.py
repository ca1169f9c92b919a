"""A job in one worker's hands: kept by saving how far it has come, given back where the worker stops, and given up
where too many workers in a row have come no further with it.

What is saved is the number of leases that have begun since it last came further, a space, and how far it has come. A
lease counts itself before any work is done, or a job that takes its process along would come back for ever.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from workers.errors import AttuneError
from workers.ports import LeasedJob, Store


class LeaseLost(AttuneError):
    """The job has passed to another worker, or its user has been forgotten: nothing more may be done for it."""


class HandedBack(AttuneError):
    """This worker is stopping: the job is saved, and free for the next one."""


class TriedInVain(AttuneError):
    """`MAX_LEASES` in a row have come no further with the job: it is to be finished, not tried again."""


MAX_LEASES = 3
"""One may have met a deployment and one the end of a machine; a third that dies in the same round died of it. Where a
process dies within a second, three take as many leases of 300 s: a quarter of an hour."""


class Lease:
    """`seconds` is how long the job stays with this worker after each save; `now` is in epoch seconds. Set `stopping`,
    and the next save gives the job back."""

    def __init__(
        self, store: Store, leased: LeasedJob, seconds: float, stopping: asyncio.Event, now: Callable[[], float]
    ) -> None:
        self.user = leased.user
        self.job = leased.job
        self.token = leased.token
        tries, self.progress = _read(leased.progress)
        """What was saved last, by this lease or one before it."""
        self._tries = tries + 1
        """Leases since it last came further, this one included."""
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

    async def begin(self) -> None:
        """Counts this lease, once however often it begins, and renews it. Raises `TriedInVain`, `LeaseLost` or
        `StoreUnavailable`."""
        if self._tries > MAX_LEASES:
            raise TriedInVain(f"{MAX_LEASES} workers in a row have come no further with the job")
        await self._put(self._tries, self.progress, self._seconds)

    async def save(self, progress: bytes) -> None:
        """Raises `LeaseLost`, `HandedBack` or `StoreUnavailable`."""
        stopping = self._stopping.is_set()
        await self._put(0, progress, 0.0 if stopping else self._seconds)
        self._tries, self.progress = 0, progress
        if stopping:
            raise HandedBack("this worker is stopping")
        if self._timeout is not None:
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._seconds)

    async def finish(self) -> None:
        """Ends the job. Raises `LeaseLost` or `StoreUnavailable`."""
        if not await self._store.finish_job(self.user, self.token):
            raise LeaseLost("the job has passed to another worker")

    async def _put(self, tries: int, progress: bytes | None, seconds: float) -> None:
        saved = b"%d %s" % (tries, progress or b"")
        if not await self._store.save_job(self.user, self.token, saved, self._now() + seconds):
            raise LeaseLost("the job has passed to another worker")


def _read(saved: bytes | None) -> tuple[int, bytes | None]:
    """Leases in vain, and the progress. An earlier release saved its progress alone, a JSON object."""
    if saved is None or saved.startswith(b"{"):
        return 0, saved
    tries, _, progress = saved.partition(b" ")
    return int(tries), progress or None
