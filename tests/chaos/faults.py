"""What can go wrong, each as a coroutine that does it and returns when it is over (or has had its effect)."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.chaos.crew import Crew, Worker
from tests.chaos.proxy import FaultProxy, Harm
from tests.chaos.servers import Servers
from tests.chaos.watch import Watch

SESSION = 6.0
"""Seconds, ATTUNE_SESSION_TIMEOUT of the crew."""

STOP_SECONDS = 10.0
_UP_SECONDS = 60.0
_REBUILD_SECONDS = 300.0
_CAUGHT_UP = 100
"""Events: some three seconds of the load."""
_COMMIT = b"attune.interactions"
"""In a request to Redis: the marks go with every commit, and with little else."""


@dataclass
class Scene:
    servers: Servers
    crew: Crew
    watch: Watch
    random: random.Random
    slow_stops: list[str]
    hired: int = 0

    async def some(self, count: int, role: str = "agents") -> list[Worker]:
        """So many who run, as soon as they do."""
        deadline = time.monotonic() + _UP_SECONDS
        while len(running := [one for one in self.crew.of(role) if one.running]) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"fewer than {count} {role} ran for {_UP_SECONDS} s: read their logs")
            await asyncio.sleep(0.1)
        return self.random.sample(running, count)

    async def somebody(self, role: str = "agents") -> Worker:
        (worker,) = await self.some(1, role)
        return worker


async def kill_worker(scene: Scene) -> None:
    await scene.crew.kill(await scene.somebody())


async def kill_two_workers(scene: Scene) -> None:
    await asyncio.gather(*map(scene.crew.kill, await scene.some(2)))


async def kill_embedder(scene: Scene) -> None:
    await scene.crew.kill(await scene.somebody("embedder"))


async def kill_provider(scene: Scene) -> None:
    await scene.crew.kill(await scene.somebody("provider"))


async def stop_worker(scene: Scene) -> None:
    """SIGTERM: a deadline of its own, and exit code 0."""
    worker = await scene.somebody()
    code, seconds = await scene.crew.stop(worker)
    if code != 0 or seconds > STOP_SECONDS:
        scene.slow_stops.append(f"{worker.name}: exit code {code} after {seconds:.1f} s during {scene.watch.during}")


async def zombie(scene: Scene) -> None:
    """SIGSTOP for longer than the session: the others take over, and then it wakes up in the middle of a batch."""
    await scene.crew.pause(await scene.somebody(), SESSION + 3.0)


async def join_and_leave(scene: Scene) -> None:
    """Two rebalances."""
    scene.hired += 1
    name = f"guest-{scene.hired}"
    await scene.crew.hire(name, "agents")
    await asyncio.sleep(2.0)
    await scene.crew.dismiss(name)


async def kill_kafka(scene: Scene) -> None:
    with scene.watch.excused():
        await scene.servers.kill_kafka()


async def kill_leader(scene: Scene) -> None:
    """Of three brokers: the others have what it acknowledged, and nobody is excused."""
    await scene.servers.kill_kafka(away=5.0)


async def kill_redis(scene: Scene) -> None:
    with scene.watch.excused():
        await scene.servers.kill_redis()


async def cut_power(scene: Scene) -> None:
    with scene.watch.excused():
        await scene.servers.cut_power()


async def wipe_redis(scene: Scene) -> None:
    """Everything is gone: items, states, marks. How long it takes to rebuild them depends on how much there was, so
    nobody is blamed until that is done."""
    with scene.watch.excused():
        await scene.servers.wipe_redis()
        await asyncio.sleep(2.0)  # the watch sees it
        deadline = time.monotonic() + _REBUILD_SECONDS
        while scene.watch.lag > _CAUGHT_UP:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{scene.watch.lag} events were left to rebuild after {_REBUILD_SECONDS} s")
            await asyncio.sleep(0.5)


async def slow_link(scene: Scene) -> None:
    await _for_a_while((await scene.somebody()).redis, 0.1, 3.0)


async def slow_kafka(scene: Scene) -> None:
    await _for_a_while(scene.servers.kafka_proxy, 0.1, 3.0)


async def reset_links(scene: Scene) -> None:
    """Five times, a moment apart."""
    worker = await scene.somebody()
    for _ in range(5):
        worker.redis.reset()
        await asyncio.sleep(0.1)


async def reset_kafka(scene: Scene) -> None:
    for _ in range(3):
        scene.servers.kafka_proxy.reset()
        await asyncio.sleep(0.3)


async def cut_off(scene: Scene) -> None:
    """One worker from the store, longer than a call waits. It stays in the group, and its partitions wait."""
    await _black_hole(scene, (await scene.somebody()).redis, 4.0)


async def cut_off_kafka(scene: Scene) -> None:
    await _black_hole(scene, scene.servers.kafka_proxy, 4.0)


async def drop_replies(scene: Scene) -> None:
    """Commits that are done, and nobody hears of it."""
    await _trap(scene, Harm.DROP_REPLY)


async def cut_replies(scene: Scene) -> None:
    await _trap(scene, Harm.CUT_REPLY)


async def cut_requests(scene: Scene) -> None:
    await _trap(scene, Harm.CUT_REQUEST)


async def drop_kafka_replies(scene: Scene) -> None:
    """Sends that were taken, and fetches that came: nobody hears of them."""
    for _ in range(3):
        scene.servers.kafka_proxy.trap(Harm.DROP_REPLY)
        await asyncio.sleep(0.3)


Fault = Callable[[Scene], Awaitable[None]]

SMALL: tuple[Fault, ...] = (
    stop_worker,
    join_and_leave,
    zombie,
    slow_link,
    slow_kafka,
    reset_links,
    reset_kafka,
    cut_off,
    cut_off_kafka,
    drop_replies,
    cut_replies,
    cut_requests,
    drop_kafka_replies,
)
"""Those that kill nobody."""


async def _for_a_while(proxy: FaultProxy, latency: float, seconds: float) -> None:
    proxy.latency = latency
    try:
        await asyncio.sleep(seconds)
    finally:
        proxy.latency = 0.0


async def _black_hole(scene: Scene, proxy: FaultProxy, seconds: float) -> None:
    with scene.watch.excused():
        proxy.hold()
        try:
            await asyncio.sleep(seconds)
        finally:
            proxy.release()


async def _trap(scene: Scene, harm: Harm, times: int = 3) -> None:
    worker = await scene.somebody()
    for _ in range(times):
        worker.redis.trap(harm, _COMMIT)
    await asyncio.sleep(2.0)
