"""The store is lost while the service runs; after a restart every profile is what it was, and nobody did anything."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.command import RemoveInterest
from streams.agents import AgentsStage
from streams.contract import Outgoing, Partition
from streams.embedder import embedder_group
from streams.partitioning import partition_of
from streams.recovery import Recovery
from streams.replay import Span
from streams.topics import CATALOG, COMMANDS, INTERACTIONS, PROFILE_EMBEDDINGS, PROFILE_EVENTS, PROPOSALS
from streams.watermarks import Watermarks
from tests.contract.runner_cases import KAFKA_KINDS
from tests.fakes import MemoryStore
from tests.streams.recovery_world import ENCODER, KEY, USERS, World, embedded, on_servers, publish
from tests.streams.written_log import Written
from workers.errors import StoreLost, Unavailable
from workers.ports import UserCommit
from workers.state import UserState, encode_state

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
    recovery = Recovery(log, store, AgentsStage.group, _embedders, key=KEY)
    lost = await recovery.lost({clicks: 0})
    assert lost == {clicks: Span(0, 2)}
    assert [len(part.batch) async for part in recovery.parts(lost, ENCODER.space)] == [2]
    log.times = {catalog: [1, 2, 3, None, 5], clicks: [4, 5]}
    with pytest.raises(Unavailable):
        await anext(recovery.parts(lost, ENCODER.space))


async def test_nothing_is_lost_where_the_store_has_all_that_was_consumed() -> None:
    level, ahead, new = (Partition(INTERACTIONS, number) for number in range(3))
    log = Written(dict.fromkeys((level, ahead, new), [1] * 9), consumed={level: 5, ahead: 5})
    recovery = Recovery(log, MemoryStore(), AgentsStage.group, _embedders, key=KEY)
    assert await recovery.lost({level: 5, ahead: 7, new: 0}) == {}


async def test_after_a_loss_all_is_read_that_may_have_been_in_hand() -> None:
    """Also where nothing of what was committed is missing; and up to where it ended then, however much comes."""
    behind, ahead, done = (Partition(INTERACTIONS, number) for number in range(3))
    log = Written({behind: [1] * 7, ahead: [1] * 6, done: [1] * 5}, consumed={behind: 5, ahead: 4, done: 5})
    recovery = Recovery(log, MemoryStore(), AgentsStage.group, _embedders, key=KEY)
    marks = {behind: 3, ahead: 5, done: 5}
    assert await recovery.lost(marks) == {behind: Span(3, 7), ahead: Span(4, 6)}
    log.times = dict.fromkeys(marks, [1] * 9)
    assert await recovery.lost(marks) == {behind: Span(3, 7), ahead: Span(4, 6)}
    assert [len(part.batch) async for part in recovery.parts(await recovery.lost(marks), ENCODER.space)] == [6]
    assert await recovery.lost(marks) == {behind: Span(3, 9), ahead: Span(4, 9), done: Span(5, 9)}


async def test_partitions_that_hold_nothing_of_what_was_lost_need_no_embedder() -> None:
    clicks, catalog = Partition(INTERACTIONS, 0), Partition(CATALOG, 0)
    recovery = Recovery(
        Written({clicks: [None] * 3, catalog: [1]}, consumed={clicks: 3}),
        MemoryStore(),
        AgentsStage.group,
        _embedders,
        key=KEY,
    )
    assert [one async for one in recovery.parts(await recovery.lost({clicks: 0}), ENCODER.space)] == []


@pytest.mark.parametrize(("ahead", "number"), [(3, 4), (0, 1)])
async def test_a_replay_that_comes_to_fewer_versions_than_readers_saw_goes_on_behind_them(
    tmp_path: Path, ahead: int, number: int
) -> None:
    """`ahead` 0: as many, of which the last says something else. Nothing is sent that readers would not take."""
    async with embedded(tmp_path) as world:
        async with world.running(world.agents(), world.embedder()):
            await world.live()
        before, others = await world.state("ada"), await world.states()
        await publish(world, replace(before, version=before.version + ahead, interests=before.interests[1:]))
        published, of_bob = len(await world.embeddings("ada")), await world.embeddings("bob")
        await world.wipe()
        async with world.running(world.embedder()):
            await _resumed(world.agents())
        after = await world.state("ada")
        assert encode_state(after) == encode_state(replace(before, version=before.version + number))
        (new,) = (await world.embeddings("ada"))[published:]
        assert (new.version, new.vectors) == (after.version, tuple(one.vector for one in after.interests))
        assert {user: raw for user, raw in (await world.states()).items() if user != "ada"} == {
            user: raw for user, raw in others.items() if user != "ada"
        }
        assert await world.embeddings("bob") == of_bob


async def test_what_a_recovery_committed_and_did_not_send_is_sent_by_the_next(tmp_path: Path) -> None:
    """Its last batch lies below the marks: nobody would bring it again."""
    async with embedded(tmp_path) as world:
        async with world.running(world.agents(), world.embedder()):
            await world.live()
        before = await world.state("ada")
        await publish(world, replace(before, version=before.version + 3))
        await world.wipe()
        async with world.running(world.embedder()):
            world.producer, whole = Mute(), world.producer
            with pytest.raises(Died):
                await _resumed(world.agents())
            assert "ada" in await world.store.pending()
            world.producer = whole
            await _resumed(world.agents())
        assert await world.store.pending() == []
        assert (await world.embeddings("ada"))[-1].version == before.version + 4 == (await world.state("ada")).version


async def test_the_outboxes_of_other_workers_users_are_left_to_them(tmp_path: Path) -> None:
    async with embedded(tmp_path) as world:
        async with world.running(world.agents(), world.embedder()):
            await world.live()
        for user in USERS:
            record = (await world.store.read([user], (), ENCODER.space)).users[user]
            left = Outgoing(PROFILE_EVENTS, user.encode(), b"left")
            await world.store.commit([UserCommit(user, record.revision, record.state or b"", (left,))])
        of_the_first = {user for user in USERS if partition_of(user.encode(), 2) == 0}
        assert 0 < len(of_the_first) < len(USERS)
        await world.agents().resume([place for place in PLACES if place.number == 0])
        assert set(await world.store.pending()) == set(USERS) - of_the_first


class Died(Exception):
    """Stands for the end of a process."""


class Mute:
    """A producer whose process dies with its first embedding."""

    async def send(self, messages: Sequence[Outgoing]) -> None:
        if any(message.topic == PROFILE_EMBEDDINGS for message in messages):
            raise Died

    async def close(self) -> None: ...


async def _embedders() -> str:
    return embedder_group(ENCODER.space)


async def _resumed(agents: AgentsStage) -> object:
    for _ in range(200):
        try:
            return await agents.resume(PLACES)
        except Unavailable:
            await asyncio.sleep(0.05)
    raise AssertionError("the embedder did not come to its end")
