"""One provider is served in a space of its own while people use the service, and comes back: the others notice nothing,
nobody's embedding is lost, and no vector goes astray."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from schemas.command import AddInterest
from schemas.profile import ProfileEmbedding
from schemas.space import OwnPhase
from streams.own_space import give, left_to_publish, take_back
from streams.topics import ITEM_EMBEDDINGS, PROFILE_EMBEDDINGS
from tests.streams.rollout_world import (
    KEY,
    NEW,
    OLD,
    SMALL,
    TOPICS,
    USERS,
    World,
    entry,
    moved_to,
    running,
    running_on_servers,
    until,
)
from workers.errors import UnknownProvider, UnknownSubject
from workers.ports import Encoder
from workers.subjects import subject_of

OWN, OTHER = "q", "p"


@asynccontextmanager
async def two_providers(service: AbstractAsyncContextManager[World]) -> AsyncIterator[World]:
    async with service as world:
        await world.describe(*(f"{topic} {number}" for topic in TOPICS for number in range(5)), provider=OWN)
        await until(lambda: has_items(world, 20), "items of the second provider")
        for user in USERS:  # a version that the second provider learns of
            await world.edit(user, AddInterest(text="evening"))
            await until(partial(served_in, world, user, OLD), "the second provider's embeddings")
        yield world


async def has_items(world: World, count: int) -> bool:
    return world.provider.sizes().get(OWN) == count


async def served_in(world: World, user: str, encoder: Encoder, provider: str = OWN) -> bool:
    try:
        space, found = await world.search(user, provider)
    except (UnknownProvider, UnknownSubject):
        return False
    return space == encoder.space and len(found) == 3


async def all_served_in(world: World, encoder: Encoder) -> None:
    for user in USERS:
        await until(partial(served_in, world, user, encoder), f"{OWN} in {encoder.space}", 60)


async def phase_is(world: World, phase: OwnPhase | None) -> None:
    async def is_it() -> bool:
        own = (await world.pointer.read()).own_of(OWN)
        return (None if own is None else own.phase) is phase

    await until(is_it, f"phase {phase}", 60)


async def newest(world: World, user: str) -> ProfileEmbedding:
    subject = subject_of(KEY, OWN, user).encode()
    sent = [one.value for one in await world.log.read(PROFILE_EMBEDDINGS, 10_000) if one.key == subject]
    return ProfileEmbedding.model_validate_json(sent[-1] or b"")


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    "service", [running, pytest.param(running_on_servers, marks=[pytest.mark.kafka, pytest.mark.redis])]
)
async def test_a_provider_gets_a_space_of_its_own_and_comes_back(
    service: Callable[[Path], AbstractAsyncContextManager[World]], tmp_path: Path
) -> None:
    async with two_providers(service(tmp_path)) as world:
        before = {user: await world.state(user) for user in USERS}
        await give(world.pointer, OWN, entry("new"))
        await phase_is(world, OwnPhase.SERVED)
        await all_served_in(world, NEW)
        assert {(await world.search(user, OTHER))[0] for user in USERS} == {OLD.space}
        after = {user: await world.state(user) for user in USERS}
        assert {user: state.version for user, state in after.items()} == {
            user: state.version for user, state in before.items()
        }, "the person's profile is as it was"
        assert {user: (await newest(world, user)).version for user in USERS} == {
            user: state.version for user, state in after.items()
        }

        # What is done anywhere is told there, in the profile's own words.
        await world.edit("bob", AddInterest(text="evening jazz", weight=0.9))
        await until(lambda: told(world, "bob", "evening jazz"), "the edit in the provider's space")
        state, there = await world.state("bob"), await newest(world, "bob")
        assert there.space == NEW.space
        at = [one.text for one in state.interests].index("evening jazz")
        assert there.weights[at] == 0.9

        # A roll-out of all others leaves it where it is.
        await world.pointer.announce(entry("small"))
        await moved_to(world, SMALL)
        await until(lambda: served_in(world, "ada", SMALL, OTHER), "the others in the new space")
        await all_served_in(world, NEW)

        await take_back(world.pointer, OWN)
        await phase_is(world, None)
        await all_served_in(world, SMALL)
        await until(lambda: is_swept(world), "the sweep of what was its own", 60)
        await all_served_in(world, SMALL)
        assert world.metrics.registry.get_sample_value("attune_events_dead_lettered_total") is None


async def told(world: World, user: str, text: str) -> bool:
    state = await world.state(user)
    is_there = text in {one.text for one in state.interests}
    return is_there and (await newest(world, user)).version == state.version


async def is_swept(world: World) -> bool:
    last = {one.key: one.value for one in await world.log.read(ITEM_EMBEDDINGS, 10_000)}
    left = [key for key, value in last.items() if value is not None and (key or b"").startswith(b"new-2/")]
    return not left and not (await world.pointer.read()).leaving


async def test_until_everybody_is_there_it_is_served_as_before(tmp_path: Path) -> None:
    async with two_providers(running(tmp_path)) as world:
        world.slow.clear()
        await give(world.pointer, OWN, entry("new"))
        await world.click("ada", "jazz 7")
        assert await served_in(world, "ada", OLD)
        assert (await world.pointer.read()).own[0].phase is OwnPhase.EMBEDDING
        world.slow.set()
        await phase_is(world, OwnPhase.SERVED)
        assert await left_to_publish(world.store, (await world.pointer.read()).own[0], world.grace) == 0
        await all_served_in(world, NEW)


async def test_it_is_called_off_before_anybody_was_published_there(tmp_path: Path) -> None:
    async with two_providers(running(tmp_path)) as world:
        world.slow.clear()
        await give(world.pointer, OWN, entry("new"))
        pointer = await take_back(world.pointer, OWN)
        world.slow.set()
        assert (pointer.own, pointer.leaving) == ((), ("new-2",))
        await until(lambda: is_swept(world), "the sweep", 60)
        await all_served_in(world, OLD)


async def test_another_provider_comes_into_the_same_space_long_after(tmp_path: Path) -> None:
    """The items of it have gone by, as long as it was not served there: they are read once more."""
    async with two_providers(running(tmp_path)) as world:
        await give(world.pointer, OWN, entry("new"))
        await phase_is(world, OwnPhase.SERVED)
        await give(world.pointer, OTHER, entry("new"))
        for user in USERS:
            await until(partial(served_in, world, user, NEW, OTHER), "the other one there", 60)
        await all_served_in(world, NEW)
        await take_back(world.pointer, OTHER)
        for user in USERS:
            await until(partial(served_in, world, user, OLD, OTHER), "the other one back", 60)
        assert (await world.pointer.read()).leaving == (), "the space is somebody's yet"
        await all_served_in(world, NEW)
