"""One process of the service: it lives, freezes, dies, and reaches the store and the log by calls that may go wrong.

A call, step by step, and what a fault does to it:

1. The process must run: a frozen one waits here, of a dead one nothing goes out any more.
2. The request is sent. From here on it is carried out after a while, whatever becomes of the caller.
3. The caller waits for the answer. `fail`: there never was a request. `lost`: it is carried out and the answer never
   comes. `late`: the caller gives up first, and it is carried out long after that. `slow`: both take seconds.
   `die before` and `die after`: the process ends at 1 and at 3.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from tests.simulation.trace import Trace
from workers.ports import ItemRecord, Record

T = TypeVar("T")

QUICK = (0.0002, 0.004)
SLOW = (0.5, 6.0)
GIVES_UP = (0.2, 3.0)
LATE = (0.5, 20.0)
"""Virtual seconds, from and to."""

KINDS = ("fail", "lost", "late", "slow", "die before", "die after")


@dataclass
class Weather:
    """Whether calls may go wrong at the moment, and which servers ("store", "log") nobody reaches."""

    bad: bool = False
    away: set[str] = field(default_factory=set)


@dataclass
class Faults:
    """Which calls of a process go wrong. `rates` by kind, as shares of all calls in bad weather."""

    chance: Random
    rates: Mapping[str, float]
    weather: Weather

    def without(self, *kinds: str) -> "Faults":
        rates = {kind: 0.0 if kind in kinds else rate for kind, rate in self.rates.items()}
        return Faults(self.chance, rates, self.weather)

    def draw(self, server: str) -> str | None:
        if not self.weather.bad:
            return None
        if server in self.weather.away:
            return "fail"
        roll = self.chance.random()
        for kind, rate in self.rates.items():
            roll -= rate
            if roll < 0:
                return kind
        return None


@dataclass(frozen=True)
class Told:
    """What the store has last told a process of one item or word, and when; None: that there is none."""

    value: Any
    at: float


@dataclass(frozen=True)
class Sight:
    """All that the store has told one process. It is replaced, never changed: whoever keeps one keeps that moment."""

    items: Mapping[str, Told] = field(default_factory=dict)
    words: Mapping[str, Told] = field(default_factory=dict)

    def with_items(self, asked: Sequence[str], found: Mapping[str, ItemRecord], at: float) -> "Sight":
        return Sight({**self.items, **{key: Told(found.get(key), at) for key in asked}}, self.words)

    def with_words(self, asked: Sequence[str], found: Mapping[str, bytes], at: float) -> "Sight":
        return Sight(self.items, {**self.words, **{text: Told(found.get(text), at) for text in asked}})


@dataclass(eq=False)
class Process:
    """`epoch` is the true time at virtual second 0; `skew` is how far its own clock is off."""

    name: str
    trace: Trace
    faults: Faults
    chance: Random
    epoch: float
    skew: float = 0.0
    alive: bool = True
    frozen_until: float = 0.0
    sight: Sight = field(default_factory=Sight)
    in_hand: Sequence[Record] = ()
    """The batch that its stage was given last."""
    task: "asyncio.Task[None] | None" = None
    on_death: list[Callable[[], None]] = field(default_factory=list)
    on_freeze: list[Callable[[], None]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def now(self) -> float:
        """By its own clock, in epoch seconds."""
        return self.epoch + asyncio.get_running_loop().time() + self.skew

    async def running(self) -> None:
        """Step 1."""
        loop = asyncio.get_running_loop()
        while self.alive and loop.time() < self.frozen_until:
            await asyncio.sleep(self.frozen_until - loop.time())
        if not self.alive:
            raise asyncio.CancelledError

    def die(self, how: str) -> None:
        """At once and without any clean-up: what its tasks still do reaches nobody."""
        if not self.alive:
            return
        self.alive = False
        self.trace.fault(self.name, how)
        if self.task is not None:
            asyncio.get_running_loop().call_soon(self.task.cancel)
        for tell in self.on_death:
            tell()

    def freeze(self, seconds: float) -> None:
        self.trace.fault(self.name, "freeze", f"{seconds:.1f} s")
        self.frozen_until = asyncio.get_running_loop().time() + seconds
        for tell in self.on_freeze:
            tell()

    async def call(self, server: str, name: str, effect: Callable[[], T], error: type[Exception]) -> T:
        """Raises `error` where the answer does not come."""
        await self.running()  # 1
        self.calls[name] += 1
        kind = self.faults.draw(server)
        if kind is not None:
            return await self._faulty(kind, name, effect, error)
        result = await self._carried_out(effect, self.chance.uniform(*QUICK))
        await self.running()
        return result

    async def _faulty(self, kind: str, name: str, effect: Callable[[], T], error: type[Exception]) -> T:
        if kind == "die before":
            self.die(f"die before {name}")
            await self._for_ever()
        if kind != "die after":
            self.trace.fault(self.name, kind, name)
        if kind == "late":
            self._carried_out(effect, self.chance.uniform(*LATE))
        elif kind != "fail":
            result = await self._carried_out(effect, self.chance.uniform(*(SLOW if kind == "slow" else QUICK)))
        if kind == "die after":
            self.die(f"die after {name}")
            await self._for_ever()
        if kind == "slow":
            await asyncio.sleep(self.chance.uniform(*SLOW))
            await self.running()
            return result
        await asyncio.sleep(self.chance.uniform(*GIVES_UP))
        await self.running()
        raise error(f"{name} was not answered, as the seed wants it")

    def _carried_out(self, effect: Callable[[], T], after: float) -> Awaitable[T]:
        """Step 2."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def arrive() -> None:
            result = effect()
            if not answer.done():
                answer.set_result(result)

        loop.call_later(after, arrive)
        return answer

    async def _for_ever(self) -> None:
        await asyncio.get_running_loop().create_future()
