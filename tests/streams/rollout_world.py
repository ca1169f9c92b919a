"""A service in which a space can be rolled out, every part of it in this process: on the embedded log and SQLite, or on
a real Kafka and Redis. Three people have profiles over 40 items, one of them with words of her own."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.processes import KafkaBroker, RedisServer
from infra.stores.redis import RedisStore
from infra.stores.sqlite import SqliteStore
from infra.supervise import Part
from schemas.api import SearchBody
from schemas.catalog import CatalogItem
from schemas.command import AddInterest, AvoidText, EditCommand
from schemas.interaction import Interaction, Signal
from schemas.profile import ProfileEmbedding
from schemas.space import OwnPhase, SpaceEntry, SpacePointer
from streams.agents import AgentsStage
from streams.aiokafka_runner import AiokafkaRunner
from streams.contract import Log, Outgoing, Producer, Runner, Stage
from streams.control import ControlStage
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.embedded_runner import EmbeddedRunner
from streams.embedder import EmbedderStage
from streams.kafka_admin import create_topics
from streams.kafka_log import KafkaLog
from streams.kafka_producer import KafkaProducer
from streams.metrics import Metrics
from streams.pointer import Pointer
from streams.provider import ProviderStage
from streams.rollout import Mover
from streams.serving import Serving
from streams.space_keeper import Embedding, SpaceKeeper
from streams.sweeper import Sweeper
from streams.topics import CATALOG, COMMANDS, INTERACTIONS, PROFILE_EMBEDDINGS
from tests.fakes import HashEncoder
from tests.patience import PATIENCE
from workers.agent import AgentRules
from workers.background import background_of
from workers.errors import ConfigurationError
from workers.ports import Encoder, Matrix, Store
from workers.refit import FitRules
from workers.state import UserState, decode_state
from workers.subjects import subject_of

OLD, NEW = HashEncoder(32, "old-1"), HashEncoder(48, "new-2")
SMALL = HashEncoder(16, "small-3")
ENCODERS = {"old": OLD, "new": NEW, "small": SMALL}
KEY = b"a key of the tests"
USERS = ("ada", "bob", "cleo")
TOPICS = ("jazz", "chess", "rowing", "baking")
START = datetime(2026, 1, 1, tzinfo=UTC)
GRACE = 2.0
WATCH = 0.05


def entry(model: str) -> SpaceEntry:
    encoder = ENCODERS[model]
    return SpaceEntry(id=encoder.space, dimension=encoder.dimension, model=model)


@dataclass
class World:
    """The parts over one log and one store. While `slow` is not set the new spaces' embedders wait."""

    log: Log
    producer: Producer
    store: Store
    runner: Callable[[Stage, Metrics], Runner]
    watch: float = WATCH
    grace: float = GRACE
    metrics: Metrics = field(default_factory=Metrics)
    slow: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0

    def __post_init__(self) -> None:
        self.slow.set()
        self.pointer = Pointer(self.log, self.producer, entry("old"))
        rules = AgentRules(fit=FitRules(background_of(OLD.space, OLD.dimension)))
        self.agents = AgentsStage(self.store, self.producer, rules, space=OLD.space, key=KEY, metrics=self.metrics)
        self.provider = ProviderStage(
            OLD.space, OLD.dimension, self.metrics, served=self.pointer.served, history=self.log
        )
        self.keeper = SpaceKeeper(
            self.pointer,
            told=(self._serve, self._settle),
            movers={OLD.space: self.mover(OLD)},
            embed=self._embed,
            sweeper=Sweeper(self.store, self.producer, self.pointer, grace=self.grace),
            metrics=self.metrics,
            watch=self.watch,
        )
        control = ControlStage(self.store, self.producer, metrics=self.metrics)
        stages: list[Stage] = [self.agents, self.provider, self._embedder(OLD), control]
        self.parts: list[Part] = [self.keeper, *map(self._runner, stages)]

    async def _serve(self, pointer: SpacePointer) -> None:
        await self.provider.serve(Serving.of(pointer))

    async def _settle(self, pointer: SpacePointer) -> None:
        for one in pointer.entries:
            self.agents.spaces.know(one.id, background_of(one.id, one.dimension))
        self.agents.spaces.settle(pointer.current.id)
        self.agents.spaces.place(
            {one.provider: one.space.id for one in pointer.own if one.is_served},
            {one.provider: one.space.id for one in pointer.own if one.phase is OwnPhase.RETURNING},
        )

    def _embedder(self, encoder: Encoder, generation: int = 0) -> EmbedderStage:
        return EmbedderStage(self.store, encoder, self.producer, self.metrics, generation=generation)

    async def _embed(self, one: SpaceEntry) -> Embedding:
        if one.model not in ENCODERS:
            raise ConfigurationError("there is no such folder: name another")
        encoder = Waits(ENCODERS[one.model], self.slow)
        generation = (await self.pointer.read()).generation(encoder.space)
        return Embedding(self._runner(self._embedder(encoder, generation)), self.mover(encoder, generation))

    def mover(self, encoder: Encoder, generation: int = 0) -> Mover:
        stage = self._embedder(encoder, generation)
        return Mover(
            self.store,
            encoder,
            self.producer,
            self.pointer,
            lambda: self.log.lag(stage.group, stage.topics),
            grace=self.grace,
        )

    def _runner(self, stage: Stage) -> Runner:
        return self.runner(stage, self.metrics)

    async def describe(self, *names: str, provider: str = "p") -> None:
        """Items "jazz 3" and so on."""
        items = [
            CatalogItem(provider=provider, item=name, title=f"{name.title()} evening", category=name.split()[0])
            for name in names
        ]
        await self.producer.send([Outgoing(CATALOG, item.key.encode(), item.to_bytes()) for item in items])

    async def click(self, user: str, item: str) -> None:
        self.sent += 1
        event = Interaction(
            event_id=f"e{self.sent}",
            user=user,
            provider="p",
            item=item,
            signal=Signal.LIKE,
            time=START + timedelta(minutes=self.sent),
        )
        await self.producer.send([Outgoing(INTERACTIONS, user.encode(), event.to_bytes())])

    async def edit(self, user: str, *edits: AddInterest | AvoidText) -> None:
        self.sent += 1
        command = EditCommand(command_id=f"c{self.sent}", user=user, time=START, edits=edits)
        await self.producer.send([Outgoing(COMMANDS, user.encode(), command.to_bytes())])

    async def state(self, user: str) -> UserState:
        record = (await self.store.read([user], (), OLD.space)).users.get(user)
        return decode_state(None if record is None else record.state)

    async def spaces(self) -> set[str]:
        return {(await self.state(user)).space for user in USERS}

    async def search(self, user: str, provider: str = "p", **fields: object) -> tuple[str, list[str]]:
        body = SearchBody.model_validate({"subject": subject_of(KEY, provider, user), "k": 3} | fields)
        answer = await self.provider.search(provider, body)
        return answer.space, [found.item for found in answer.items]

    async def catalog_is_there(self) -> bool:
        return self.provider.sizes() == {"p": 40}

    async def settled(self) -> bool:
        """Every profile is there and searchable."""
        for user in USERS:
            if not (await self.state(user)).interests:
                return False
        return bool((await self.state("ada")).avoid)

    async def check_vectors(self) -> None:
        """Each vector has the length of the space that its record or message names."""
        lengths = {encoder.space: 2 * encoder.dimension for encoder in ENCODERS.values()}
        for user in USERS:
            state = await self.state(user)
            assert {len(one.vector) for one in state.interests + state.avoid} == {lengths[state.space]}
        for record in await self.log.read(PROFILE_EMBEDDINGS, 1000):
            embedding = ProfileEmbedding.model_validate_json(record.value or b"")
            assert {len(vector) for vector in embedding.vectors + embedding.avoid} == {lengths[embedding.space]}


class Waits:
    """An encoder that waits for the event before it encodes."""

    def __init__(self, encoder: HashEncoder, go: asyncio.Event) -> None:
        self.space, self.dimension = encoder.space, encoder.dimension
        self.phrases_of, self.growth = encoder.phrases_of, encoder.growth
        self._encoder = encoder
        self._go = go

    def encode(self, texts: Sequence[str]) -> Matrix:
        while not self._go.is_set():
            time.sleep(0.01)
        return self._encoder.encode(texts)

    def encode_interests(self, texts: Sequence[str]) -> Matrix:
        return self.encode(texts)


async def until(true: Callable[[], Awaitable[bool]], what: str, seconds: float = 2 * PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[World]:
    """On the embedded log and SQLite."""
    database = Database(folder / "attune.sqlite")
    log = await EmbeddedLog.open(database, partitions=2)

    def runner(stage: Stage, metrics: Metrics) -> Runner:
        return EmbeddedRunner(log, stage, batch_size=20, metrics=metrics)

    async with serving(World(log, log, await SqliteStore.open(database), runner)) as world:
        yield world
    await log.close()
    await database.close()


@asynccontextmanager
async def running_on_servers(folder: Path) -> AsyncIterator[World]:
    """On a Kafka and a Redis of its own. A look at the pointer takes a round trip there: it waits longer for all."""
    with KafkaBroker.start(folder / "kafka") as kafka, RedisServer.start(folder / "redis") as redis:
        await create_topics(kafka.bootstrap, 2, 1)
        producer = KafkaProducer(kafka.bootstrap)
        await producer.start()
        store = await RedisStore.open(redis.url, timeout=10.0)

        def runner(stage: Stage, metrics: Metrics) -> Runner:
            return AiokafkaRunner(stage, bootstrap=kafka.bootstrap, batch_size=20, metrics=metrics)

        world = World(KafkaLog(kafka.bootstrap), producer, store, runner, watch=0.3)
        async with serving(world):
            yield world
        await store.close()
        await producer.close()


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[World]:
    """With everybody's profile there and searchable."""
    tasks = [asyncio.create_task(part.run()) for part in world.parts]
    try:
        await world.describe(*(f"{topic} {number}" for topic in TOPICS for number in range(10)))
        await until(world.catalog_is_there, "items", 60)
        for user, topic in zip(USERS, TOPICS, strict=False):
            for number in range(6):
                await world.click(user, f"{topic} {number}")
        await world.edit("ada", AddInterest(text="swing dancing", weight=0.7), AvoidText(text="chess openings"))
        await until(world.settled, "profiles")
        yield world
        assert not [task.exception() for task in tasks if task.done()]
    finally:
        await asyncio.gather(*(part.stop() for part in world.parts))
        await asyncio.gather(*tasks, return_exceptions=True)


async def moved_to(world: World, encoder: Encoder) -> None:
    async def all_moved() -> bool:
        return await world.spaces() == {encoder.space}

    await until(all_moved, f"everybody in {encoder.space}", 60)
