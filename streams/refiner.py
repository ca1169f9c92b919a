"""The refiner role: takes the jobs that wait in the store, a bounded number at a time, and has each of them refined.

It is a service like a runner (`run`, `stop`), but reads no topic: the queue is the store's, so that a job is queued in
the same atomic step as the state it is for. Job by job:

1. Claim: a lease with a fencing token. Where nothing waits, look again after 0.05 s doubling to 1 s; one of those who
   could work looks for all.
2. Begin: the lease is counted before any work is done (`streams.leases`). The fourth in a row that comes no further is
   the end of the job: it kills or stalls whoever does it.
3. Refine (`streams.refinement`). Progress is saved after every round, which renews the lease; a round that outlasts the
   lease is given up. Where the store or the broker is away, wait (0.1 s doubling to 5 s) and go on from what was saved.
4. Count what became of it. A job that cannot be done is finished, not tried for ever: the profile stays as it is, and
   the next trigger makes another job. One whose lease was lost is somebody else's now.

A refiner that dies anywhere leaves a lease that runs out, and the next one goes on from the last round. `stop` lets the
rounds in hand end, saves them and gives their jobs back at once; what has not ended its round by the deadline is
cancelled, and its lease runs out.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum

from pydantic import ValidationError

from streams.backoff import delays
from streams.contract import Timer
from streams.deadline import within
from streams.hand_over import PASSING, count_passing
from streams.leases import HandedBack, Lease, LeaseLost, TriedInVain
from streams.metrics import Metrics
from streams.timers import keep_ticking
from streams.together import together
from workers.errors import AttuneError, ConfigurationError
from workers.jobs import RefineJob
from workers.ports import LeasedJob, Store

_LOG = logging.getLogger(__name__)

NAME = "refiner"

FIRST_LOOK = 0.05
LONGEST_LOOK = 1.0
"""Seconds between two looks at an empty queue: what a refinement on demand waits at most before it begins. A look costs
an idle SQLite 0.1 ms and a Redis 64 short calls in one round trip."""

COUNT_TICK = 5.0
"""Seconds between two counts of the queue: Prometheus scrapes every 15."""

STOP_TIMEOUT = 8.0

_LEAVE_SHARE = 0.25
"""Of the stop deadline, kept for leaving after the rounds in hand."""


class JobEnd(StrEnum):
    """What became of a leased job; a metric label. Those of `workers.refinement.rules.End`, and what else may be."""

    IMPROVED = "improved"
    KEPT = "kept"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    FAILED = "failed"
    UNJUDGED = "unjudged"
    GONE = "gone"
    """There is no such profile (any more)."""
    LOST = "lost"
    """Another worker has the lease."""
    STALLED = "stalled"
    """A round took longer than the lease."""
    GIVEN_UP = "given_up"
    """Several leases in a row ended without a round that was saved."""
    HANDED_BACK = "handed_back"
    """This refiner was stopped in the middle."""
    UNREADABLE = "unreadable"
    """The job was written by a later release."""
    BROKEN = "broken"
    """A fault of this program: see the log."""


Refine = Callable[[RefineJob, Lease], Awaitable[JobEnd]]
"""Does a job to its end (but does not finish it). Raises `LeaseLost`, `HandedBack`, or what passes."""


class Refiner:
    """`lease` in seconds; `now` is in epoch seconds. To be used once."""

    def __init__(
        self,
        store: Store,
        refine: Refine,
        *,
        at_once: int,
        lease: float,
        metrics: Metrics,
        now: Callable[[], float] = time.time,
        stop_timeout: float = STOP_TIMEOUT,
    ) -> None:
        self._store = store
        self._refine = refine
        self._at_once = at_once
        self._lease = lease
        self._metrics = metrics
        self._now = now
        self._stop_timeout = stop_timeout
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Until `stop`. Raises what ends it otherwise: `ConfigurationError`, or a fault of this program."""
        self._ended.clear()
        try:
            tick = Timer(COUNT_TICK, self.count_queue)
            await together(self._work(), self._until_the_deadline(), keep_ticking(tick, NAME, self._metrics))
        finally:
            self._ended.set()

    async def stop(self) -> None:
        self._stopping.set()
        try:
            await within(self._stop_timeout, self._ended.wait())
        except TimeoutError:
            _LOG.error("%s did not stop within %.1f s", NAME, self._stop_timeout)

    async def count_queue(self) -> None:
        self._metrics.refinement_queue.set(await self._store.count_jobs())

    async def _until_the_deadline(self) -> None:
        await self._stopping.wait()
        await asyncio.sleep(self._stop_timeout * (1 - _LEAVE_SHARE))

    async def _work(self) -> None:
        workers = [asyncio.create_task(self._serve()) for _ in range(self._at_once)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()

    async def _serve(self) -> None:
        while (leased := await self._next_job()) is not None:
            start = time.monotonic()
            job = _read(leased.job)
            end = await self._do(job, leased)
            # 4. Count
            trigger = "unknown" if job is None else job.trigger.value
            self._metrics.refiner_jobs.labels(trigger, end.value).inc()
            self._metrics.refinement_seconds.labels(trigger).observe(time.monotonic() - start)

    async def _next_job(self) -> LeasedJob | None:
        """1. Claim: None once the refiner stops."""
        async with self._looking:
            for delay in delays(FIRST_LOOK, LONGEST_LOOK):
                if self._stopping.is_set():
                    return None
                if (job := await self._claim()) is not None:
                    return job
                await self._pause(delay)
        return None

    async def _claim(self) -> LeasedJob | None:
        try:
            return await self._store.claim_job(self._now(), self._lease)
        except PASSING as error:
            self._passing(error)
            return None

    async def _do(self, job: RefineJob | None, leased: LeasedJob) -> JobEnd:
        """2. Begin, 3. refine, and go on after what passes."""
        lease = Lease(self._store, leased, self._lease, self._stopping, self._now)
        for delay in delays():
            try:
                async with lease.held():
                    end = JobEnd.UNREADABLE if job is None else await self._begun(job, lease)
                    await lease.finish()
                    return end
            except PASSING as error:
                self._passing(error)
                await self._pause(delay)
                if self._stopping.is_set():
                    return JobEnd.HANDED_BACK  # by its lease, which runs out: the store is away
            except LeaseLost:
                return JobEnd.LOST
            except HandedBack:
                return JobEnd.HANDED_BACK
            except TimeoutError:
                _LOG.error("a round of a refinement took longer than the lease of %.0f s: given up", self._lease)
                return JobEnd.STALLED
        raise AssertionError("delays have no end")

    async def _begun(self, job: RefineJob, lease: Lease) -> JobEnd:
        """What cannot be done is finished all the same."""
        try:
            await lease.begin()
            return await self._refine(job, lease)
        except TriedInVain as error:
            _LOG.error("a refinement was given up: %s; the next trigger makes another", error)
            return JobEnd.GIVEN_UP
        except (*PASSING, LeaseLost, HandedBack, ConfigurationError, TimeoutError):
            raise
        except Exception:  # One person's trouble must not stop the others' refinements.
            _LOG.exception("a refinement failed")
            return JobEnd.BROKEN

    def _passing(self, error: AttuneError) -> None:
        count_passing(error, NAME, self._metrics)
        _LOG.warning("%s: %s (trying again)", NAME, error)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def _read(job: bytes) -> RefineJob | None:
    """None for what another release has written."""
    try:
        return RefineJob.from_bytes(job)
    except ValidationError as error:
        _LOG.error("a job cannot be read (%d errors): upgrade this refiner", error.error_count())
        return None
