"""A hot user: what one person who makes nine tenths of the traffic does to the freshness of the others.

1. A Kafka and a Redis of its own, and a file for the embedded service. The items are there from the start.
2. Two towns in each. In both so many neighbours make a tenth of the events, and only theirs are measured. The rest is
   made by many people in the even town, and by one in the hot town: the total rate is the same.
3. First each town plays its past, four times as fast, which does not count. Then the towns take turns at the same
   service, so that what slows the machine slows both.
4. Measured is at Attune's provider: from the broker's timestamp until the batch with the embedding is searchable.
"""

import asyncio
import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figures, latencies, machine, say
from benchmarks.servers import PARTITIONS, start_servers
from benchmarks.service import KEY, agents_stage, run_during, runner, total, until
from benchmarks.travel import SETTLE_SECONDS, TURNS, Turn, Way, travel, turns_of
from benchmarks.workload import Catalog, catalog, interactions
from infra.ground import Ground, open_ground
from infra.settings import Settings
from schemas.interaction import Interaction
from schemas.profile import ProfileEmbedding
from streams.contract import Outgoing, Partition, Record
from streams.provider import ProviderStage
from streams.topics import PROFILE_EMBEDDINGS
from workers.errors import ConfigurationError
from workers.space import describe_space
from workers.subjects import subject_of

SHARE = 10
"""Every tenth event is a neighbour's."""

PAST_SHARE = 0.5
"""Of the measured events, as many again before them: profiles grow, and the hot user's window is full."""

LIMIT = 2.0
"""How many times as long as in the even town the neighbours of a hot user may have to wait."""


@dataclass(frozen=True, slots=True)
class Town:
    """`neighbours` are those measured; `turns` are the past and those that count."""

    name: str
    neighbours: tuple[str, ...]
    turns: Sequence[Turn]


def run(
    settings: Settings,
    *,
    rate: float = 100.0,
    seconds: float = 20.0,
    neighbours: int = 20,
    kafka: bool = True,
    fast: bool = False,
    progress: Callable[[str], None] = say,
) -> Figures:
    """Figures ready for JSON; `ratio` is of the neighbours' percentiles in the hot town over those in the even one.
    `rate` is of all events a second. `kafka` False: the embedded service only; `fast`: a broker for tests. Takes about
    five times `seconds`. Raises as `benchmarks.freshness.run` does."""
    count = int(rate * seconds)
    if count < SHARE * TURNS or neighbours < 1:
        raise ConfigurationError(f"it needs a neighbour, and a rate and a time that make {SHARE * TURNS} events")
    progress(f"{rate:g} events/s, a tenth of {neighbours} neighbours, the rest of {9 * neighbours} people or of one")
    towns = [_town("even", neighbours, 9 * neighbours, count, rate), _town("hot", neighbours, 1, count, rate)]
    items = catalog(describe_space(settings.model))
    with _services(settings, kafka, fast) as services:
        taken = {name: asyncio.run(_measure(here, items, towns, progress)) for name, here in services.items()}
    return {
        "bench": "hot user",
        "rate": rate,
        "seconds": seconds,
        "neighbours": neighbours,
        "batch_size": settings.batch_size,
        "machine": machine(),
        "limit": LIMIT,
        **{name: _report(by_town) for name, by_town in taken.items()},
    }


@contextmanager
def _services(settings: Settings, kafka: bool, fast: bool) -> Iterator[dict[str, Settings]]:
    """1."""
    with TemporaryDirectory(prefix="attune-benchmark-") as folder, ExitStack() as stack:
        embedded = {"broker": "embedded", "store": "embedded", "data_dir": Path(folder), "partitions": PARTITIONS}
        services = {"embedded": settings.model_copy(update=embedded)}
        if kafka:
            servers = stack.enter_context(start_servers(fast))
            asyncio.run(servers.prepare())
            services["kafka"] = servers.settings(settings, settings.batch_size)
        yield services


def _town(name: str, neighbours: int, others: int, count: int, rate: float) -> Town:
    """2. The neighbours' events lie evenly among the others'."""
    past = int(count * PAST_SHARE)
    few = iter(interactions(neighbours, (past + count) // SHARE + 1))
    many = iter(interactions(others, past + count))
    begin = datetime.now(UTC) - timedelta(seconds=(past + count) / rate)
    mixed = [
        _moved(*((f"{name}-neighbour", next(few)) if at % SHARE == 0 else (f"{name}-other", next(many))), moment)
        for at, moment in ((at, begin + timedelta(seconds=at / rate)) for at in range(past + count))
    ]
    measured = {event.key.decode() for event in mixed[::SHARE]}
    return Town(name, tuple(sorted(measured)), turns_of(mixed, past, rate))


def _moved(place: str, message: Outgoing, moment: datetime) -> Outgoing:
    """The same, done by somebody of this place at this moment: who makes so many events makes them now."""
    event = Interaction.model_validate_json(message.value or b"")
    names = {"user": f"{place}-{event.user}", "event_id": f"{place}-{event.event_id}"}
    event = event.model_copy(update={**names, "time": moment})
    return Outgoing(message.topic, event.user.encode(), event.to_bytes())


async def _measure(
    settings: Settings, items: Catalog, towns: Sequence[Town], progress: Callable[[str], None]
) -> dict[str, list[float]]:
    """3. The neighbours' seconds, by town."""
    async with open_ground(settings) as ground:
        await items.fill(ground.store)
        await ground.producer.send(items.messages)
        provider = _Watched(_provider(ground), _subjects(towns, {one.key.partition(":")[0] for one in items.records}))
        sent = 0

        def is_through(_: int) -> bool:
            return total(ground.metrics.applied) == sent and total(ground.metrics.publishes) == provider.arrived

        async def work() -> None:
            nonlocal sent
            await until(lambda: sum(provider.stage.sizes().values()) == len(items.messages), SETTLE_SECONDS)
            for number in range(TURNS + 1):
                for town in towns:
                    provider.seconds.clear()
                    sent += len(town.turns[number].events)
                    await travel(Way(ground.producer, [], is_through), town.turns[number])
                    taken = provider.seconds[town.name]
                    told = "p50 {p50_ms} ms, p99 {p99_ms} ms of {samples}".format(**latencies(taken))
                    progress(f"{settings.broker.partition(':')[0]}, {town.name} town, turn {number}: {told}")
                    seconds[town.name] += taken if number else []

        seconds: dict[str, list[float]] = {town.name: [] for town in towns}
        await run_during([runner(ground, agents_stage(ground)), runner(ground, provider)], work())
    return seconds


def _provider(ground: Ground) -> ProviderStage:
    return ProviderStage(ground.space.id, ground.space.dimension, ground.metrics, scoring=ground.settings.scoring)


def _subjects(towns: Sequence[Town], providers: Collection[str]) -> dict[bytes, str]:
    """The town of each neighbour, by what the providers know them as."""
    return {
        subject_of(KEY, provider, user).encode(): town.name
        for town in towns
        for user, provider in itertools.product(town.neighbours, providers)
    }


@dataclass(slots=True)
class _Watched:
    """4. A provider; `seconds` are of the subjects named, by town, and `arrived` counts everybody's."""

    stage: ProviderStage
    towns: Mapping[bytes, str]
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    arrived: int = 0

    name = ProviderStage.name
    group = ProviderStage.group
    topics = ProviderStage.topics
    timers = ()  # it is the only reader

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        return await self.stage.resume(assigned)

    async def handle(self, batch: Sequence[Record]) -> None:
        await self.stage.handle(batch)
        now = time.time()
        profiles = [record for record in batch if record.topic == PROFILE_EMBEDDINGS]
        self.arrived += len(profiles)
        for record in profiles:
            if (town := self.towns.get(record.key or b"")) is not None:
                accepted = ProfileEmbedding.model_validate_json(record.value or b"").accepted_ms / 1000
                self.seconds[town].append(max(0.0, now - accepted))


def _report(seconds: Mapping[str, Sequence[float]]) -> Figures:
    even, hot = (latencies(seconds[name]) for name in ("even", "hot"))
    ratio = {name: round(hot[f"{name}_ms"] / even[f"{name}_ms"], 2) for name in ("p50", "p90", "p99")}
    return {"even": even, "hot": hot, "ratio": ratio}


if __name__ == "__main__":
    import json

    from infra.settings import read_settings

    print(json.dumps(run(read_settings())))
