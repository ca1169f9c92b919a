"""Throughput: how many events a second one agents process takes from Kafka into profiles, beside the bare loop.

1. A Kafka and a Redis of its own; the events stand in the log before anything is measured.
2. The bare loop and Attune's agents take turns on the same events (Attune's are sealed, as the gateway sends them, so
   they stand on a topic of their own), so that what slows the machine slows both; each run starts from an empty store
   and in a group of its own.
3. A run counts from the end of its first batch (`figures.Meter`). Of all runs the median is reported, and each is
   listed.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks.bare import EMBEDDINGS, EVENTS, MESSAGE_BYTES, open_bare_loop
from benchmarks.figures import Figures, Meter, machine, median_of, say
from benchmarks.servers import PARTITIONS, Servers, start_servers
from benchmarks.service import Counted, Weighed, agents_stage, refuse_incomplete, run_during, runner, total
from benchmarks.workload import Catalog, catalog, interactions
from infra.ground import open_ground
from infra.settings import RunnerName, Settings
from streams.contract import Outgoing
from workers.errors import ConfigurationError
from workers.space import describe_space

BATCH_SIZE = 500
"""Both loops' largest batch: the bare loop is at its best there (FACTS), so the limit is not set low."""


@dataclass(frozen=True, slots=True)
class _Plan:
    servers: Servers
    settings: Settings
    events: int
    catalog: Catalog


def run(
    settings: Settings,
    *,
    events: int = 20_000,
    users: int = 1_000,
    batch_size: int = BATCH_SIZE,
    repeats: int = 3,
    faust: bool = False,
    fast: bool = False,
    progress: Callable[[str], None] = say,
) -> Figures:
    """Figures ready for JSON; `ratio` is Attune's events a second over the bare loop's. `faust`: the agents on Faust,
    too. `fast`: a broker for tests. Takes about a minute. Raises `ProcessError`, which names the package to install,
    `ConfigurationError`, and `Incomplete` where an event did not come through."""
    if events < 3 * batch_size or repeats < 1:
        raise ConfigurationError("throughput needs at least 3 batches of events and 1 repeat: warming up takes a batch")
    messages = interactions(users, events)
    progress(f"{events} events of {users} users; starting Kafka and Redis")
    with start_servers(fast) as servers:
        here = servers.settings(settings, batch_size)
        plan = _Plan(servers, here, events, catalog(describe_space(settings.model)))
        runs = asyncio.run(_measure(plan, messages, repeats, faust, progress))
    return {
        "bench": "throughput",
        "events": events,
        "users": users,
        "batch_size": batch_size,
        "partitions": PARTITIONS,
        "repeats": repeats,
        "machine": machine(),
        **_report(runs),
    }


async def _measure(
    plan: _Plan, messages: Sequence[Outgoing], repeats: int, faust: bool, progress: Callable[[str], None]
) -> dict[str, list[Figures]]:
    await plan.servers.prepare(EVENTS, EMBEDDINGS)
    await _fill_log(plan.settings, messages)  # 1
    kinds: tuple[RunnerName, ...] = ("aiokafka", "faust") if faust else ("aiokafka",)
    runs: dict[str, list[Figures]] = {"bare": [], **{kind: [] for kind in kinds}}
    for number in range(repeats):  # 2
        runs["bare"].append(await _bare(plan, f"benchmark-bare-{number}"))
        for kind in kinds:
            runs[kind].append(await _attune(plan, kind, f"benchmark-{kind}-{number}"))
        told = ", ".join(f"{name} {done[-1]['events_per_s']:.0f} events/s" for name, done in runs.items())
        progress(f"run {number + 1} of {repeats}: {told}")
    return runs


async def _fill_log(settings: Settings, messages: Sequence[Outgoing]) -> None:
    async with open_ground(settings) as ground:
        await ground.producer.send(messages)
        await ground.producer.send([replace(message, topic=EVENTS.name) for message in messages])


async def _bare(plan: _Plan, group: str) -> Figures:
    plan.servers.redis.wipe()
    meter = Meter(plan.events)
    async with open_bare_loop(plan.servers, group, plan.settings.batch_size, EVENTS.name) as loop:
        while not meter.complete.is_set():
            if size := await loop.step():
                meter.count(size)
    return meter.figures() | {"sent_bytes_per_event": round(loop.sent * MESSAGE_BYTES / plan.events)}


async def _attune(plan: _Plan, kind: RunnerName, group: str) -> Figures:
    plan.servers.redis.wipe()
    meter = Meter(plan.events)
    async with open_ground(plan.settings) as ground:
        await plan.catalog.fill(ground.store)
        weighed = Weighed(ground.producer)
        stage = agents_stage(replace(ground, producer=weighed))
        await run_during([runner(ground, Counted(stage, group, meter), kind)], meter.complete.wait())
        refuse_incomplete(ground.metrics, plan.events)
    return meter.figures() | {
        "versions": total(ground.metrics.publishes) // len(_providers(plan.catalog)),
        "embeddings": total(ground.metrics.publishes),
        "sent_bytes_per_event": round(weighed.bytes / plan.events),
    }


def _providers(catalog: Catalog) -> set[str]:
    return {record.key.partition(":")[0] for record in catalog.records}


def _report(runs: dict[str, list[Figures]]) -> Figures:
    """3."""
    bare = _summary("bare", runs["bare"]) | {"what": "bare loop"}
    attune = _summary("aiokafka", runs["aiokafka"])
    report = {"limit": bare, "attune": attune, **_ratios(attune, bare)}
    if "faust" in runs:
        faust = _summary("faust", runs["faust"])
        report["faust"] = faust | _ratios(faust, bare)
    return report


def _summary(runner: str, runs: list[Figures]) -> Figures:
    names = [name for name in runs[0] if name not in ("events", "batches", "seconds")]
    return {"runner": runner, **{name: median_of(runs, name) for name in names}, "runs": runs}


def _ratios(attune: Figures, bare: Figures) -> Figures:
    return {
        "ratio": round(attune["events_per_s"] / bare["events_per_s"], 4),
        "cpu_ratio": round(attune["cpu_us_per_event"] / bare["cpu_us_per_event"], 2),
    }
