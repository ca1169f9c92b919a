"""The bare loop does the work it stands for: a limit that did less would flatter nobody."""

import time
from collections.abc import Iterator

import pytest
import redis.asyncio

from benchmarks.bare import EMBEDDINGS, MESSAGE_BYTES, open_bare_loop, read_embeddings
from benchmarks.servers import Servers, start_servers
from benchmarks.service import until
from benchmarks.workload import interactions
from streams.kafka_log import KafkaLog
from streams.kafka_producer import KafkaProducer
from streams.together import together
from streams.topics import INTERACTIONS

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

EVENTS = 250


@pytest.fixture
def servers() -> Iterator[Servers]:
    with start_servers(fast=True) as running:
        yield running


async def test_the_bare_loop_writes_sends_and_commits(servers: Servers) -> None:
    await servers.prepare(EMBEDDINGS)
    events = interactions(10, EVENTS)
    users = {event.key for event in events}
    producer = KafkaProducer(servers.kafka.bootstrap)
    seconds: list[float] = []
    start = time.time()

    async def work() -> None:
        await producer.send(events)
        async with open_bare_loop(servers, "bare", 100) as loop:
            while loop.events < EVENTS:
                await loop.step()
            assert await loop.step() == 0
            assert len(users) <= loop.sent < EVENTS
            await until(lambda: len(seconds) == loop.sent, 60)

    await together(work(), read_embeddings(servers, seconds))
    await producer.close()

    async with redis.asyncio.Redis.from_url(servers.redis.url) as store:
        assert {len(await store.hget(b"bare:" + user, "state") or b"") for user in users} == {4_000}
        assert await store.dbsize() == len(users)
    log = KafkaLog(servers.kafka.bootstrap)
    assert await log.lag("bare", [INTERACTIONS]) == 0
    sent = await log.read(EMBEDDINGS.name, EVENTS)
    assert {message.key for message in sent} == users
    assert {len(message.value or b"") for message in sent} == {MESSAGE_BYTES}
    assert all(0 <= taken < time.time() - start for taken in seconds)
