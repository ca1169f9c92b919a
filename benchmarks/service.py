"""Attune's stages as the composition root wires them, but each with what a benchmark wants to see of it."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from prometheus_client import Counter

from benchmarks.figures import Meter
from infra.compose import agent_rules
from infra.garbage import spare_what_is_loaded
from infra.ground import Ground
from infra.settings import RunnerName
from streams.agents import AgentsStage
from streams.aiokafka_runner import AiokafkaRunner
from streams.contract import Outgoing, Partition, Producer, Record, Runner, Stage, Timer
from streams.embedded_runner import EmbeddedRunner
from streams.faust_runner import FaustRunner
from streams.metrics import Metrics
from streams.own_thread import Part
from workers.errors import AttuneError, FatalRunnerError

T = TypeVar("T")

KEY = b"benchmark"
"""Of the pseudonyms."""
_LOOK_SECONDS = 0.02


class Incomplete(AttuneError):
    """Not everything that was sent has come through: a figure of it would mean nothing."""


def agents_stage(ground: Ground) -> AgentsStage:
    rules = agent_rules(ground.settings, ground.space)
    return AgentsStage(ground.store, ground.producer, rules, space=ground.space.id, key=KEY, metrics=ground.metrics)


def runner(ground: Ground, stage: Stage, kind: RunnerName = "aiokafka") -> Runner:
    settings, stage = ground.settings, ground.opened(stage)
    if ground.log is not None:
        return EmbeddedRunner(ground.log, stage, batch_size=settings.batch_size, metrics=ground.metrics)
    make = FaustRunner if kind == "faust" else AiokafkaRunner
    return make(
        stage,
        bootstrap=settings.bootstrap,
        batch_size=settings.batch_size,
        session_timeout=settings.session_timeout,
        instance=None,
        stop_timeout=settings.stop_timeout,
        metrics=ground.metrics,
    )


async def run_during(runners: Sequence[Part], work: Coroutine[Any, Any, T]) -> T:
    """Runs them until `work` is done, then stops them. Returns the result of `work`; raises what it or one of them
    raises."""
    spare_what_is_loaded()  # as a role does
    running = [asyncio.create_task(one.run()) for one in runners]
    working = asyncio.create_task(work)
    await asyncio.wait([working, *running], return_when=asyncio.FIRST_COMPLETED)
    working.cancel()  # no more than a word where it is done
    await asyncio.gather(*(one.stop() for one in runners))
    await asyncio.gather(*running)
    if working.cancelled():
        raise FatalRunnerError("a runner ended by itself in the middle of a benchmark: see its last log lines")
    return await working


def total(counter: Counter) -> int:
    """Over all labels."""
    samples = (sample for metric in counter.collect() for sample in metric.samples)
    return int(sum(sample.value for sample in samples if sample.name.endswith("_total")))


def refuse_incomplete(metrics: Metrics, events: int) -> None:
    """Raises `Incomplete` where not every event was applied."""
    applied = total(metrics.applied)
    if applied != events:
        raise Incomplete(f"{applied} of {events} events were applied: see the log for what became of the others")


async def until(holds: Callable[[], bool], seconds: float) -> None:
    """Raises `Incomplete` where it does not hold within so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise Incomplete(f"not everything came through within {seconds:g} s: lower the rate")
        await asyncio.sleep(_LOOK_SECONDS)


class Samples:
    """Stands in for a histogram, and keeps each value."""

    def __init__(self) -> None:
        self._values: defaultdict[str, list[float]] = defaultdict(list)

    def labels(self, label: str) -> "_Kept":
        return _Kept(self.of(label))

    def of(self, label: str) -> list[float]:
        """What was observed under this label; grows."""
        return self._values[label]


@dataclass(frozen=True, slots=True)
class _Kept:
    values: list[float]

    def observe(self, value: float) -> None:
        self.values.append(value)


@dataclass(frozen=True)
class SampledMetrics(Metrics):
    """Freshness as `attune_freshness_seconds` gets it, value by value."""

    samples: Samples = field(default_factory=Samples)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "freshness", self.samples)


@dataclass(slots=True)
class Counted:
    """A stage in a group of its own that tells the meter of every batch."""

    stage: Stage
    group: str | None
    meter: Meter

    @property
    def name(self) -> str:
        return self.stage.name

    @property
    def topics(self) -> tuple[str, ...]:
        return self.stage.topics

    @property
    def timers(self) -> tuple[Timer, ...]:
        return self.stage.timers

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        return await self.stage.resume(assigned)

    async def handle(self, batch: Sequence[Record]) -> None:
        await self.stage.handle(batch)
        self.meter.count(len(batch))


@dataclass(slots=True)
class Weighed:
    """A producer that adds up the bytes it is given."""

    producer: Producer
    bytes: int = 0

    async def send(self, messages: Sequence[Outgoing]) -> None:
        self.bytes += sum(len(message.key) + len(message.value or b"") for message in messages)
        await self.producer.send(messages)

    async def close(self) -> None:
        await self.producer.close()
