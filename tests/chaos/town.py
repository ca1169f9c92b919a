"""A whole town: servers, a catalog that is embedded, workers under a supervisor, people, and somebody who watches.

Nothing happens by the clock (`STILL`), so that a record is what its own mailbox makes of it, byte for byte.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.compose import agent_rules
from infra.settings import Settings
from infra.stores.redis import RedisStore
from schemas.api import SearchAnswer
from schemas.catalog import CatalogItem
from streams.agents import AgentsStage
from streams.contract import Outgoing
from streams.kafka_admin import create_topics
from streams.kafka_log import KafkaLog
from streams.kafka_producer import KafkaProducer
from streams.key_ring import KeyRing
from streams.topics import CATALOG
from tests.chaos.checker import Found, Verdict, judge
from tests.chaos.crew import Crew, Worker
from tests.chaos.faults import SESSION, Scene
from tests.chaos.load import Book, Load, items_of, keys_of
from tests.chaos.replayed import replay
from tests.chaos.servers import Servers, servers
from tests.chaos.truth import read_topics, read_users
from tests.chaos.watch import watching
from workers.errors import Unavailable
from workers.ports import Store
from workers.space import describe_space

PARTITIONS = 4
SECRET = "a secret for tests"
ITEM_WAIT = 3.0
CONVERGE_SECONDS = 30.0
CATALOG_ITEMS = items_of({"jazz", "cooking"})

STILL = {"ATTUNE_REFIT_AGE": "1000000", "ATTUNE_REFINE_AFTER": "0", "ATTUNE_ITEM_WAIT": str(ITEM_WAIT)}
SETTINGS = {
    **STILL,
    "ATTUNE_SECRET": SECRET,
    "ATTUNE_PARTITIONS": str(PARTITIONS),
    "ATTUNE_SESSION_TIMEOUT": str(SESSION),
    "ATTUNE_STORE_TIMEOUT": "2",
    "ATTUNE_SEND_TIMEOUT": "5",
    # Small batches: many commits for the faults to fall between.
    "ATTUNE_BATCH_SIZE": "20",
}

RUNNERS = ("aiokafka", "faust")


@dataclass
class Town:
    servers: Servers
    crew: Crew
    settings: Settings

    @property
    def space(self) -> str:
        return describe_space(self.settings.model).id

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """Past every proxy."""
        store = await RedisStore.open(self.servers.redis.url, timeout=30.0)
        try:
            yield store
        finally:
            await store.close()

    async def settled(self, seconds: float) -> None:
        """Until the agents have nothing left. Fails after so many seconds."""
        log, deadline = KafkaLog(self.servers.kafka.bootstrap), time.monotonic() + seconds
        while await _lag(log):
            assert time.monotonic() < deadline, f"the agents had not caught up {seconds} s after the last event"
            await asyncio.sleep(0.3)

    async def check(self, book: Book) -> Verdict:
        """As soon as all is well, or after so many seconds as a provider may need to set a topic right."""
        deadline = time.monotonic() + CONVERGE_SECONDS
        while not (verdict := await self._checked(book)).sound and time.monotonic() < deadline:
            await asyncio.sleep(1.0)
        return verdict

    async def _checked(self, book: Book) -> Verdict:
        (provider,) = self.crew.of("provider")
        await self._provider_has_read(provider)
        async with self.store() as store, httpx.AsyncClient(timeout=30.0) as http:
            topics = await read_topics(self.servers.kafka.bootstrap, book.people, self.keys(store))
            rules = agent_rules(self.settings, describe_space(self.settings.model))
            replayed = await replay(topics.mail, store, rules, self.space)
            found = Found(
                topics=topics,
                records=await read_users(store, book.people, self.space),
                pending=tuple(user for user in await store.pending() if user in book.people),
                providers=(await store.read((), (), self.space)).providers,
                key=SECRET.encode(),
            )
            return await judge(book, found, replayed, Searcher(http, provider))

    def keys(self, store: Store) -> KeyRing:
        """To open with: nothing is ever sent with them."""
        bootstrap = self.servers.kafka.bootstrap
        return KeyRing(store, KafkaProducer(bootstrap), KafkaLog(bootstrap), SECRET.encode())

    async def _provider_has_read(self, provider: Worker) -> None:
        """A provider reads the topics from their starts, in whatever time that takes."""
        deadline = time.monotonic() + 60.0
        async with httpx.AsyncClient(timeout=30.0) as http:
            while "attune_consumer_lag" in (text := await _metrics(http, provider)) and not _idle(text):
                assert time.monotonic() < deadline, "the provider did not catch up"
                await asyncio.sleep(0.5)


@dataclass
class Searcher:
    http: httpx.AsyncClient
    provider: Worker

    async def __call__(self, provider: str, body: dict[str, object]) -> SearchAnswer | None:
        url = f"http://127.0.0.1:{self.provider.metrics_port}/v1/providers/{provider}/search"
        answer = await self.http.post(url, json=body)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return SearchAnswer.model_validate_json(answer.content)


@asynccontextmanager
async def town(folder: Path, *, light: bool, brokers: int = 1) -> AsyncIterator[Town]:
    """Servers, topics, an embedder (a `light` one needs no model) with the catalog behind it, and a provider: all but
    agents."""
    async with servers(folder, brokers) as found:
        await create_topics(found.kafka.bootstrap, PARTITIONS, found.brokers)
        env = {**SETTINGS, "ATTUNE_BROKER": found.broker}
        async with Crew(folder, env, found.redis.port) as crew:
            settings = {key.removeprefix("ATTUNE_").lower(): value for key, value in env.items()}
            place = Town(found, crew, Settings.model_validate(settings | {"store": found.redis.url}))
            await asyncio.gather(crew.hire("embedder", "embedder", light=light), crew.hire("provider", "provider"))
            await _send_catalog(place)
            yield place


@asynccontextmanager
async def agents(place: Town, runners: Sequence[str], more: Mapping[str, str] | None = None) -> AsyncIterator[None]:
    """One worker each, gone in the end; `more` settings. Every other one has a name of its own in the group: it keeps
    its partitions over a restart, and the others leave theirs to whoever is there."""
    names = [f"agents-{runner}-{number}" for number, runner in enumerate(runners)]

    def settings(name: str, number: int, runner: str) -> dict[str, str]:
        named = {"ATTUNE_INSTANCE": name} if number % 2 == 0 else {}
        return {**(more or {}), "ATTUNE_RUNNER_AGENTS": runner, **named}

    await asyncio.gather(
        *(
            place.crew.hire(name, "agents", settings(name, number, runner))
            for number, (name, runner) in enumerate(zip(names, runners, strict=True))
        )
    )
    try:
        yield
    finally:
        for name in names:
            await place.crew.dismiss(name)


@asynccontextmanager
async def under_load(place: Town, *, rate: float, seed: int, prefix: str) -> AsyncIterator[tuple[Load, Scene]]:
    """People and a watch; what the faults need."""
    producer = KafkaProducer(place.servers.kafka.bootstrap, send_timeout=5.0)
    try:
        async with watching(place.servers, place.crew) as watch:
            scene = Scene(place.servers, place.crew, watch, random.Random(seed), [])
            items = keys_of(CATALOG_ITEMS)
            async with Load(producer, items=items, rate=rate, seed=seed, prefix=prefix) as load:
                yield load, scene
    finally:
        await producer.close()


async def wind_up(place: Town, load: Load, seconds: float = 60.0) -> Verdict:
    """Lets everything come to rest, then judges."""
    await load.finish()
    await place.settled(seconds)
    await asyncio.sleep(ITEM_WAIT)
    await load.say_last()
    await place.settled(seconds)
    return await place.check(load.book)


async def _send_catalog(place: Town) -> None:
    items = [CatalogItem.model_validate(item) for item in CATALOG_ITEMS]
    producer = KafkaProducer(place.servers.kafka.bootstrap)
    try:
        await producer.send([Outgoing(CATALOG, item.key.encode(), item.to_bytes()) for item in items])
    finally:
        await producer.close()
    deadline = time.monotonic() + 60.0
    async with place.store() as store:
        while len(await store.sample_items(place.space, 1_000)) < len(items):
            assert time.monotonic() < deadline, "the catalog was not embedded"
            await asyncio.sleep(0.1)


async def _lag(log: KafkaLog) -> int:
    try:
        return await log.lag(AgentsStage.group, AgentsStage.topics)
    except Unavailable:
        return 1


async def _metrics(http: httpx.AsyncClient, worker: Worker) -> str:
    return (await http.get(f"http://127.0.0.1:{worker.metrics_port}/metrics")).text


def _idle(text: str) -> bool:
    lags = [line for line in text.splitlines() if line.startswith("attune_consumer_lag{")]
    return all(float(line.rsplit(" ", 1)[1]) == 0 for line in lags)
