"""What every role of one process stands on: the store and the broker that the settings name, opened once."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from infra.settings import Settings
from infra.stores.redis import RedisStore
from infra.stores.sqlite import SqliteStore
from streams.contract import Log, Producer
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.kafka_log import KafkaLog
from streams.kafka_producer import KafkaProducer
from streams.metrics import Metrics
from streams.progress import noting
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
    """The embedded log, where that is the broker."""


@asynccontextmanager
async def open_ground(settings: Settings) -> AsyncIterator[Ground]:
    """Opens it, and closes it in the end. Raises `ConfigurationError` or `Unavailable`, with the cure."""
    async with AsyncExitStack() as stack:
        database = Database(settings.database) if settings.embedded or settings.store == "embedded" else None
        if database is not None:
            stack.push_async_callback(database.close)
        store = await _open_store(settings, database)
        stack.push_async_callback(store.close)
        space, metrics = describe_space(settings.model), Metrics()
        if database is not None and settings.embedded:
            log = await EmbeddedLog.open(database, partitions=settings.partitions)
            stack.push_async_callback(log.close)
            ground = Ground(settings, metrics, space, noting(store), noting(log), log, log)
        else:
            producer, broker = await _open_kafka(settings, stack)
            ground = Ground(settings, metrics, space, noting(store), noting(producer), broker, None)
        _describe_build(ground)
        yield ground


async def _open_store(settings: Settings, database: Database | None) -> Store:
    if database is not None and settings.store == "embedded":
        return await SqliteStore.open(database)
    return await RedisStore.open(settings.store, timeout=settings.store_timeout)


async def _open_kafka(settings: Settings, stack: AsyncExitStack) -> tuple[KafkaProducer, KafkaLog]:
    producer = KafkaProducer(
        settings.bootstrap, send_timeout=settings.send_timeout, close_timeout=settings.close_timeout
    )
    await producer.start()
    stack.push_async_callback(producer.close)
    broker = KafkaLog(settings.bootstrap)
    stack.push_async_callback(broker.close)
    return producer, broker


def _describe_build(ground: Ground) -> None:
    settings = ground.settings
    runner = "embedded" if settings.embedded else settings.runner
    store = "sqlite" if settings.store == "embedded" else "redis"
    ground.metrics.build.labels(version("attune"), ground.space.id, runner, store).set(1)
