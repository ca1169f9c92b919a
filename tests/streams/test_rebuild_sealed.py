"""Rebuilding somebody whose messages lie in two partitions: plain ones under their id, sealed ones in their mailbox."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.contract import Outgoing
from streams.partitioning import partition_of
from streams.rebuilt import Found
from streams.sealing import mailbox_of
from streams.topics import INTERACTIONS
from tests.fakes import MemoryStore
from tests.streams.recovery_world import KEY, USERS, World, embedded

MOVED, STAYED = (
    next(
        name
        for name in ("ada", "bob", "cleo", "dora", "emil", "fay", "gil", "hal")
        if (partition_of(name.encode(), 2) != partition_of(mailbox_of(KEY, name), 2)) is moves
    )
    for moves in (True, False)
)
"""Somebody whose mailbox lies in another partition than their id, of two, and somebody whose does not."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with embedded(tmp_path) as opened:
        async with opened.running(opened.agents(), opened.embedder()):
            await opened.live()
            for user in (MOVED, STAYED):
                await opened.like(user, *(f"jazz {number}" for number in range(6)))
        yield opened


async def lose_everybody(world: World) -> None:
    assert isinstance(world.store, MemoryStore)
    for user in (MOVED, STAYED):
        world.store.lose(user)


async def state_of(world: World, user: str) -> bytes | None:
    return (await world.store.read([user], (), "hash-1")).users[user].state


@pytest.mark.parametrize("user", [MOVED, STAYED])
async def test_a_sealed_mailbox_is_found_where_it_lies(world: World, user: str) -> None:
    before = await state_of(world, user)
    await lose_everybody(world)
    report = await world.rebuilder().one(user)
    assert (report.found, report.written) == (Found.MISSING, True)
    assert await state_of(world, user) == before


async def test_everybody_is_found_once_also_who_has_plain_messages_beside_sealed_ones(world: World) -> None:
    (first, *_) = [one for one in await world.log.read(INTERACTIONS, 100) if one.key == MOVED.encode()]
    plain = (first.value or b"").replace(b'"e', b'"plain-e')
    assert world.raw is not None
    async with world.running(world.agents(), world.embedder()):
        await world.raw.send([Outgoing(INTERACTIONS, MOVED.encode(), plain)])
        await world.until_consumed()
    before = {user: await state_of(world, user) for user in (MOVED, STAYED)}
    lie_in = {one.partition for one in await world.log.read(INTERACTIONS, 100) if one.key == MOVED.encode()}
    assert lie_in == {0, 1}
    await lose_everybody(world)
    reports = [report async for report in world.rebuilder().everyone()]
    assert sorted(one.user for one in reports if one.found is Found.MISSING) == sorted(before)
    assert sorted(one.user for one in reports) == sorted({*USERS, *before})
    assert {user: await state_of(world, user) for user in before} == before
