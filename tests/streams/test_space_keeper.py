"""The keeper: follows the pointer whatever happens around it, and ends with an embedder that ends."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Any

import pytest

from schemas.space import SpaceEntry, SpacePointer
from streams.metrics import Metrics
from streams.rollout import Moved, Phase
from streams.space_keeper import Embedding, SpaceKeeper
from tests.virtual_time import in_virtual_time
from workers.errors import BrokerUnavailable, ConfigurationError, FatalRunnerError

OLD, NEW = (SpaceEntry(id=name, dimension=4, model=name) for name in ("old-1", "new-2"))


class FakePointer:
    def __init__(self) -> None:
        self.at = SpacePointer(revision=1, current=OLD)
        self.failures = 0

    async def read(self) -> SpacePointer:
        if self.failures:
            self.failures -= 1
            raise BrokerUnavailable("away, as the test wants it")
        return self.at

    def change(self, **fields: Any) -> None:
        self.at = self.at.model_copy(update={"revision": self.at.revision + 1, **fields})


class FakeRunner:
    def __init__(self) -> None:
        self.stopped = asyncio.Event()
        self.error: Exception | None = None

    async def run(self) -> None:
        await self.stopped.wait()
        if self.error is not None:
            raise self.error

    async def stop(self) -> None:
        self.stopped.set()


class FakeMover:
    def __init__(self) -> None:
        self.steps = 0

    async def step(self) -> Moved:
        self.steps += 1
        return Moved(Phase.NONE)


class FakeSweeper:
    def __init__(self) -> None:
        self.asked: list[tuple[str, set[str]]] = []

    async def step(self, pointer: SpacePointer, embedding: Collection[str]) -> int:
        self.asked.append((pointer.current.id, set(embedding)))
        return 0


class World:
    def __init__(self) -> None:
        self.sweeper = FakeSweeper()
        self.pointer, self.metrics = FakePointer(), Metrics()
        self.told: list[int] = []
        self.home = FakeMover()
        self.made: dict[str, FakeRunner] = {}
        self.unusable: set[str] = set()
        self.keeper = SpaceKeeper(
            self.pointer,  # type: ignore[arg-type]
            told=[self._tell],
            movers={OLD.id: self.home},  # type: ignore[dict-item]
            embed=self._embed,
            sweeper=self.sweeper,  # type: ignore[arg-type]
            metrics=self.metrics,
            watch=0.005,
        )

    async def _tell(self, pointer: SpacePointer) -> None:
        self.told.append(pointer.revision)

    async def _embed(self, entry: SpaceEntry) -> Embedding:
        if entry.id in self.unusable:
            raise ConfigurationError("its folder is gone: put it back")
        self.made[entry.id] = FakeRunner()
        return Embedding(self.made[entry.id], FakeMover())  # type: ignore[arg-type]

    async def run(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.create_task(self.keeper.run())
        try:
            await meanwhile()
            await self.keeper.stop()
            await task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.002)


@in_virtual_time
async def test_each_change_is_told_once() -> None:
    world = World()

    async def meanwhile() -> None:
        await until(lambda: world.home.steps > 3)
        world.pointer.change(next=NEW)
        await until(lambda: len(world.told) == 2)
        steps = world.home.steps
        await until(lambda: world.home.steps > steps + 3)

    await world.run(meanwhile)
    assert world.told == [1, 2]


@in_virtual_time
async def test_an_embedder_runs_for_each_space_that_has_none_and_stops_with_it() -> None:
    world = World()

    async def meanwhile() -> None:
        world.pointer.change(next=NEW)
        await until(lambda: NEW.id in world.made)
        world.pointer.change(next=None)
        await until(world.made[NEW.id].stopped.is_set)

    await world.run(meanwhile)
    assert world.made.keys() == {NEW.id}


@in_virtual_time
async def test_its_embedders_stop_with_it() -> None:
    world = World()

    async def meanwhile() -> None:
        world.pointer.change(next=NEW)
        await until(lambda: NEW.id in world.made)

    await world.run(meanwhile)
    assert world.made[NEW.id].stopped.is_set()


@in_virtual_time
async def test_the_process_that_embeds_in_the_current_space_sweeps_and_says_what_it_embeds() -> None:
    world = World()

    async def meanwhile() -> None:
        await until(lambda: len(world.sweeper.asked) > 1)
        world.pointer.change(next=NEW)
        await until(lambda: world.sweeper.asked[-1][1] == {OLD.id, NEW.id})
        elsewhere = SpaceEntry(id="elsewhere-3", dimension=4, model="elsewhere")
        world.unusable.add(elsewhere.id)
        world.pointer.change(current=elsewhere, previous=OLD, next=None)
        await until(lambda: len(world.told) == 3)
        asked, steps = len(world.sweeper.asked), world.home.steps
        await until(lambda: world.home.steps > steps + 3)
        assert len(world.sweeper.asked) <= asked + 1

    await world.run(meanwhile)
    assert {current for current, _ in world.sweeper.asked} == {OLD.id}


@in_virtual_time
async def test_a_broker_that_is_away_is_counted_and_asked_again() -> None:
    world = World()
    world.pointer.failures = 3
    await world.run(lambda: until(lambda: world.told == [1]))
    assert world.metrics.registry.get_sample_value("attune_broker_errors_total", {"stage": "spaces"}) == 3


@in_virtual_time
async def test_a_space_that_cannot_be_embedded_leaves_the_rest_running() -> None:
    world = World()
    world.unusable.add(NEW.id)

    async def meanwhile() -> None:
        world.pointer.change(next=NEW)
        await until(lambda: world.told[-1:] == [2])
        steps = world.home.steps
        await until(lambda: world.home.steps > steps + 3)

    await world.run(meanwhile)
    assert world.made == {}


@in_virtual_time
async def test_an_embedder_that_ends_by_an_error_ends_the_keeper_with_it() -> None:
    world = World()

    async def meanwhile() -> None:
        world.pointer.change(next=NEW)
        await until(lambda: NEW.id in world.made)
        world.made[NEW.id].error = FatalRunnerError("thrown out")
        world.made[NEW.id].stopped.set()
        await asyncio.sleep(0.1)

    with pytest.raises(FatalRunnerError):
        await world.run(meanwhile)
