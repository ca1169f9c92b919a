"""Handing batches to a stage: what every runner does in the same way (steps 2 to 6 of `streams.contract`).

1. At most one batch is in hand: from before the stage gets it until its offsets are committed.
2. The stage raises `Unavailable` or `Overloaded`: wait (0.1 s doubling to 5 s) and hand over the same batch again. Any
   other error is raised to the runner, and nothing is committed.
3. `settle` empties the hand, before partitions are given up or the runner ends: a wait for the next try ends at once, a
   batch that is being handled may end and commit within the deadline and is cancelled after it. What was not committed
   is delivered again, to whoever holds the partitions then.
4. A batch that was fetched before the hand was last settled belongs to nobody: it is dropped, not handed over.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from streams.backoff import delays
from streams.contract import Partition, Record, Stage
from streams.deadline import abandon
from streams.metrics import Metrics
from streams.progress import heard_by
from workers.errors import AttuneError, BrokerUnavailable, FatalRunnerError, Overloaded, StoreUnavailable, Unavailable

_LOG = logging.getLogger(__name__)

Commit = Callable[[Sequence[Record]], Awaitable[None]]

PASSING = (Unavailable, Overloaded)
"""What passes by itself: try the same again."""


def count_passing(error: AttuneError, stage: str, metrics: Metrics) -> None:
    """Counts an error that will pass where the operator looks for it."""
    if isinstance(error, StoreUnavailable):
        metrics.store_errors.labels(stage=stage).inc()
    elif isinstance(error, BrokerUnavailable | Overloaded):
        metrics.broker_errors.labels(stage=stage).inc()


class HandOver:
    """Gives batches to one stage. Closed at first: `open` it when there are partitions to read."""

    def __init__(self, stage: Stage, metrics: Metrics) -> None:
        self._stage = stage
        self._metrics = metrics
        self._empty = asyncio.Event()
        self._empty.set()
        self._settling = asyncio.Event()
        self._settling.set()
        self._given_up = asyncio.Event()
        self._over = False
        self.turn = 0
        """Changes whenever the hand is settled. Read it before fetching, and pass it to `deliver`."""
        self.in_hand = 0
        """Records handed over and not committed."""
        self.progress = 0
        """Grows with every batch that ends, every step on its way (`streams.progress`), and every try that the stage
        answered, if only by `Unavailable`. A batch that was given up is no progress."""
        self._resuming = False

    def open(self) -> None:
        """Batches may be delivered, unless the runner is ending."""
        if not self._over:
            self._settling.clear()
            self._given_up.clear()

    @property
    def busy(self) -> bool:
        """Whether the stage has something in hand: a batch, or the question where to resume."""
        return self.in_hand > 0 or self._resuming

    async def where_to_resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        """What the stage answers, as soon as it can."""
        self._resuming = True
        try:
            with heard_by(self._step):
                return await self._resume(assigned)
        finally:
            self._resuming = False
            self._step()

    async def _resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        for delay in delays():
            try:
                return await self._stage.resume(assigned)
            except PASSING as error:
                self._passing(error, delay)
            await asyncio.sleep(delay)
        raise AssertionError("delays never end")

    async def deliver(self, batch: Sequence[Record], turn: int, commit: Commit) -> bool:
        """Steps 1 and 2: whether the batch was handled (and `commit` awaited). Raises the stage's own error."""
        if self._settling.is_set() or turn != self.turn:  # 4
            return False
        self._empty.clear()
        self.in_hand = len(batch)
        try:
            handled = await self._handle(batch)
            if handled:
                await commit(batch)
                self._step()
            return handled
        finally:
            self.in_hand = 0
            self._empty.set()

    async def settle(self, seconds: float, *, for_good: bool = False) -> None:
        """Step 3. After it nothing is delivered until `open`; after `for_good`, never again."""
        self._over = self._over or for_good
        self.turn += 1
        self._settling.set()
        if await _set_within(self._empty, seconds):
            return
        self._given_up.set()
        _LOG.warning("%s did not finish its batch in %.1f s: it will be delivered again", self._stage.name, seconds)
        # The stage's task is left to itself: only our own steps after it are waited for, and they take no time.
        await _set_within(self._empty, 0.5)

    async def _handle(self, batch: Sequence[Record]) -> bool:
        self._metrics.batch_size.labels(stage=self._stage.name).observe(len(batch))
        for delay in delays():
            try:
                return await self._attempt(batch)
            except PASSING as error:
                self._passing(error, delay)
            if await _set_within(self._settling, delay):
                return False
        raise AssertionError("delays never end")

    def _step(self) -> None:
        self.progress += 1

    def _passing(self, error: AttuneError, delay: float) -> None:
        self._step()
        count_passing(error, self._stage.name, self._metrics)
        _LOG.warning("%s: %s (trying again in %.1f s)", self._stage.name, error, delay)

    async def _attempt(self, batch: Sequence[Record]) -> bool:
        start = time.perf_counter()
        with heard_by(self._step):
            task = asyncio.ensure_future(self._stage.handle(batch))
        giving_up = asyncio.ensure_future(self._given_up.wait())
        try:
            await asyncio.wait({task, giving_up}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                return False
        finally:
            abandon(giving_up)
            if not task.done():
                abandon(task)
        if task.cancelled():
            raise FatalRunnerError(f"{self._stage.name} was cancelled from within while it handled a batch: restart it")
        task.result()
        self._step()
        self._metrics.batch_seconds.labels(stage=self._stage.name).observe(time.perf_counter() - start)
        return True


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
