"""A new space is rolled out while people use the service, and taken back: nobody notices, and no vector goes astray."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from schemas.api import SearchBody
from schemas.space import SpaceEntry, SpacePointer
from streams.rollout import Phase
from streams.topics import ITEM_EMBEDDINGS
from tests.streams.rollout_world import (
    NEW,
    OLD,
    TOPICS,
    USERS,
    WATCH,
    World,
    entry,
    moved_to,
    running,
    running_on_servers,
    until,
)
from workers.errors import ConfigurationError, SpaceMismatch
from workers.ports import Encoder


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "service", [running, pytest.param(running_on_servers, marks=[pytest.mark.kafka, pytest.mark.redis])]
)
async def test_a_new_space_is_rolled_out_under_load_and_taken_back(
    service: Callable[[Path], AbstractAsyncContextManager[World]], tmp_path: Path
) -> None:
    async with service(tmp_path) as world:
        before = {user: await world.state(user) for user in USERS}
        answers: set[str] = set()
        stop = asyncio.Event()

        async def load() -> None:
            """Events keep coming, and every search is answered, in the space that it says."""
            number = 0
            while not stop.is_set():
                number += 1
                await world.click(USERS[number % 3], f"{TOPICS[number % 3]} {number % 10}")
                for user in USERS:
                    space, found = await world.search(user)
                    answers.add(space)
                    assert len(found) == 3
                await asyncio.sleep(0.01)

        loading = asyncio.create_task(load(), name="load")
        await world.pointer.announce(entry("new"))
        await moved_to(world, NEW)
        await world.check_vectors()
        for user, state in before.items():
            assert {one.text for one in (await world.state(user)).interests} & {one.text for one in state.interests}
        ada = await world.state("ada")
        assert [one.text for one in ada.avoid] == ["chess openings"]
        assert next(one for one in ada.interests if one.text == "swing dancing").held_weight == 0.7

        await world.describe("jazz 99")  # both embedders keep up
        await world.pointer.roll_back()
        await moved_to(world, OLD)
        await world.check_vectors()
        stop.set()
        await loading
        assert answers == {OLD.space, NEW.space}
        assert world.metrics.registry.get_sample_value("attune_events_dead_lettered_total") is None


async def test_the_old_index_answers_until_the_new_one_is_complete(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        world.slow.clear()
        await world.pointer.announce(entry("new"))
        await asyncio.sleep(10 * WATCH)
        assert (await world.pointer.read()).next == entry("new")
        assert (await world.search("ada"))[0] == OLD.space
        world.slow.set()
        await moved_to(world, NEW)

        async def answers_in_new() -> bool:
            return {(await world.search(user))[0] for user in USERS} == {NEW.space}

        await until(answers_in_new, "searches in the new space")


async def test_who_comes_after_the_switch_begins_in_the_new_space(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        await world.pointer.announce(entry("new"))
        await moved_to(world, NEW)
        for number in range(6):
            await world.click("dora", f"baking {number}")

        async def there() -> bool:
            return bool((await world.state("dora")).interests)

        await until(there, "a profile of the newcomer")
        assert (await world.state("dora")).space == NEW.space


async def test_a_roll_out_that_has_not_switched_is_called_off(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        world.slow.clear()
        await world.pointer.announce(entry("new"))
        await asyncio.sleep(5 * WATCH)
        await world.pointer.roll_back()
        world.slow.set()
        await asyncio.sleep(10 * WATCH)
        assert await world.spaces() == {OLD.space}
        assert (await world.search("ada", space=None))[0] == OLD.space


async def test_a_space_that_cannot_be_embedded_leaves_the_service_as_it_is(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        await world.pointer.announce(SpaceEntry(id="gone-9", dimension=8, model="/no/such/folder"))
        await asyncio.sleep(5 * WATCH)
        await world.click("ada", "jazz 9")
        assert (await world.search("ada"))[0] == OLD.space


async def test_a_retired_space_is_served_no_longer(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        vectors = OLD.encode(["jazz"]).tolist()
        await world.pointer.announce(entry("new"))
        await moved_to(world, NEW)
        old = SearchBody(space=OLD.space, vectors=vectors, weights=(1.0,))
        assert (await world.provider.search("p", old)).items
        with pytest.raises(SpaceMismatch, match="name the vectors'"):
            await world.provider.search("p", SearchBody(vectors=vectors, weights=(1.0,)))
        await world.pointer.retire()

        async def gone() -> bool:
            try:
                await world.provider.search("p", old)
            except SpaceMismatch:
                return True
            return False

        await until(gone, "the old index")
        assert (await world.search("ada"))[0] == NEW.space


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "service", [running, pytest.param(running_on_servers, marks=[pytest.mark.kafka, pytest.mark.redis])]
)
async def test_nothing_is_kept_of_a_retired_space_and_it_can_be_rolled_out_again(
    service: Callable[[Path], AbstractAsyncContextManager[World]], tmp_path: Path
) -> None:
    async with service(tmp_path) as world:
        items = [f"p:{topic} {number}" for topic in TOPICS for number in range(10)]
        texts = [one.text for one in (await world.state("ada")).interests]

        async def kept(encoder: Encoder) -> tuple[int, int]:
            found = (await world.store.read((), items, encoder.space)).items
            return len(found), len(await world.store.read_phrases(encoder.space, texts))

        async def new_is_gone() -> bool:
            return not (await world.pointer.read()).leaving

        before = await kept(OLD)
        await world.pointer.announce(entry("new"))
        await moved_to(world, NEW)
        assert (await kept(NEW))[0] == len(items)
        await world.pointer.roll_back()
        await moved_to(world, OLD)
        await world.pointer.retire()
        await until(new_is_gone, "the sweep", 60)
        assert (await kept(NEW), await kept(OLD)) == ((0, 0), before)
        newest = {record.key: record.value for record in await world.log.read(ITEM_EMBEDDINGS, 10_000)}
        of_new = [value for key, value in newest.items() if (key or b"").startswith(b"new-2/")]
        assert of_new == [None] * len(items)

        await world.pointer.announce(entry("new"))
        await moved_to(world, NEW)
        assert (await kept(NEW))[0] == len(items)
        await world.check_vectors()

        async def answers_in_new() -> bool:
            return {(await world.search(user))[0] for user in USERS} == {NEW.space}

        await until(answers_in_new, "searches in the new space")


class TestPointer:
    async def test_stands_at_the_configured_space_until_told_otherwise(self, tmp_path: Path) -> None:
        async with running(tmp_path) as world:
            assert await world.pointer.read() == SpacePointer(revision=1, current=entry("old"))
            with pytest.raises(ConfigurationError, match="no space to go back to"):
                await world.pointer.roll_back()
            with pytest.raises(ConfigurationError, match="no previous space"):
                await world.pointer.retire()
            with pytest.raises(ConfigurationError, match="already"):
                await world.pointer.announce(entry("old"))

    async def test_only_one_roll_out_at_a_time(self, tmp_path: Path) -> None:
        async with running(tmp_path) as world:
            world.slow.clear()
            await world.pointer.announce(entry("new"))
            with pytest.raises(ConfigurationError, match="is being rolled out"):
                await world.pointer.announce(entry("small"))
            world.slow.set()


async def test_the_mover_says_where_it_stands(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        mover = world.mover(OLD)
        assert (await mover.step()).phase is Phase.NONE
        await world.pointer.announce(entry("new"))
        await moved_to(world, NEW)
        await world.pointer.roll_back()
        await moved_to(world, OLD)

        async def done() -> bool:
            return (await mover.step()).phase is Phase.DONE

        await until(done, "nothing left to move")
