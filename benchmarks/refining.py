"""What refinements do to freshness where all is one process (`attune up`): quiet, and while many of them wait.

1. Two embedded services, each in a file of its own. Both play the same past, which does not count: people's profiles
   grow.
2. In one of them so many other people have the same profiles, and a refinement waits for each.
3. Both take turns at the same events, the second with its refiner running (`infra.refining`), as the settings have it.
   The new versions that refinements make are among those measured.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figures, latencies, machine, say
from benchmarks.service import SampledMetrics, agents_stage, run_during, runner, total, until
from benchmarks.travel import PAST, SETTLE_SECONDS, TURNS, Turn, Way, travel, turns_of
from benchmarks.workload import Catalog, catalog, interactions
from infra.ground import Ground, open_ground
from infra.refining import refiner_of
from infra.settings import Settings
from schemas.proposal import RefineTrigger
from streams.agents import AgentsStage
from streams.contract import Outgoing
from streams.provider import ProviderStage
from workers.errors import ConfigurationError
from workers.jobs import RefineJob
from workers.ports import UserCommit
from workers.space import describe_space

_LOOK_SECONDS = 0.02


@dataclass(slots=True)
class _Service:
    """`jobs` wait in it from the second turn on. `refined` counts how many of them were done, and `seconds` is how long
    each took, rests included."""

    settings: Settings
    catalog: Catalog
    jobs: int
    fresh: list[float]
    refined: int = 0
    seconds: float = 0.0


def run(
    settings: Settings,
    *,
    refinements: int = 1_000,
    rate: float = 100.0,
    seconds: float = 20.0,
    users: int = 100,
    progress: Callable[[str], None] = say,
) -> Figures:
    """Figures ready for JSON; `ratio` is of the busy service's percentiles over the quiet one's. `rate` is of events a
    second. Takes three times `seconds` and a little. Raises `ConfigurationError`, and `Incomplete` where an event did
    not come through."""
    count = int(rate * seconds)
    if count < TURNS or users < 1 or refinements < 1:
        raise ConfigurationError(f"it needs a user, a refinement, and a rate and a time that make {TURNS} events")
    turns = turns_of(interactions(users, users * PAST + count), users * PAST, rate)
    progress(f"{rate:g} events/s of {users} users for {seconds:g} s; {refinements} refinements wait in one of two")
    with TemporaryDirectory(prefix="attune-benchmark-") as folder:
        quiet, busy = (_service(settings, Path(folder) / str(jobs), jobs) for jobs in (0, refinements))
        asyncio.run(_measure((quiet, busy), turns, progress))
    calm, refining = (latencies(service.fresh) for service in (quiet, busy))
    return {
        "bench": "freshness while refining",
        "rate": rate,
        "seconds": seconds,
        "users": users,
        "refinements": refinements,
        "refined": busy.refined,
        "refinement_ms": round(1000 * busy.seconds / max(1, busy.refined), 1),
        "share": settings.refiner_share,
        "machine": machine(),
        "quiet": calm,
        "refining": refining,
        "ratio": {name: round(refining[f"{name}_ms"] / calm[f"{name}_ms"], 2) for name in ("p50", "p90", "p99")},
    }


def _service(settings: Settings, folder: Path, jobs: int) -> _Service:
    here = settings.model_copy(update={"broker": "embedded", "store": "embedded", "data_dir": folder})
    return _Service(here, catalog(describe_space(settings.model)), jobs, [])


async def _measure(services: Sequence[_Service], turns: Sequence[Turn], progress: Callable[[str], None]) -> None:
    for number, turn in enumerate(turns):
        for service in services:
            fresh = await _play(service, turn, warming_up=number == 0)
            told = "p50 {p50_ms} ms, p90 {p90_ms} ms, p99 {p99_ms} ms".format(**latencies(fresh))
            kind = f"{service.refined} refinements done" if service.jobs else "quiet"
            progress(f"{kind}, {f'turn {number}' if number else 'warming up'}: {told}")
            service.fresh += fresh if number else []


async def _play(service: _Service, turn: Turn, warming_up: bool) -> list[float]:
    async with open_ground(service.settings) as opened:
        metrics = SampledMetrics()
        ground = replace(opened, metrics=metrics)
        await service.catalog.fill(ground.store)
        await ground.producer.send(service.catalog.messages)
        provider = ProviderStage(ground.space.id, ground.space.dimension, metrics, scoring=service.settings.scoring)
        agents = agents_stage(ground)
        refiner = _refining(ground, agents) if service.jobs and not warming_up else nullcontext()
        seconds = metrics.samples.of("profile")

        def is_through(events: int) -> bool:
            return total(metrics.applied) == events and total(metrics.publishes) == len(seconds)

        async def work() -> None:
            await until(lambda: sum(provider.sizes().values()) == len(service.catalog.messages), SETTLE_SECONDS)
            async with refiner:
                await travel(Way(ground.producer, seconds, is_through), turn)

        await run_during([runner(ground, agents), runner(ground, provider)], work())
        if warming_up:
            await _queue(ground, turn.events, service.jobs)
        service.refined += total(metrics.refiner_jobs)
        service.seconds += sum(
            sample.value
            for family in metrics.refinement_seconds.collect()
            for sample in family.samples
            if sample.name.endswith("_sum")
        )
    return seconds


@asynccontextmanager
async def _refining(ground: Ground, agents: AgentsStage) -> AsyncIterator[None]:
    """A refiner runs meanwhile. What it has proposed is judged before the end: a proposal left for the next turn would
    make a version there that was accepted in this one."""
    refiner = refiner_of(ground, agents.spaces, None, ground.settings.refiner_share)
    running = asyncio.create_task(refiner.run())
    yield
    await refiner.stop()
    await running
    left = 1
    while left:
        await asyncio.sleep(_LOOK_SECONDS)
        left = await ground.broker.lag(agents.group, agents.topics)


async def _queue(ground: Ground, events: Sequence[Outgoing], jobs: int) -> None:
    """2."""
    people = sorted({event.key.decode() for event in events})
    records = (await ground.store.read(people, (), ground.space.id)).users
    states = [record.state for record in records.values() if record.state is not None]
    commits = [_waiting(f"refined-{n}", state) for n, state in zip(range(jobs), itertools.cycle(states), strict=False)]
    await ground.store.commit(commits)


def _waiting(user: str, state: bytes) -> UserCommit:
    job = RefineJob(job_id=f"job-of-{user}", user=user, trigger=RefineTrigger.COUNT, base_version=1, requested_ms=0)
    return UserCommit(user, 0, state, job=job.to_bytes())


if __name__ == "__main__":
    import json

    from infra.settings import read_settings

    print(json.dumps(run(read_settings())))
