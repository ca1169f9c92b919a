"""What every role of one process stands on: the store and the broker that the settings name, opened once.

Everything sent and read goes through the keys that seal what the log holds of a person (`streams.sealed`); the log as
it is has no other way in from here.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from infra.settings import Settings
from infra.stores.redis import RedisStore
from infra.stores.sqlite import SqliteStore
from streams.contract import Log, Producer, Stage
from streams.control import ControlStage
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.kafka_log import KafkaLog
from streams.kafka_producer import KafkaProducer
from streams.key_ring import KeyRing
from streams.metrics import Metrics
from streams.progress import noting
from streams.sealed import OpenedLog, OpenedStage, SealedProducer
from streams.topics import KEYS, OPENED
from workers.ports import Store
from workers.space import SpaceInfo, describe_space


@dataclass(frozen=True)
class Ground:
    """Shared by all parts of one process."""

    settings: Settings
    metrics: Metrics
    space: SpaceInfo
    store: Store
    producer: Producer
    broker: Log
    log: EmbeddedLog | None
    """The embedded log, where that is the broker: as it is, for its runners."""
    keys: KeyRing

    def opened(self, stage: Stage) -> Stage:
        """As a runner is to feed it: what it reads of people's topics is opened first."""
        if OPENED.isdisjoint(stage.topics):
            return stage
        return OpenedStage(stage, self.keys, self.keys.timers if stage.name == ControlStage.name else ())


@asynccontextmanager
async def open_ground(settings: Settings) -> AsyncIterator[Ground]:
    """Opens it, and closes it in the end. Raises `ConfigurationError` or `Unavailable`, with the cure."""
    async with AsyncExitStack() as stack:
        database = Database(settings.database) if settings.embedded or settings.store == "embedded" else None
        if database is not None:
            stack.push_async_callback(database.close)
        store = await _open_store(settings, database)
        stack.push_async_callback(store.close)
        if database is not None and settings.embedded:
            log = await EmbeddedLog.open(database, partitions=settings.partitions)
            stack.push_async_callback(log.close)
            ground = _ground(settings, store, log, log, log)
        else:
            ground = _ground(settings, store, *await _open_kafka(settings, stack), None)
        _describe_build(ground)
        yield ground


def _ground(settings: Settings, store: Store, producer: Producer, broker: Log, log: EmbeddedLog | None) -> Ground:
    space, metrics = describe_space(settings.model), Metrics()
    store, producer = noting(store), noting(producer)
    keys = KeyRing(store, producer, broker, settings.pseudonym_key(), compact=_compacting(store, log))
    sealed = SealedProducer(producer, keys, metrics)
    return Ground(settings, metrics, space, store, sealed, OpenedLog(broker, keys), log, keys)


def _compacting(store: Store, log: EmbeddedLog | None) -> Callable[[], Awaitable[None]] | None:
    """What was deleted of a person leaves the embedded service's file at once; of a cluster, in time."""
    if log is None:
        return None

    async def compact() -> None:
        await log.compact(KEYS)
        await store.shed()

    return compact


async def _open_store(settings: Settings, database: Database | None) -> Store:
    if database is not None and settings.store == "embedded":
        return await SqliteStore.open(database)
    return await RedisStore.open(settings.store, timeout=settings.store_timeout, security=settings.redis)


async def _open_kafka(settings: Settings, stack: AsyncExitStack) -> tuple[KafkaProducer, KafkaLog]:
    producer = KafkaProducer(
        settings.bootstrap,
        send_timeout=settings.send_timeout,
        close_timeout=settings.close_timeout,
        security=settings.kafka,
    )
    await producer.start()
    stack.push_async_callback(producer.close)
    broker = KafkaLog(settings.bootstrap, security=settings.kafka)
    stack.push_async_callback(broker.close)
    return producer, broker


def _describe_build(ground: Ground) -> None:
    settings = ground.settings
    runner = "embedded" if settings.embedded else settings.runner
    store = "sqlite" if settings.store == "embedded" else "redis"
    ground.metrics.build.labels(version("attune"), ground.space.id, runner, store).set(1)
