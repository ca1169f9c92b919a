"""Who looks on while things are broken: asks the servers and the workers, and has `tests.chaos.stalls` reckon.

Besides, every running worker must be a member of its group: one that is not has a process and no work.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from redis.asyncio import Redis

from infra.stores.redis_keys import MARKS, mark_field
from streams.agents import AgentsStage
from streams.deadline import within
from streams.kafka_clients import admin_client, consumer_client, partitions_of
from streams.topics import INTERACTIONS
from tests.chaos.crew import Crew, Worker
from tests.chaos.servers import Servers
from tests.chaos.stalls import ZOMBIE_SECONDS, Excuses, Stalls, Zombies
from workers.errors import AttuneError
from workers.ports import Partition

LOOK = 0.25
LOOK_AT_WORKERS = 2.0
BLIND_SECONDS = 60.0
"""A broker that was killed is back after some ten, on a machine with both cores busy."""
_GROUP = "the group"
_MEMBERS = 5
"""Place of the members in Kafka's description of a group, in every version of it."""


class Watch:
    """`async with watching(...) as watch:`"""

    def __init__(self, servers: Servers, crew: Crew, blind_seconds: float = BLIND_SECONDS) -> None:
        self.during = ""
        """What is being done to the parts, for the report."""
        self.lag = 0
        self.excuses = Excuses()
        self.stalls = Stalls(self.excuses)
        self.zombies = Zombies(self.excuses)
        self._servers = servers
        self._crew = crew
        self._blind_seconds = blind_seconds
        self._seen = time.monotonic()

    @contextmanager
    def excused(self) -> Iterator[None]:
        """Nobody can make progress meanwhile."""
        self.excuses.begin()
        try:
            yield
        finally:
            self.excuses.end(time.monotonic())

    async def look_at_partitions(self) -> None:
        """Until it is cancelled. Raises what has kept it from seeing anything for too long."""
        while True:
            try:
                await self._follow()
            except Exception:  # a server that dies has its clients raise anything: they are made anew
                blind = time.monotonic() - max(self._seen, self.excuses.healed)
                if blind > self._blind_seconds and not self.excuses.hold:
                    raise
            await asyncio.sleep(LOOK)

    async def look_at_workers(self) -> None:
        """Until it is cancelled."""
        async with httpx.AsyncClient(timeout=2.0) as http:
            while True:
                for worker in self._crew.of("agents"):
                    await self._look_at(worker, http)
                await self._look_at_group()
                await asyncio.sleep(LOOK_AT_WORKERS)

    async def _follow(self) -> None:
        bootstrap = self._servers.kafka.bootstrap
        partitions = await partitions_of(bootstrap, [INTERACTIONS], 5.0)
        redis = Redis(port=self._servers.redis.port, socket_timeout=3.0, socket_connect_timeout=3.0)
        async with consumer_client(bootstrap, 5.0) as consumer, redis:
            while True:
                await within(3.0, self._look(consumer, redis, partitions))
                await asyncio.sleep(LOOK)

    async def _look(self, consumer: AIOKafkaConsumer, redis: Redis, partitions: list[TopicPartition]) -> None:
        ends = await consumer.end_offsets(partitions)
        marks = await redis.hgetall(MARKS)
        for at, end in ends.items():
            mark = int(marks.get(mark_field(Partition(*at)), 0))
            self.stalls.note(at.partition, int(end), mark, time.monotonic(), self.during)
        self.lag = sum(map(int, ends.values())) - self.stalls.applied
        self._seen = time.monotonic()

    async def _look_at(self, worker: Worker, http: httpx.AsyncClient) -> None:
        if worker.paused or not worker.running:
            self.zombies.forgive(worker.name, time.monotonic())
            return
        with suppress(httpx.HTTPError):  # one that does not answer is judged by its last answer
            text = (await http.get(f"http://127.0.0.1:{worker.metrics_port}/metrics")).text
            handled, lag = figure(text, "attune_batch_seconds_count"), figure(text, "attune_consumer_lag")
            self.zombies.note(worker.name, handled, not lag, time.monotonic())
        self.zombies.judge(worker.name, time.monotonic(), self.during)

    async def _look_at_group(self) -> None:
        """As many members as there are processes, once none of them is new."""
        now, workers = time.monotonic(), self._crew.of("agents")
        if any(not one.running or one.paused or now - one.since < ZOMBIE_SECONDS for one in workers):
            self.zombies.forgive(_GROUP, now)
            return
        with suppress(KafkaError, OSError, TimeoutError, AttuneError):
            self.zombies.note(_GROUP, 0.0, await within(10.0, self._members()) == len(workers), now)
        self.zombies.judge(_GROUP, now, self.during)

    async def _members(self) -> int:
        async with admin_client(self._servers.kafka.bootstrap, 5.0) as admin:
            (described,) = await admin.describe_consumer_groups([AgentsStage.group])
        (group,) = described.groups
        return len(group[_MEMBERS])


@asynccontextmanager
async def watching(servers: Servers, crew: Crew, blind_seconds: float = BLIND_SECONDS) -> AsyncIterator[Watch]:
    """Whoever is watched ends as soon as the watch does: nobody would see a stall any more."""
    watch = Watch(servers, crew, blind_seconds)
    async with asyncio.TaskGroup() as group:
        looking = [group.create_task(watch.look_at_partitions()), group.create_task(watch.look_at_workers())]
        yield watch
        for task in looking:
            task.cancel()


def figure(text: str, name: str) -> float:
    """The sum of a metric's samples."""
    return sum(float(value) for value in re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE))
