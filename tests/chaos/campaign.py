"""The long form: so many kills under load, one fault after the other, and one judgement in the end.

`make chaos KILLS=200` kills workers 200 times, Kafka 20 times and Redis 20 times (every fourth time by a power cut),
and does everything else in between. Prints progress to stderr and one JSON object on the last line of stdout.
"""

import asyncio
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from tests.chaos import faults
from tests.chaos.checker import Verdict
from tests.chaos.faults import SESSION, Fault, Scene
from tests.chaos.town import RUNNERS, Town, agents, under_load, wind_up

STALL_LIMIT = SESSION + 15.0

Say = Callable[[str], None]


@dataclass
class Report:
    """The figures of one campaign."""

    seconds: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=dict)
    unsynced: int = 0
    """Bytes that Redis lost by power cuts."""
    restarts: dict[str, int] = field(default_factory=dict)
    """What the supervisor started again, by role and exit code."""
    accepted: int = 0
    sent_again: int = 0
    longest_stall: float = 0.0
    stalled_during: str = ""
    zombies: list[str] = field(default_factory=list)
    slow_stops: list[str] = field(default_factory=list)
    verdict: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        return not (self.zombies or self.slow_stops or any(self.verdict.values())) and self.longest_stall <= STALL_LIMIT

    def to_dict(self) -> dict[str, object]:
        return {"sound": self.sound, **asdict(self)}


def plan(kills: int, seed: int) -> list[Fault]:
    """So many workers are killed, a tenth as often Kafka and Redis, and everything small comes at least once."""
    if not kills:
        return []
    rng = random.Random(seed)
    tenth = max(1, kills // 10)
    lasting: tuple[Fault, ...] = (faults.kill_kafka,) * tenth + tuple(_of_redis(n) for n in range(tenth))
    pairs = kills // 20
    workers: tuple[Fault, ...] = (faults.kill_worker,) * (kills - 2 * pairs) + (faults.kill_two_workers,) * pairs
    small = faults.SMALL * max(1, kills // 40)
    wiped = (faults.wipe_redis,) * max(1, kills // 100)
    chosen = [*workers, *lasting, *small, *wiped, *_bystanders(kills)]
    rng.shuffle(chosen)
    return chosen


def plan_for_leaders(kills: int) -> list[Fault]:
    """Three brokers, and the one that leads dies so many times, with a worker in between."""
    return [fault for _ in range(kills) for fault in (faults.kill_leader, faults.kill_worker)]


def _of_redis(number: int) -> Fault:
    return faults.cut_power if number % 4 == 1 else faults.kill_redis


def _bystanders(kills: int) -> list[Fault]:
    """The embedder takes ten seconds to come back, and is not what this is about."""
    return [faults.kill_embedder, faults.kill_provider] * max(1, kills // 50)


async def campaign(
    place: Town,
    chosen: Sequence[Fault],
    *,
    rate: float,
    seed: int,
    pause: tuple[float, float],
    prefix: str = "u",
    say: Say = lambda line: None,
    runners: Sequence[str] = (*RUNNERS, "aiokafka"),
) -> Report:
    """One fault after the other, each followed by a random `pause` (seconds, from and to)."""
    start, counts = time.monotonic(), Counter[str]()
    async with agents(place, runners), under_load(place, rate=rate, seed=seed, prefix=prefix) as (load, scene):
        for number, fault in enumerate(chosen, start=1):
            scene.watch.during = fault.__name__
            await fault(scene)
            counts[fault.__name__] += 1
            await asyncio.sleep(scene.random.uniform(*pause))
            await _moving(scene)
            say(_progress(number, len(chosen), scene, load.book.count))
        scene.watch.during = "the end"
        verdict = await wind_up(place, load)
        say(f"judged: {verdict.faults()}")
        return _report(scene, verdict, counts, time.monotonic() - start, load.book.again)


async def _moving(scene: Scene) -> None:
    """A chain of deaths, each of which the group must wait a session for, would be one stall without an end: where one
    lasts for a session, what comes next waits until it is over (or has become too long)."""
    while SESSION < scene.watch.stalls.current < STALL_LIMIT:
        await asyncio.sleep(0.2)


def _progress(number: int, of: int, scene: Scene, accepted: int) -> str:
    watch = scene.watch
    return (
        f"{number}/{of} {watch.during}: {accepted} accepted, lag {watch.lag}, longest stall "
        f"{watch.stalls.longest:.1f} s ({watch.stalls.during or 'none'}), restarts {scene.crew.restarts.total()}"
    )


def _report(scene: Scene, verdict: Verdict, counts: Counter[str], seconds: float, again: int) -> Report:
    watch = scene.watch
    return Report(
        seconds=round(seconds, 1),
        faults=dict(counts),
        kills={**scene.crew.kills, **scene.servers.kills},
        unsynced=scene.servers.unsynced,
        restarts=dict(scene.crew.restarts),
        accepted=verdict.accepted,
        sent_again=again,
        longest_stall=round(watch.stalls.longest, 2),
        stalled_during=watch.stalls.during,
        zombies=watch.zombies.found,
        slow_stops=scene.slow_stops,
        verdict=verdict.faults(),
        examples={name: getattr(verdict, name)[:5] for name, count in verdict.faults().items() if count},
    )


def hush() -> None:
    """aiokafka tells of every connection that a dead broker refuses."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def say_to_stderr(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)
