"""Agents and an embedder over one log, sealed as it is in the service, whose store can be lost: embedded, or on a real
Kafka and Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from infra.processes import KafkaBroker, RedisServer
from infra.stores.redis import RedisStore
from schemas.catalog import CatalogItem
from schemas.command import AddInterest, Edit, EditCommand
from schemas.interaction import Interaction, Signal
from schemas.profile import Cause, ProfileEmbedding
from streams.agents import AgentsStage
from streams.aiokafka_runner import AiokafkaRunner
from streams.contract import History, Log, Outgoing, Producer, Runner, Stage
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.embedded_runner import EmbeddedRunner
from streams.embedder import EmbedderStage, embedder_group
from streams.faust_runner import FaustRunner
from streams.kafka_admin import create_topics
from streams.kafka_log import KafkaLog
from streams.kafka_producer import KafkaProducer
from streams.key_ring import KeyRing
from streams.metrics import Metrics
from streams.publication import publication
from streams.rebuild import Rebuilder
from streams.recovery import Recovery
from streams.sealed import OpenedLog, OpenedStage, SealedProducer
from streams.topics import CATALOG, COMMANDS, DEAD_LETTERS, INTERACTIONS, PROFILE_EMBEDDINGS
from tests.fakes import HashEncoder, MemoryStore
from tests.streams.rollout_world import until
from tests.workers.mailbox import START
from workers.agent import AgentRules
from workers.background import background_of
from workers.knowledge import Knowledge
from workers.mailbox import Change, Folded
from workers.ports import CommitOutcome, Store, UserCommit
from workers.refit import FitRules
from workers.spaces import InSpace, Spaces
from workers.state import UserState, decode_state
from workers.subjects import subject_of

ENCODER = HashEncoder(32, "hash-1")
KEY = b"a key of the tests"
USERS = ("ada", "bob", "cleo")
TOPICS = ("jazz", "chess", "rowing", "baking")
RULES = AgentRules(fit=FitRules(background_of(ENCODER.space, ENCODER.dimension)))


@dataclass
class World:
    log: Log
    producer: Producer
    store: Store
    make_runner: Callable[[Stage], Runner]
    wipe: Callable[[], Awaitable[object]]
    metrics: Metrics = field(default_factory=Metrics)
    raw: Producer | None = None
    """Sends what is not sealed, to the embedded log."""
    sent: int = 0

    def agents(self) -> AgentsStage:
        recovery = Recovery(self.log, self.store, AgentsStage.group, self._embedders, key=KEY)
        return AgentsStage(
            self.store,
            self.producer,
            RULES,
            space=ENCODER.space,
            key=KEY,
            metrics=self.metrics,
            recovery=recovery,
        )

    def embedder(self) -> EmbedderStage:
        return EmbedderStage(self.store, ENCODER, self.producer, self.metrics)

    async def _embedders(self) -> str:
        return self.embedder().group

    @asynccontextmanager
    async def running(self, *stages: Stage) -> AsyncIterator[list[asyncio.Task[None]]]:
        """What the runners' tasks end with is for the test to see."""
        runners = [self.make_runner(stage) for stage in stages]
        tasks = [asyncio.create_task(runner.run()) for runner in runners]
        try:
            yield tasks
        finally:
            await asyncio.gather(*(runner.stop() for runner in runners))
            await asyncio.gather(*tasks, return_exceptions=True)

    async def describe_everything(self) -> None:
        """Items "jazz 3" and so on."""
        items = [
            CatalogItem(provider="p", item=f"{topic} {number}", title=f"{topic.title()} evening", category=topic)
            for topic in TOPICS
            for number in range(10)
        ]
        await self.producer.send([Outgoing(CATALOG, item.key.encode(), item.to_bytes()) for item in items])

    async def like(self, user: str, *items: str) -> None:
        for item in items:
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
        await self.until_consumed()

    async def edit(self, user: str, *edits: Edit) -> None:
        self.sent += 1
        command = EditCommand(command_id=f"c{self.sent}", user=user, time=START, edits=edits)
        await self.producer.send([Outgoing(COMMANDS, user.encode(), command.to_bytes())])
        await self.until_consumed()

    def rebuilder(
        self, history: History | None = None, store: Store | None = None, retired: Collection[str] = ()
    ) -> Rebuilder:
        spaces = Spaces(InSpace(ENCODER.space, Knowledge(space=ENCODER.space), RULES.fit))
        spaces.give_up(retired)
        return Rebuilder(history or self.log, store or self.store, self.producer, RULES, spaces, key=KEY, now=time.time)

    async def overwrite(self, user: str, state: bytes) -> None:
        """As nobody should."""
        record = (await self.store.read([user], (), ENCODER.space)).users[user]
        assert await self.store.commit([UserCommit(user, record.revision, state)]) == [CommitOutcome.COMMITTED]

    async def live(self) -> None:
        """Everybody does something, one thing after the other. The edit has words that the catalog has brought: of
        others it is chance how long they waited, and a replay does not repeat that."""
        await self.describe_everything()
        await until(self._is_embedded, "the catalog")
        for user, topic in zip(USERS, TOPICS, strict=False):
            await self.like(user, *(f"{topic} {number}" for number in range(6)))
        await self.edit("ada", AddInterest(text="baking", weight=0.7))
        await self.like("ada", "chess 1", "chess 2", "swing 0")
        await self.like("bob", "baking 1")

    async def until_consumed(self) -> None:
        async def consumed() -> bool:
            return not await self.log.lag(AgentsStage.group, AgentsStage.topics)

        await until(consumed, "everything sent")

    async def states(self) -> dict[str, bytes | None]:
        return {user: one.state for user, one in (await self.store.read(USERS, (), ENCODER.space)).users.items()}

    async def state(self, user: str) -> UserState:
        return decode_state((await self.states()).get(user))

    async def embeddings(self, user: str) -> list[ProfileEmbedding]:
        """All that were sent to provider "p", oldest first."""
        sent = await self.log.read(PROFILE_EMBEDDINGS, 200)
        subject = subject_of(KEY, "p", user).encode()
        return [ProfileEmbedding.model_validate_json(one.value or b"") for one in sent if one.key == subject]

    async def letters(self) -> int:
        return len(await self.log.read(DEAD_LETTERS, 100))

    async def _is_embedded(self) -> bool:
        return not await self.log.lag(embedder_group(ENCODER.space), [CATALOG])


async def publish(world: World, state: UserState) -> None:
    """As a worker did whose store has lost it."""
    change = Change(state.version, Cause.COUNT, len(state.interests), 1, 0)
    sent = publication("ada", Folded(state, changes=[change]), ["p"], state.space, KEY)
    await world.producer.send([message for message in sent if message.topic == PROFILE_EMBEDDINGS])


@asynccontextmanager
async def embedded(folder: Path, store: MemoryStore | None = None) -> AsyncIterator[World]:
    """The log in a file, and a store in memory."""
    database = Database(folder / "attune.sqlite")
    log = await EmbeddedLog.open(database, partitions=2)
    store = store or MemoryStore()

    async def wipe() -> None:
        store.wipe()

    def runner(stage: Stage) -> Runner:
        return EmbeddedRunner(log, OpenedStage(stage, keys), batch_size=20, metrics=Metrics())

    keys = KeyRing(store, log, log, KEY)
    yield World(OpenedLog(log, keys), SealedProducer(log, keys, Metrics()), store, runner, wipe, raw=log)
    await log.close()
    await database.close()


@asynccontextmanager
async def on_servers(
    folder: Path, kind: type[AiokafkaRunner] | type[FaustRunner] = AiokafkaRunner
) -> AsyncIterator[World]:
    """`kind` runs the agents."""
    with KafkaBroker.start(folder / "kafka") as kafka, RedisServer.start(folder / "redis") as redis:
        await create_topics(kafka.bootstrap, 2, 1)
        producer = KafkaProducer(kafka.bootstrap)
        await producer.start()
        store = await RedisStore.open(redis.url, timeout=10.0)

        def runner(stage: Stage) -> Runner:
            make = kind if stage.name == AgentsStage.name else AiokafkaRunner
            return make(OpenedStage(stage, keys), bootstrap=kafka.bootstrap, batch_size=20, metrics=Metrics())

        async def wipe() -> None:
            await asyncio.to_thread(redis.wipe)

        log = KafkaLog(kafka.bootstrap)
        keys = KeyRing(store, producer, log, KEY)
        yield World(OpenedLog(log, keys), SealedProducer(producer, keys, Metrics()), store, runner, wipe)
        await store.close()
        await producer.close()
