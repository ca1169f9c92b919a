"""The same 5,000 events through the embedded log, aiokafka with Redis, and Faust with Redis: byte-equal profiles."""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.compose import agent_rules
from infra.processes import KafkaBroker, RedisServer
from infra.sample.catalog import sample_items
from infra.sample.people import people, simulate
from infra.settings import Settings
from infra.stores.redis import RedisStore
from infra.stores.sqlite import SqliteStore
from schemas.catalog import CatalogItem
from schemas.interaction import Interaction
from streams.agents import AgentsStage
from streams.aiokafka_runner import AiokafkaRunner
from streams.contract import Outgoing, Producer, Record, Runner
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.embedded_runner import EmbeddedRunner
from streams.embedder import EmbedderStage
from streams.faust_runner import FaustRunner
from streams.kafka_admin import create_topics
from streams.kafka_producer import KafkaProducer
from streams.metrics import Metrics
from streams.topics import CATALOG, INTERACTIONS
from tests.fakes import MemoryStore, RecordingProducer
from workers.ports import ItemRecord, Store
from workers.space import SentenceEncoder, describe_space
from workers.state import decode_state

EVENTS = 5_000
PEOPLE = 50
SPACE = describe_space("minilm")
pytestmark = [pytest.mark.timeout(300), pytest.mark.kafka, pytest.mark.redis]


@pytest.fixture(scope="module")
def events() -> list[Outgoing]:
    stream = itertools.islice(simulate(PEOPLE, 7, datetime(2026, 9, 1, tzinfo=UTC)), EVENTS)
    messages = [Interaction.model_validate(event) for event in stream]
    return [Outgoing(INTERACTIONS, message.user.encode(), message.to_bytes()) for message in messages]


@pytest.fixture(scope="module")
def catalog() -> MemoryStore:
    """The sample, embedded once: all three ways read the same vectors."""
    store = MemoryStore()
    stage = EmbedderStage(store, SentenceEncoder("minilm"), RecordingProducer(), Metrics())
    entries = [CatalogItem.model_validate(item) for item in sample_items()]
    batch = [Record(CATALOG, 0, n, e.key.encode(), e.to_bytes(), 0) for n, e in enumerate(entries)]
    asyncio.run(stage.handle(batch))
    return store


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with KafkaBroker.start(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer.start(tmp_path_factory.mktemp("redis")) as server:
        yield server


async def fill(store: Store, catalog: MemoryStore) -> None:
    keys = [CatalogItem.model_validate(item).key for item in sample_items()]
    records: list[ItemRecord] = list((await catalog.read((), keys, SPACE.id)).items.values())
    assert len(records) == 480
    phrases = {phrase for record in records for phrase in record.phrases}
    await store.put_phrases(SPACE.id, await catalog.read_phrases(SPACE.id, phrases))
    await store.put_items(records)


def agents(store: Store, producer: Producer, group: str, metrics: Metrics) -> AgentsStage:
    stage = AgentsStage(
        store, producer, agent_rules(Settings(), SPACE), space=SPACE.id, key=b"key", metrics=metrics, now=lambda: 0.0
    )
    stage.group = group
    return stage


async def run_until_all_applied(runner: Runner, metrics: Metrics) -> None:
    running = asyncio.create_task(runner.run())
    while (metrics.registry.get_sample_value("attune_events_applied_total", {"source": "api"}) or 0) < EVENTS:
        assert not running.done(), running.exception()
        await asyncio.sleep(0.05)
    await runner.stop()
    await running


async def profiles(store: Store) -> dict[str, tuple[bytes, bytes]]:
    """What the person reads, and what the providers get."""
    users = [person.user for person in people(7, PEOPLE)]
    records = (await store.read(users, (), SPACE.id)).users
    states = {user: decode_state(record.state) for user, record in records.items()}
    return {
        user: (state.profile(user, SPACE.id).to_bytes(), state.vectors().tobytes()) for user, state in states.items()
    }


async def embedded_way(folder: Path, events: list[Outgoing], catalog: MemoryStore) -> dict[str, tuple[bytes, bytes]]:
    database = Database(folder / "attune.sqlite")
    store = await SqliteStore.open(database)
    log = await EmbeddedLog.open(database, partitions=4)
    await fill(store, catalog)
    await log.send(events)
    metrics = Metrics()
    stage = agents(store, log, "attune-agents", metrics)
    await run_until_all_applied(EmbeddedRunner(log, stage, batch_size=200, metrics=metrics), metrics)
    result = await profiles(store)
    await log.close()
    await database.close()
    return result


async def kafka_way(
    make: type[AiokafkaRunner] | type[FaustRunner], bootstrap: str, url: str, catalog: MemoryStore
) -> dict[str, tuple[bytes, bytes]]:
    store = await RedisStore.open(url, timeout=5)
    producer = KafkaProducer(bootstrap, send_timeout=10)
    await producer.start()
    await fill(store, catalog)
    metrics = Metrics()
    stage = agents(store, producer, f"three-ways-{make.__name__}", metrics)
    runner = make(
        stage,
        bootstrap=bootstrap,
        batch_size=137,
        session_timeout=10,
        instance=None,
        stop_timeout=8,
        metrics=metrics,
    )
    await run_until_all_applied(runner, metrics)
    result = await profiles(store)
    await producer.close()
    await store.close()
    return result


async def test_three_ways_give_byte_equal_profiles(
    tmp_path: Path, events: list[Outgoing], catalog: MemoryStore, kafka: KafkaBroker, redis: RedisServer
) -> None:
    await create_topics(kafka.bootstrap, 4, 1)
    producer = KafkaProducer(kafka.bootstrap, send_timeout=10)
    await producer.start()
    await producer.send(events)
    await producer.close()

    embedded = await embedded_way(tmp_path, events, catalog)
    aiokafka = await kafka_way(AiokafkaRunner, kafka.bootstrap, f"redis://127.0.0.1:{redis.port}/0", catalog)
    faust = await kafka_way(FaustRunner, kafka.bootstrap, f"redis://127.0.0.1:{redis.port}/1", catalog)

    assert len(embedded) == PEOPLE
    assert any(len(vectors) > 0 for _, vectors in embedded.values())
    assert aiokafka == embedded
    assert faust == embedded
