"""The control stage: keeps the fleet's figures, and sends what is due in the store as commands.

A due refresh is neither lost nor repeated, however often control dies:

1. Claim: the store hands out users whose time has come and hides them for a lease; the time itself stays.
2. Send: one command each.
3. Apply: the agent looks whether it is due still, and its commit sets the next time or clears it. Only that ends the
   claim; a control that died between 1 and 2 leaves a lease that runs out, and the next claim makes another command.
   Of two the second finds nothing due.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from schemas.command import ProfileCommand, RefreshCause, RefreshCommand, RetryCommand
from schemas.dead_letter import DeadLetter
from schemas.profile import ProfileChanged
from schemas.receipt import ErasureStatus
from streams.contract import Outgoing, Partition, Producer, Record, Timer
from streams.erasure_book import ErasureBook
from streams.metrics import AGE_EDGES, Metrics
from streams.topics import COMMANDS, DEAD_LETTERS, PROFILE_EVENTS
from workers.ports import Due, Store

_LOG = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between two looks at what is due: the precision of every age."""

RETRY_TICK = 0.2
"""Seconds between two looks at what waits. Somebody who has typed a text looks at the screen: it has its vector after
some 50 ms, and stands in the profile a look later. A look that finds nothing costs a store 0.1 ms."""

COUNT_TICK = 5.0
"""Seconds between two counts of the fleet: Prometheus scrapes every 15."""

ERASURES_TICK = 15.0
"""Seconds between two looks at the erasures under way: as often as Prometheus scrapes, a quarter of their deadline."""

SHED_TICK = 600.0
"""Seconds between two looks at whether the store's files still have what was erased. Redis reads all it has to write
them anew (a million people: some seconds of a core), once for all who were erased meanwhile."""

GATHER = 0.5
FEW = 100
"""Seconds before the next batch where one had fewer messages: they are figures, and Prometheus scrapes every 15 s.
Without them every batch of the agents' would be one here, too, each with a commit of its own."""

LEASE = 30.0
"""Seconds a claim hides a user: longer than a send and the agents' usual lag, short enough to make up for a death."""

CLAIMS = 500
"""Users claimed at once: 500 commands are one small batch of sends."""


class ControlStage:
    """`now` is in epoch seconds. Without `erasures` nobody counts them. `gather` in seconds, as `GATHER`."""

    name = "control"
    group = "attune-control"
    topics = (PROFILE_EVENTS, DEAD_LETTERS)

    def __init__(
        self,
        store: Store,
        producer: Producer,
        *,
        metrics: Metrics,
        now: Callable[[], float] = time.time,
        erasures: ErasureBook | None = None,
        gather: float = 0.0,
    ) -> None:
        self._store = store
        self._producer = producer
        self._metrics = metrics
        self._now = now
        self._erasures = erasures
        self._gather = gather
        self._erased: set[str] | None = None
        """Erasures that were complete at the last look."""
        self.timers = (
            Timer(TICK, self.send_due),
            Timer(RETRY_TICK, self.send_retries),
            Timer(COUNT_TICK, self.count_fleet),
            Timer(ERASURES_TICK, self.count_erasures),
            Timer(SHED_TICK, store.shed),
        )

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        return {}

    async def handle(self, batch: Sequence[Record]) -> None:
        """Counts. A notice that cannot be read is logged and passed over: it is a figure, not a state."""
        for record in batch:
            if record.forgotten:
                continue
            try:
                self._count(record)
            except ValidationError:
                _LOG.warning("%s/%d at %d cannot be read", record.topic, record.partition, record.offset)
        if len(batch) < FEW:
            await asyncio.sleep(self._gather)

    async def send_due(self) -> None:
        """Claims and sends the re-fits and refinements whose time has come."""
        await self._send_all("refit", _refit)
        await self._send_all("refine", _refine)

    async def send_retries(self) -> None:
        """Has the agents look again at what waits for an item or for words."""
        await self._send_all("waiting", _retry)

    async def count_fleet(self) -> None:
        """Profiles by the age of their last re-fit."""
        now = self._now()
        # Ages upwards are times downwards: the counts come oldest first.
        counts = await self._store.count_times("refitted", [now - age for age in reversed(AGE_EDGES)])
        names = [*(f"le_{age:g}s" for age in AGE_EDGES), "older"]
        for name, count in zip(names, reversed(counts), strict=True):
            self._metrics.profiles_by_refit_age.labels(name).set(count)

    async def count_erasures(self) -> None:
        """Those of the last week by how far they are, and how long those took that were completed since the last
        look."""
        if self._erasures is None:
            return
        statuses = await self._erasures.statuses()
        for state in ("pending", "late", "complete"):
            self._metrics.erasures.labels(state).set(sum(one.state == state for one in statuses))
        complete = {one.erasure: one for one in statuses if one.state == "complete"}
        for erasure in complete.keys() - (complete.keys() if self._erased is None else self._erased):
            self._metrics.erasure_seconds.observe(_seconds(complete[erasure]))
        self._erased = set(complete)

    def _count(self, record: Record) -> None:
        if record.topic == PROFILE_EVENTS:
            changed = ProfileChanged.model_validate_json(record.value or b"")
            self._metrics.versions_by_cause.labels(changed.cause.value).inc()
        else:
            letter = DeadLetter.model_validate_json(record.value or b"")
            if letter.settled is None:
                self._metrics.letters_seen.labels(letter.reason.value).inc()

    async def _send_all(self, name: str, command: Callable[[Due, float], ProfileCommand]) -> None:
        """Until nothing more is due."""
        while await self._claim_and_send(name, command) == CLAIMS:
            pass

    async def _claim_and_send(self, name: str, command: Callable[[Due, float], ProfileCommand]) -> int:
        # 1. Claim
        claimed = await self._store.claim_due(name, self._now(), CLAIMS, LEASE)
        # 2. Send
        await self._producer.send([_outgoing(command(due, self._now())) for due in claimed])
        self._metrics.due_claimed.labels(name).inc(len(claimed))
        return len(claimed)


def _refit(due: Due, now: float) -> RefreshCommand:
    identity = _identity("refit", due, now)
    return RefreshCommand(command_id=identity, user=due.user, time=_instant(now), cause=RefreshCause.AGE)


def _refine(due: Due, now: float) -> RefreshCommand:
    """The agent knows which of its triggers has set the time."""
    identity = _identity("refine", due, now)
    return RefreshCommand(command_id=identity, user=due.user, time=_instant(now), cause=RefreshCause.AGE, what="texts")


def _retry(due: Due, now: float) -> RetryCommand:
    return RetryCommand(command_id=_identity("waiting", due, now), user=due.user, time=_instant(now))


def _identity(what: str, due: Due, now: float) -> str:
    """Of this sending. An agent takes no identity twice, and the very same time may be due once more: of two events
    that the log took in one millisecond, the second may be folded after the re-fit that the first one waited for."""
    return f"{what}:{due.due:.3f}:{now:.3f}"


def _outgoing(command: ProfileCommand) -> Outgoing:
    return Outgoing(COMMANDS, command.user.encode(), command.to_bytes())


def _seconds(status: ErasureStatus) -> float:
    """From where the agent had done its part until the last provider had."""
    assert status.begun is not None
    assert status.completed is not None
    return (status.completed - status.begun).total_seconds()


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
