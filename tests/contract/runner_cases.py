"""What the runner contract is tested with: stages that record, and the three logs behind one face."""

import asyncio
import atexit
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest

from infra.processes import KafkaBroker
from streams.aiokafka_runner import AiokafkaRunner
from streams.contract import Outgoing, Partition, Record, Runner, Stage, Timer
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.embedded_runner import EmbeddedRunner
from streams.faust_runner import FaustRunner
from streams.kafka_admin import create_topics
from streams.kafka_clients import admin_client
from streams.kafka_producer import KafkaProducer
from streams.metrics import Metrics
from streams.topics import Topic
from tests.patience import AT_ONCE, PATIENCE

PARTITIONS = 4
BATCH = 10
SESSION = 6.0
"""Seconds: the hand-over after a kill waits for it, and a machine that stands still for less throws nobody out."""


class RecordingStage:
    """Keeps what it is given. `on_handle` is awaited with each batch before that; `on_resume` answers `resume`."""

    name = "recording"

    def __init__(
        self,
        topics: tuple[str, ...],
        group: str | None = "readers",
        *,
        on_handle: Callable[[Sequence[Record]], Awaitable[None]] | None = None,
        on_resume: Callable[[Collection[Partition]], Mapping[Partition, int]] | None = None,
        timers: tuple[Timer, ...] = (),
    ) -> None:
        self.topics = topics
        self.group = group and f"{group}-of-{topics[0]}"  # every test has its own
        self.timers = timers
        self._on_handle = on_handle
        self._on_resume = on_resume
        self.records: list[Record] = []
        self.batches: list[list[Record]] = []
        self.resumed: list[set[Partition]] = []

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        self.resumed.append(set(assigned))
        return self._on_resume(assigned) if self._on_resume else {}

    async def handle(self, batch: Sequence[Record]) -> None:
        if self._on_handle is not None:
            await self._on_handle(batch)
        self.batches.append(list(batch))
        self.records += batch

    def has(self, count: int) -> bool:
        return len(self.records) == count

    def has_more_than(self, count: int) -> bool:
        return len(self.records) > count

    def values(self) -> list[bytes | None]:
        return [record.value for record in self.records]

    def by_key(self) -> dict[bytes | None, list[bytes | None]]:
        """The values of each key, in the order in which they were handled."""
        values = defaultdict(list)
        for record in self.records:
            values[record.key].append(record.value)
        return values


class Bench(Protocol):
    """A log with two fresh topics, and the runner that is tested on it."""

    topics: tuple[str, str]

    async def send(self, messages: Sequence[Outgoing]) -> None: ...

    def runner(self, stage: Stage, metrics: Metrics | None = None, **options: Any) -> Runner: ...

    async def committed(self, stage: Stage) -> int:
        """Offsets that the stage's group has committed, summed over its partitions: messages, in a fresh topic."""


class EmbeddedBench:
    def __init__(self, log: EmbeddedLog, topics: tuple[str, str]) -> None:
        self._log = log
        self.topics = topics

    async def send(self, messages: Sequence[Outgoing]) -> None:
        await self._log.send(messages)

    def runner(self, stage: Stage, metrics: Metrics | None = None, **options: Any) -> Runner:
        defaults: dict[str, Any] = {"batch_size": BATCH, "metrics": metrics or Metrics()}
        return EmbeddedRunner(self._log, stage, **(defaults | options))

    async def committed(self, stage: Stage) -> int:
        return sum((await self._log.join(stage.group or "", stage.topics)).values())


KafkaKind = type[AiokafkaRunner] | type[FaustRunner]
KAFKA_KINDS: dict[str, KafkaKind] = {"aiokafka": AiokafkaRunner, "faust": FaustRunner}
KINDS = ["embedded", *(pytest.param(kind, marks=pytest.mark.kafka) for kind in KAFKA_KINDS)]


class KafkaBench:
    def __init__(
        self,
        kind: KafkaKind,
        producer: KafkaProducer,
        bootstrap: str,
        topics: tuple[str, str],
    ) -> None:
        self.kind = kind
        self.bootstrap = bootstrap
        self.topics = topics
        self._producer = producer

    async def send(self, messages: Sequence[Outgoing]) -> None:
        await self._producer.send(messages)

    def runner(self, stage: Stage, metrics: Metrics | None = None, **options: Any) -> Runner:
        defaults: dict[str, Any] = {"bootstrap": self.bootstrap, "batch_size": BATCH, "session_timeout": SESSION}
        return self.kind(stage, **(defaults | {"metrics": metrics or Metrics()} | options))

    async def committed(self, stage: Stage) -> int:
        async with admin_client(self.bootstrap, 10.0) as admin:
            offsets = await admin.list_consumer_group_offsets(stage.group)
        return sum(found.offset for found in offsets.values())


def fresh_topics() -> tuple[Topic, Topic]:
    unique = uuid.uuid4().hex[:12]
    return Topic(f"{unique}.letters", mailbox=True), Topic(f"{unique}.parcels", mailbox=True)


@asynccontextmanager
async def embedded_bench(folder: Path) -> AsyncIterator[EmbeddedBench]:
    topics = fresh_topics()
    database = Database(folder / "log.sqlite")
    log = await EmbeddedLog.open(database, PARTITIONS, topics)
    try:
        yield EmbeddedBench(log, (topics[0].name, topics[1].name))
    finally:
        await log.close()
        await database.close()


@asynccontextmanager
async def kafka_bench(kind: KafkaKind, broker: KafkaBroker, partitions: int = PARTITIONS) -> AsyncIterator[KafkaBench]:
    topics = fresh_topics()
    await create_topics(broker.bootstrap, partitions, 1, topics=topics)
    producer = KafkaProducer(broker.bootstrap)
    try:
        yield KafkaBench(kind, producer, broker.bootstrap, (topics[0].name, topics[1].name))
    finally:
        await producer.close()


@asynccontextmanager
async def open_bench(kind: str, folder: Path) -> AsyncIterator[Bench]:
    """A bench of one of `KINDS`."""
    if kind == "embedded":
        async with embedded_bench(folder) as embedded:
            yield embedded
    else:
        async with kafka_bench(KAFKA_KINDS[kind], shared_broker()) as kafka:
            yield kafka


@cache
def shared_broker() -> KafkaBroker:
    """One broker for all tests of this process; it ends with it. A test that stops its broker starts one of its own."""
    folder = tempfile.TemporaryDirectory(prefix="attune-kafka-")
    broker = KafkaBroker.start(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(broker.kill)
    return broker


@asynccontextmanager
async def running(runner: Runner) -> AsyncIterator[asyncio.Task[None]]:
    """Runs it, and stops it at the end. An error of the runner is raised there, unless the test took it."""
    task = asyncio.create_task(runner.run())
    try:
        yield task
    finally:
        await runner.stop()
        await asyncio.wait({task}, timeout=AT_ONCE)
        if (
            task.done()
            and not task.cancelled()
            and (error := task.exception())
            and not getattr(task, "expected", False)
        ):
            raise error


async def eventually(
    condition: Callable[[], object], *tasks: asyncio.Task[None], seconds: float = 2 * PATIENCE
) -> None:
    """Waits until the condition holds. Fails at once when one of the tasks has ended."""
    end = time.monotonic() + seconds
    while not condition():
        for task in tasks:
            if task.done():
                task.result()
                raise AssertionError("the runner ended early")
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)


def mail(topic: str, count: int, keys: int = 7, start: int = 0) -> list[Outgoing]:
    """Messages of `keys` people in turn; the values count up."""
    return [Outgoing(topic, b"user-%d" % (i % keys), b"%d" % i) for i in range(start, start + count)]
