"""The bare loop: the least that any service must do that turns events on Kafka into state and messages. Its figures are
the limit that Attune's stand beside.

1. Fetch up to so many events.
2. Parse them and group them by user.
3. Write 4 KB of state a user, each in one Lua step, all in one round trip to Redis.
4. Send 1.6 KB a user, and wait until all are durable.
5. Commit the offsets.

It folds nothing, reads no state and guards against nothing.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources import files
from typing import Any

import orjson
import redis.asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.servers import PARTITIONS, Servers
from streams.topics import INTERACTIONS, Topic

EVENTS = Topic("benchmark.bare-interactions")
"""For a benchmark in which it must not meet the events that Attune gets."""

EMBEDDINGS = Topic("benchmark.bare-embeddings", compacted=True)
"""Where it sends to, so that no reader of Attune's sees it."""

MESSAGE_BYTES = 1_600
"""An embedding of one user, about: of one interest in 384 components, in base64, with its words."""

_STATE = b"s" * 4_000
_BATCH_BYTES = 64 * 1024
"""Of the producer, as Attune has it."""

_FETCH_MS = 200
_STAMP = 13
"""Digits of a moment in milliseconds, until the year 2286."""

_PADDING = b"e" * (MESSAGE_BYTES - _STAMP)


class BareLoop:
    """Open it with `open_bare_loop`. One batch after the other: `step`."""

    def __init__(
        self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, store: "redis.asyncio.Redis", batch_size: int
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._store = store
        self._batch_size = batch_size
        self._script = b""
        self.events = 0
        """Handled so far."""
        self.sent = 0
        """Messages, one a user and batch."""

    async def prepare(self) -> None:
        """Loads the script."""
        text = files("benchmarks").joinpath("bare_commit.lua").read_bytes()
        self._script = (await self._store.script_load(text)).encode()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.step()

    async def step(self) -> int:
        """Handles one batch; how many events it held (0: none came within 0.2 s)."""
        pages = await self._consumer.getmany(timeout_ms=_FETCH_MS, max_records=self._batch_size)  # 1
        users: defaultdict[str, list[Any]] = defaultdict(list)
        accepted: dict[str, int] = {}
        for page in pages.values():
            for record in page:  # 2
                event = orjson.loads(record.value)
                users[event["user"]].append(event)
                accepted[event["user"]] = record.timestamp
        if users:
            await self._write(users)  # 3
            await self._send(accepted)  # 4
            await self._consumer.commit()  # 5
        size = sum(map(len, users.values()))
        self.events += size
        return size

    async def _write(self, users: Mapping[str, list[Any]]) -> None:
        async with self._store.pipeline(transaction=False) as pipeline:
            for user in users:
                pipeline.execute_command(b"EVALSHA", self._script, b"1", b"bare:" + user.encode(), _STATE)
            await pipeline.execute()

    async def _send(self, accepted: Mapping[str, int]) -> None:
        """Each message tells when the broker took the last event behind it."""
        sent = [
            await self._producer.send(EMBEDDINGS.name, key=user.encode(), value=_stamped(moment))
            for user, moment in accepted.items()
        ]
        await asyncio.gather(*sent)
        self.sent += len(accepted)


def _stamped(moment: int) -> bytes:
    return b"%0*d" % (_STAMP, moment) + _PADDING


@asynccontextmanager
async def open_bare_loop(
    servers: Servers, group: str, batch_size: int, topic: str = INTERACTIONS
) -> AsyncIterator[BareLoop]:
    """A loop in a group of its own, at the start of the topic where the group is new."""
    bootstrap = servers.kafka.bootstrap
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(redis.asyncio.Redis.from_url(servers.redis.url, protocol=2))
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=_BATCH_BYTES)
        await stack.enter_async_context(producer)
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=bootstrap,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await stack.enter_async_context(consumer)
        loop = BareLoop(consumer, producer, store, batch_size)
        await loop.prepare()
        yield loop


async def read_embeddings(servers: Servers, seconds: list[float]) -> None:
    """Reads what the loop sends until it is cancelled. Adds how long ago the broker took the event behind each message,
    for events since the call (as Attune's provider has it)."""
    started = time.time()
    async with AIOKafkaConsumer(
        bootstrap_servers=servers.kafka.bootstrap, group_id=None, auto_offset_reset="earliest"
    ) as consumer:
        consumer.assign([TopicPartition(EMBEDDINGS.name, number) for number in range(PARTITIONS)])
        while True:
            pages = await consumer.getmany(timeout_ms=_FETCH_MS)
            now = time.time()
            accepted = [int(record.value[:_STAMP]) / 1000 for page in pages.values() for record in page]
            seconds += [now - moment for moment in accepted if moment >= started]
