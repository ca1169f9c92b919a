"""The store is lost while the service runs; after a restart every profile is what it was, and nobody did anything."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schemas.command import RemoveInterest
from streams.agents import AgentsStage
from streams.contract import Partition
from streams.embedder import embedder_group
from streams.recovery import Recovery
from streams.replay import Span
from streams.topics import CATALOG, COMMANDS, INTERACTIONS, PROPOSALS
from streams.watermarks import Watermarks
from tests.contract.runner_cases import KAFKA_KINDS
from tests.fakes import MemoryStore
from tests.streams.recovery_world import ENCODER, USERS, World, embedded, on_servers
from tests.streams.written_log import Written
from workers.errors import StoreLost, Unavailable
from workers.state import UserState

PLACES = [Partition(topic, number) for topic in (INTERACTIONS, COMMANDS, PROPOSALS) for number in (0, 1)]


SERVERS = [pytest.mark.kafka, pytest.mark.redis]


@pytest.fixture(params=["embedded", *(pytest.param(kind, marks=SERVERS) for kind in KAFKA_KINDS)])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    kind = KAFKA_KINDS.get(request.param)
    async with embedded(tmp_path) if kind is None else on_servers(tmp_path, kind) as opened:
        yield opened


def profile(state: UserState) -> list[tuple[str, float]]:
    return [(one.text, one.weight) for one in state.interests]


async def test_after_a_loss_and_a_restart_every_profile_is_what_it_was(world: World) -> None:
    async with world.running(world.agents(), world.embedder()) as tasks:
        await world.live()
        first = (await world.state("ada")).interests[0]
        await world.edit("ada", RemoveInterest(interest=first.id))  # by an id that only this history gives it
        before = await world.states()
        letters = await world.letters()
        await world.wipe()
        await asyncio.wait(tasks, timeout=20)
        assert [type(task.exception()) for task in tasks] == [StoreLost, StoreLost]
    assert await world.states() == {}
    async with world.running(world.agents(), world.embedder()):
        await world.like("cleo", "rowing 7")
        after = await world.states()
        assert {user: after[user] for user in ("ada", "bob")} == {user: before[user] for user in ("ada", "bob")}
        assert (await world.state("cleo")).window[-1].item == "p:rowing 7"
        assert await world.letters() == letters


async def test_the_agents_wait_for_the_embedder(tmp_path: Path) -> None:
    """Which has not even noticed: an event whose item is not there would be set aside within a minute of the log."""
    async with embedded(tmp_path) as world:
        async with world.running(world.agents(), world.embedder()):
            await world.live()
            before = await world.states()
        await world.wipe()
        agents = world.agents()
        with pytest.raises(Unavailable, match="the catalog is being embedded again"):
            await agents.resume(PLACES)
        assert await world.states() == {}
        async with world.running(world.embedder()):
            resumed = await _resumed(agents)
        assert resumed == await world.log.committed(AgentsStage.group, AgentsStage.topics)
        assert await world.states() == before
        assert await world.letters() == 0


async def test_what_the_store_still_has_is_not_replayed(tmp_path: Path) -> None:
    async with embedded(tmp_path) as world:
        async with world.running(world.agents(), world.embedder()):
            await world.live()
        assert await world.agents().resume(PLACES) == await world.log.committed(AgentsStage.group, AgentsStage.topics)
        assert world.metrics.registry.get_sample_value("attune_events_duplicate_total") is None
        assert set(await world.states()) == set(USERS)


async def test_a_catalog_of_which_nothing_is_left_is_not_waited_for() -> None:
    """Compaction has taken its last messages: no embedder will ever have a mark at its end."""
    catalog, clicks = Partition(CATALOG, 0), Partition(INTERACTIONS, 0)
    store = MemoryStore()
    embedder = Watermarks(store, embedder_group(ENCODER.space))
    marks, floors = embedder.to_write({catalog: 3})
    await store.commit([], marks, floors)
    log = Written({catalog: [1, 2, 3, None, None], clicks: [4, 5]}, consumed={clicks: 2})
    recovery = Recovery(log, store, AgentsStage.group, _embedders)
    lost = await recovery.lost({clicks: 0})
    assert lost == {clicks: Span(0, 2)}
    assert [len(batch) async for batch in recovery.batches(lost)] == [2]
    log.times = {catalog: [1, 2, 3, None, 5], clicks: [4, 5]}
    with pytest.raises(Unavailable):
        await anext(recovery.batches(lost))


async def test_lost_is_only_what_lies_between_the_mark_and_what_was_consumed() -> None:
    behind, level, ahead, new = (Partition(INTERACTIONS, number) for number in range(4))
    log = Written({}, consumed={behind: 5, level: 5, ahead: 5})
    recovery = Recovery(log, MemoryStore(), AgentsStage.group, _embedders)
    assert await recovery.lost({behind: 3, level: 5, ahead: 7, new: 0}) == {behind: Span(3, 5)}


async def test_partitions_that_hold_nothing_of_what_was_lost_need_no_embedder() -> None:
    clicks, catalog = Partition(INTERACTIONS, 0), Partition(CATALOG, 0)
    recovery = Recovery(
        Written({clicks: [None] * 3, catalog: [1]}, consumed={clicks: 3}), MemoryStore(), AgentsStage.group, _embedders
    )
    assert [batch async for batch in recovery.batches(await recovery.lost({clicks: 0}))] == []


async def _embedders() -> str:
    return embedder_group(ENCODER.space)


async def _resumed(agents: AgentsStage) -> object:
    for _ in range(200):
        try:
            return await agents.resume(PLACES)
        except Unavailable:
            await asyncio.sleep(0.05)
    raise AssertionError("the embedder did not come to its end")
