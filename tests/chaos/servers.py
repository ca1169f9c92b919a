"""The servers that a town stands on: Kafka behind a fault proxy and Redis with its append-only file, which can die.

Kafka has two listeners: the load and the checker use one directly, the workers the other, which is advertised at the
proxy. Redis is reached by each worker through a proxy of its own (`tests.chaos.crew`).

Redis runs with `appendfsync everysec`, as Attune documents it: `always` costs half the speed. A SIGKILL of the process
loses nothing then, since the kernel has what Redis has answered for; only a power cut takes what was not yet on the
disk, a second or two. `cut_power` does that: it kills, and cuts the file down to what it was a while ago.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.errors import KafkaError

from infra.processes import KafkaBroker, KafkaCluster, RedisServer, free_ports
from infra.processes.ports import LOOPBACK
from streams.kafka_clients import admin_client
from streams.topics import INTERACTIONS
from tests.chaos.proxy import FaultProxy
from workers.errors import AttuneError

UNSYNCED = 1.0
"""Seconds of writes that a power cut takes with `everysec`."""

_LOOK = 0.2


@dataclass
class Servers:
    """Running. `broker` is the ATTUNE_BROKER of a worker; `kafka_proxy` is on the way there, for one broker."""

    kafka: KafkaBroker | KafkaCluster
    redis: RedisServer
    kafka_proxy: FaultProxy
    broker: str
    kills: dict[str, int] = field(default_factory=lambda: {"kafka": 0, "redis": 0, "redis_power": 0})
    unsynced: int = 0
    """Bytes that power cuts took."""
    _sizes: deque[tuple[float, int]] = field(default_factory=deque)

    @property
    def brokers(self) -> int:
        return len(self.kafka.brokers) if isinstance(self.kafka, KafkaCluster) else 1

    async def kill_kafka(self, away: float = 0.5) -> None:
        """The broker; of several the one that leads most partitions of the interactions, and once all are in sync."""
        broker = self.kafka
        if isinstance(broker, KafkaCluster):
            broker = broker.brokers[await leader_in_sync(broker)]
        await asyncio.to_thread(broker.kill)
        self.kills["kafka"] += 1
        await asyncio.sleep(away)
        await asyncio.to_thread(broker.begin)

    async def kill_redis(self, away: float = 0.5) -> None:
        await asyncio.to_thread(self.redis.kill)
        self.kills["redis"] += 1
        await asyncio.sleep(away)
        await asyncio.to_thread(self.redis.begin)

    async def cut_power(self) -> None:
        """Redis loses what it wrote in its last second."""
        await asyncio.to_thread(self.redis.kill)
        self.kills["redis_power"] += 1
        self.unsynced += self._cut_file(time.monotonic() - UNSYNCED)
        await asyncio.to_thread(self.redis.begin)

    async def wipe_redis(self) -> None:
        """A Redis that has lost its disk."""
        await asyncio.to_thread(self.redis.wipe)

    async def note_sizes(self) -> None:
        """How long the file was when: what a power cut leaves. Runs until it is cancelled."""
        while True:
            self._sizes.append((time.monotonic(), self._size()))
            if len(self._sizes) > 100:
                self._sizes.popleft()
            await asyncio.sleep(_LOOK)

    def _cut_file(self, moment: float) -> int:
        """To its length at that moment, and the file that Redis writes to only: an older one is never written again."""
        before, kept = self._size(), [size for at, size in self._sizes if at <= moment]
        if kept and kept[-1] < before:
            with self._file().open("rb+") as file:
                file.truncate(kept[-1])
        return before - self._size()

    def _size(self) -> int:
        return self._file().stat().st_size

    def _file(self) -> Path:
        """What Redis appends to now: the newest of its increments."""
        folder = self.redis.launch.directory / "appendonlydir"
        return max(folder.glob("*.incr.aof"), key=lambda path: int(path.name.split(".")[-3]))


@asynccontextmanager
async def servers(folder: Path, brokers: int = 1) -> AsyncIterator[Servers]:
    """Started, and killed in the end."""
    async with AsyncExitStack() as stack:
        redis = await asyncio.to_thread(RedisServer.start, folder / "redis")
        stack.push_async_callback(asyncio.to_thread, redis.kill)
        found = await (_one_broker if brokers == 1 else _several)(folder, brokers, redis, stack)
        noting = asyncio.create_task(found.note_sizes())
        stack.callback(noting.cancel)
        yield found


async def _one_broker(folder: Path, brokers: int, redis: RedisServer, stack: AsyncExitStack) -> Servers:
    direct, behind, controller, advertised = free_ports(4)
    settings = two_listeners(direct, behind, advertised, controller)
    kafka = await asyncio.to_thread(KafkaBroker.start, folder / "kafka", direct, settings=settings)
    stack.push_async_callback(asyncio.to_thread, kafka.kill)
    proxy = await stack.enter_async_context(FaultProxy(behind, advertised))
    return Servers(kafka, redis, proxy, f"kafka://{LOOPBACK}:{proxy.port}")


async def _several(folder: Path, brokers: int, redis: RedisServer, stack: AsyncExitStack) -> Servers:
    """Without a proxy on the way: each of them would need one."""
    kafka = await asyncio.to_thread(KafkaCluster.start, folder / "kafka", brokers)
    stack.push_async_callback(asyncio.to_thread, kafka.kill)
    return Servers(kafka, redis, FaultProxy(kafka.brokers[1].port), kafka.url)


async def leader_in_sync(cluster: KafkaCluster, seconds: float = 60.0) -> int:
    """The node that leads most partitions of the interactions, once every replica of them is in sync."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(KafkaError, AttuneError):
            async with admin_client(cluster.bootstrap, 10.0) as admin:
                (topic,) = await admin.describe_topics([INTERACTIONS])
            partitions = topic["partitions"]
            if all(len(one["isr"]) == len(cluster.brokers) for one in partitions):
                return Counter(int(one["leader"]) for one in partitions).most_common(1)[0][0]
        if time.monotonic() > deadline:
            raise TimeoutError(f"the replicas were not in sync after {seconds} s")
        await asyncio.sleep(0.5)


def two_listeners(direct: int, behind: int, advertised: int, controller: int) -> dict[str, str]:
    """Settings of a broker that clients reach at `direct`, and through a proxy on port `advertised` at `behind`."""
    return {
        "listeners": f"DIRECT://{LOOPBACK}:{direct},BEHIND://{LOOPBACK}:{behind},CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": f"DIRECT://{LOOPBACK}:{direct},BEHIND://{LOOPBACK}:{advertised}",
        "listener.security.protocol.map": "DIRECT:PLAINTEXT,BEHIND:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "DIRECT",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
    }
