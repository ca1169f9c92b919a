"""Freshness: how long after the broker took an event its person's new profile can be searched with at a provider,
beside the bare loop's way from broker to last reader.

1. A Kafka and a Redis of its own, and a file for the embedded service. The items are there from the start.
2. The bare loop, Attune on Kafka and Redis, and Attune embedded take turns, so that what slows the machine slows all.
   Each is in one process with what feeds it and what reads it.
3. The first turn plays a past, four times as fast: profiles grow, and the broker's code is compiled (its first seconds
   are ten times as slow). It does not count.
4. In the others events come at even distances, whether or not those before have come through.
5. Measured is at Attune's provider, by what `attune_freshness_seconds` observes, and behind the bare loop by the reader
   of its messages. Both go by the broker's timestamp, which is cut to milliseconds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.bare import EMBEDDINGS, EVENTS, open_bare_loop, read_embeddings
from benchmarks.figures import Figures, latencies, machine, say
from benchmarks.servers import Servers, start_servers
from benchmarks.service import SampledMetrics, agents_stage, run_during, runner, total, until
from benchmarks.travel import PAST, SETTLE_SECONDS, TURNS, Turn, Way, travel, turns_of
from benchmarks.workload import Catalog, catalog, interactions
from infra.ground import open_ground
from infra.settings import Settings
from streams.kafka_producer import KafkaProducer
from streams.provider import ProviderStage
from streams.together import together
from workers.errors import ConfigurationError
from workers.space import describe_space


@dataclass(frozen=True, slots=True)
class _Plan:
    servers: Servers
    settings: Settings
    catalog: Catalog


def run(
    settings: Settings,
    *,
    rate: float = 100.0,
    seconds: float = 20.0,
    users: int = 100,
    fast: bool = False,
    progress: Callable[[str], None] = say,
) -> Figures:
    """Figures ready for JSON; `ratio` is Attune's percentiles over the bare loop's. `rate` is of events a second.
    `fast`: a broker for tests. Takes three times `seconds` and a little. Raises `ProcessError`, which names the package
    to install, `ConfigurationError`, and `Incomplete` where an event did not come through."""
    count = int(rate * seconds)
    if count < TURNS or users < 1:
        raise ConfigurationError(f"freshness needs a user, and a rate and a time that make {TURNS} events")
    turns = turns_of(interactions(users, users * PAST + count), users * PAST, rate)
    progress(f"{rate:g} events/s of {users} users for {seconds:g} s, three times; starting Kafka and Redis")
    with start_servers(fast) as servers:
        plan = _Plan(servers, settings, catalog(describe_space(settings.model)))
        bare, kafka, embedded = asyncio.run(_measure(plan, turns, progress))
    return {
        "bench": "freshness",
        "rate": rate,
        "seconds": seconds,
        "events": count,
        "users": users,
        "batch_size": settings.batch_size,
        "machine": machine(),
        "limit": {"what": "bare loop", **bare},
        "attune": {"kafka": kafka, "embedded": embedded},
        "ratio": {"kafka": _ratios(kafka, bare), "embedded": _ratios(embedded, bare)},
    }


async def _measure(plan: _Plan, turns: Sequence[Turn], progress: Callable[[str], None]) -> list[Figures]:
    """2."""
    batch_size, servers = plan.settings.batch_size, plan.servers
    await servers.prepare(EVENTS, EMBEDDINGS)
    ways: dict[str, Callable[[Turn], Awaitable[list[float]]]] = {
        "bare loop": partial(_bare, plan),
        "Attune on Kafka and Redis": partial(_attune, plan, servers.settings(plan.settings, batch_size)),
        "Attune embedded": partial(_attune, plan, servers.embedded(plan.settings, batch_size)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number, turn in enumerate(turns):
        for name, way in ways.items():
            taken = await way(turn)
            told = "p50 {p50_ms} ms, p90 {p90_ms} ms, p99 {p99_ms} ms".format(**latencies(taken))
            progress(f"{name}, {f'turn {number}' if number else 'warming up'}: {told}")
            seconds[name] += taken if number else []
    return [latencies(taken) for taken in seconds.values()]


async def _attune(plan: _Plan, settings: Settings, turn: Turn) -> list[float]:
    async with open_ground(settings) as opened:
        metrics = SampledMetrics()
        ground = replace(opened, metrics=metrics)
        await plan.catalog.fill(ground.store)
        await ground.producer.send(plan.catalog.messages)
        provider = ProviderStage(ground.space.id, ground.space.dimension, metrics, scoring=settings.scoring)
        seconds = metrics.samples.of("profile")

        def is_through(events: int) -> bool:
            return total(metrics.applied) == events and total(metrics.publishes) == len(seconds)

        async def work() -> None:
            await until(lambda: sum(provider.sizes().values()) == len(plan.catalog.messages), SETTLE_SECONDS)
            await travel(Way(ground.producer, seconds, is_through), turn)

        await run_during([runner(ground, agents_stage(ground)), runner(ground, provider)], work())
    return seconds


async def _bare(plan: _Plan, turn: Turn) -> list[float]:
    """The same events on a topic of its own: Attune takes each of them once only."""
    seconds: list[float] = []
    events = [replace(event, topic=EVENTS.name) for event in turn.events]
    async with AsyncExitStack() as stack:
        producer = KafkaProducer(plan.servers.kafka.bootstrap, send_timeout=plan.settings.send_timeout)
        stack.push_async_callback(producer.close)
        loop = await stack.enter_async_context(
            open_bare_loop(plan.servers, "benchmark-bare", plan.settings.batch_size, EVENTS.name)
        )
        way = Way(producer, seconds, lambda sent: loop.events == sent and loop.sent == len(seconds))
        await together(loop.run(), read_embeddings(plan.servers, seconds), travel(way, Turn(events, turn.rate)))
    return seconds


def _ratios(attune: Figures, bare: Figures) -> Figures:
    return {name.removesuffix("_ms"): round(attune[name] / bare[name], 2) for name in ("p50_ms", "p90_ms", "p99_ms")}
