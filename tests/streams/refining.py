"""A store with jobs in it, and refiners that do with them what a test wants; proposers that answer by a script."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from schemas.command import AddInterest
from schemas.proposal import Cost, Outcome, RefineTrigger
from streams.leases import Lease
from streams.metrics import Metrics
from streams.refiner import JobEnd, Refine, Refiner
from tests.fakes import MemoryStore
from tests.patience import PATIENCE
from tests.virtual_time import loop_time
from workers.jobs import RefineJob
from workers.ports import UserCommit
from workers.refinement.asks import FREE, Answer, Ask, ClusterAsk, Described, ProposerName
from workers.refit import interest_id


def job_for(user: str, job_id: str = "job-1", trigger: RefineTrigger = RefineTrigger.COUNT) -> RefineJob:
    return RefineJob(job_id=job_id, user=user, trigger=trigger, base_version=1, requested_ms=0)


async def at_once(job: RefineJob, lease: Lease) -> JobEnd:
    return JobEnd.IMPROVED


@dataclass
class Shop:
    """The store is in memory; leases run by the clock of the loop, which tests set forward."""

    store: MemoryStore = field(default_factory=MemoryStore)
    metrics: Metrics = field(default_factory=Metrics)
    ahead: float = 0.0

    def now(self) -> float:
        return loop_time() + self.ahead

    async def queue(self, *users: str, job: bytes | None = None) -> None:
        for user in users:
            record = (await self.store.read([user], (), "")).users.get(user)
            raw = job_for(user).to_bytes() if job is None else job
            await self.store.commit([UserCommit(user, record.revision if record else 0, b"", job=raw)])

    def refiner(
        self, refine: Refine = at_once, *, at_once: int = 1, lease: float = 60.0, stop_timeout: float = 2.0
    ) -> Refiner:
        return Refiner(
            self.store,
            refine,
            at_once=at_once,
            lease=lease,
            metrics=self.metrics,
            now=self.now,
            stop_timeout=stop_timeout,
        )

    def ends(self, end: JobEnd, trigger: str = "count") -> float:
        labels = {"trigger": trigger, "end": end.value}
        return self.metrics.registry.get_sample_value("attune_refiner_jobs_total", labels) or 0.0


@asynccontextmanager
async def running(refiner: Refiner) -> AsyncIterator["asyncio.Task[None]"]:
    """Runs it during the block, then stops it; raises what it raises."""
    task = asyncio.create_task(refiner.run())
    yield task
    await refiner.stop()
    await task


async def eventually(holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = loop_time() + seconds
    while not holds():
        assert loop_time() < deadline, f"did not come to hold within {seconds} s"
        await asyncio.sleep(0.005)


@dataclass
class Scripted:
    """A proposer that suggests to add one text after the other, each once, then nothing. `before` happens before each
    answer, with the number of the ask."""

    texts: tuple[str, ...] = ("old tea", "new jazz", "rare rowing", "old rowing")
    name: ProposerName = "vllm"
    cost: Cost = FREE
    costs_at_most: Cost = FREE
    outcome: Outcome = Outcome.OK
    before: Callable[[int], Awaitable[None]] | None = None
    asked: int = 0

    def most(self, ask: Ask | ClusterAsk) -> Cost:
        return self.costs_at_most

    async def propose(self, ask: Ask) -> Answer:
        if self.before is not None:
            await self.before(self.asked)
        self.asked += 1
        there = {one.id for one in ask.interests}
        new = [text for text in self.texts if interest_id(text) not in there][ask.iteration % 2 : 2]
        if self.outcome is not Outcome.OK or not new:
            return Answer(Outcome.EMPTY if self.outcome is Outcome.OK else self.outcome, cost=self.cost)
        return Answer(Outcome.OK, tuple(AddInterest(text=text) for text in new), self.cost)

    async def describe(self, ask: ClusterAsk) -> Described:
        self.asked += 1
        return Described(Outcome.EMPTY, cost=self.cost)
