"""Profiles folded again from the log: equal to what was lost, and never in the way of the agents."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from schemas.command import MoveCommand
from schemas.profile import ProfileEmbedding
from streams.contract import Outgoing, Partition
from streams.partitioning import partition_of
from streams.rebuilt import Found, Report
from streams.topics import COMMANDS, INTERACTIONS, MAILBOX, PROFILE_EMBEDDINGS
from tests.fakes import MemoryStore
from tests.streams.odd_logs import Counted, Moved, Shortened
from tests.streams.recovery_world import ENCODER, USERS, World, embedded, on_servers, publish
from tests.workers.mailbox import START
from workers.ports import CommitOutcome, Snapshot, UserCommit
from workers.state import decode_state, encode_state


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """In which everybody has lived, and the agents have gone home."""
    async with embedded(tmp_path) as opened:
        async with opened.running(opened.agents(), opened.embedder()):
            await opened.live()
        yield opened


async def lose(world: World, user: str) -> None:
    assert isinstance(world.store, MemoryStore)
    world.store.lose(user)


async def vandalize(world: World, user: str) -> None:
    """A readable record that no history of this log explains."""
    state = await world.state(user)
    await world.overwrite(user, encode_state(replace(state, interests=state.interests[1:], version=state.version + 3)))


Ruin = Callable[[World, str], Awaitable[None]]


async def embeddings(world: World) -> list[ProfileEmbedding]:
    return [
        ProfileEmbedding.model_validate_json(record.value or b"")
        for record in await world.log.read(PROFILE_EMBEDDINGS, 100)
    ]


async def test_what_is_there_equals_the_log_and_is_left_alone(world: World) -> None:
    before = await world.states()
    reports = [await world.rebuilder().one(user) for user in USERS]
    assert {report.found for report in reports} == {Found.EQUAL}
    assert not any(report.written for report in reports)
    assert await world.states() == before


@pytest.mark.parametrize("spoilt", [b"", b"no state", b"\x02\x03\x04", b"\xff" * 100])
async def test_a_record_that_cannot_be_read_is_replaced_by_what_it_was(world: World, spoilt: bytes) -> None:
    before = await world.states()
    await world.overwrite("ada", spoilt)
    report = await world.rebuilder().one("ada")
    assert (report.found, report.written) == (Found.UNREADABLE, True)
    assert await world.states() == before


async def test_a_record_that_is_gone_comes_back_with_its_embedding(world: World) -> None:
    before, sent = await world.states(), len(await embeddings(world))
    await lose(world, "ada")
    report = await world.rebuilder().one("ada")
    assert (report.found, report.written, report.version) == (Found.MISSING, True, (await world.state("ada")).version)
    assert await world.states() == before
    (new,) = (await embeddings(world))[sent:]
    assert new.version == report.version
    assert new.vectors == tuple(one.vector for one in (await world.state("ada")).interests)
    assert (await world.store.read(["ada"], (), ENCODER.space)).users["ada"].outbox == ()
    assert await world.store.count_times("refitted", []) == [3]


async def test_a_profile_that_says_something_else_is_put_right_as_a_newer_version(world: World) -> None:
    before = await world.state("ada")
    await vandalize(world, "ada")
    report = await world.rebuilder().one("ada")
    assert (report.found, report.written, report.version) == (Found.DIFFERENT, True, before.version + 4)
    assert encode_state(replace(await world.state("ada"), version=before.version)) == encode_state(before)
    assert (await world.rebuilder().one("ada")).found is Found.SAME_PROFILE


@pytest.mark.parametrize("ruin", [lose, vandalize])
async def test_what_readers_have_seen_is_exceeded_whatever_the_store_knows_of_it(world: World, ruin: Ruin) -> None:
    before = await world.state("ada")
    await publish(world, replace(before, version=before.version + 9))
    await ruin(world, "ada")
    report = await world.rebuilder().one("ada")
    assert (report.written, report.version) == (True, before.version + 10)
    assert encode_state(replace(await world.state("ada"), version=before.version)) == encode_state(before)
    assert (await world.embeddings("ada"))[-1].version == before.version + 10


async def test_what_readers_have_seen_is_read_once_for_all_in_a_partition_and_not_for_nobody(world: World) -> None:
    counted = Counted(world.log)
    assert [report.written async for report in world.rebuilder(counted).everyone()] == [False] * len(USERS)
    assert counted.asked == 0
    for user in USERS:
        await lose(world, user)
    assert [report.written async for report in world.rebuilder(counted).everyone()] == [True] * len(USERS)
    assert counted.asked == 2


async def test_a_check_writes_nothing(world: World) -> None:
    await lose(world, "ada")
    await world.overwrite("bob", b"no state")
    before, sent = await world.states(), len(await embeddings(world))
    reports = {report.user: report async for report in world.rebuilder().everyone(check=True)}
    assert {user: report.found for user, report in reports.items()} == {
        "ada": Found.MISSING,
        "bob": Found.UNREADABLE,
        "cleo": Found.EQUAL,
    }
    assert await world.states() == before
    assert len(await embeddings(world)) == sent


async def test_everyone_at_once(world: World) -> None:
    before = await world.states()
    await lose(world, "ada")
    await world.overwrite("bob", b"no state")
    reports = {report.user: report.written async for report in world.rebuilder().everyone()}
    assert reports == {"ada": True, "bob": True, "cleo": False}
    assert await world.states() == before


async def test_whoever_was_forgotten_stays_forgotten(world: World) -> None:
    await world.store.forget("ada")
    for check in (True, False):
        report = await world.rebuilder().one("ada", check=check)
        assert (report.found, report.written) == (Found.FORGOTTEN, False)


async def test_nobody_has_heard_of_them(world: World) -> None:
    assert await world.rebuilder().one("eve") == Report("eve", Found.UNKNOWN)


class Meanwhile(MemoryStore):
    """Something happens before the next commit."""

    happens: Callable[[], Awaitable[object]] | None = None

    async def commit(
        self,
        commits: Sequence[UserCommit],
        marks: Mapping[Partition, int] | None = None,
        floors: Mapping[Partition, int] | None = None,
    ) -> list[CommitOutcome]:
        if commits and self.happens is not None:
            happens, self.happens = self.happens, None
            await happens()
        return await super().commit(commits, marks, floors)


class OldMarks(MemoryStore):
    """Answers with marks of a while ago, as a pass does that has been under way for that long."""

    before: int = 0

    async def marks(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        return {at: max(0, mark - self.before) for at, mark in (await super().marks(partitions)).items()}

    async def read(
        self, users: Collection[str], items: Collection[str], space: str, partitions: Collection[Partition] = ()
    ) -> Snapshot:
        snapshot = await super().read(users, items, space, partitions)
        return replace(snapshot, marks={at: max(0, mark - self.before) for at, mark in snapshot.marks.items()})


async def test_agents_who_write_meanwhile_are_not_overwritten(tmp_path: Path) -> None:
    async with embedded(tmp_path, Meanwhile()) as world:
        async with world.running(world.agents(), world.embedder()):
            await world.live()
            before = await world.state("ada")
            await lose(world, "ada")
            assert isinstance(world.store, Meanwhile)
            world.store.happens = lambda: world.like("ada", "jazz 9")
            report = await world.rebuilder().one("ada")
        after = await world.state("ada")
        assert report.written
        assert [one.item for one in after.window] == [*(one.item for one in before.window), "p:jazz 9"]


@pytest.mark.parametrize("which", ["one", "everyone"])
async def test_agents_who_are_further_than_the_pass_are_not_put_back(tmp_path: Path, which: str) -> None:
    async with embedded(tmp_path, OldMarks()) as world:
        async with world.running(world.agents(), world.embedder()):
            await world.live()
        before = await world.states()
        assert isinstance(world.store, OldMarks)
        world.store.before = 2
        rebuilder = world.rebuilder()
        reports = [await rebuilder.one("ada")] if which == "one" else [one async for one in rebuilder.everyone()]
        assert {report.found for report in reports} == {Found.EQUAL}
        assert await world.states() == before


@pytest.mark.parametrize("gone", [1, 100])
async def test_a_record_that_holds_more_than_the_log_is_kept_unless_it_is_asked_for(world: World, gone: int) -> None:
    before = await world.states()
    short = Shortened(world.log, gone)
    reports = {report.user: report async for report in world.rebuilder(short).everyone()}
    assert {report.found for report in reports.values()} <= {Found.SHORTENED, Found.EQUAL}
    assert await world.states() == before
    assert (await world.rebuilder(short).one("ada")).found is Found.SHORTENED


async def test_it_is_replaced_where_it_is_asked_for(world: World) -> None:
    report = await world.rebuilder(Shortened(world.log, 1)).one("ada", force=True)
    assert (report.found, report.written, report.shortened) == (Found.DIFFERENT, True, True)


async def test_a_record_that_is_gone_is_rebuilt_from_what_there_is(world: World) -> None:
    await lose(world, "ada")
    report = await world.rebuilder(Shortened(world.log, 1)).one("ada")
    assert (report.found, report.written, report.shortened) == (Found.MISSING, True, True)


async def test_what_no_fold_takes_is_skipped_and_counted(world: World) -> None:
    move = MoveCommand(command_id="m1", user="ada", time=START, space="retired-9")
    await world.producer.send([Outgoing(COMMANDS, b"ada", move.to_bytes()), Outgoing(COMMANDS, b"ada", b"{")])
    commands = Partition(COMMANDS, partition_of(b"ada", 2))
    await world.store.commit([], {commands: (await world.log.ends([COMMANDS]))[commands]})
    report = await world.rebuilder().one("ada")
    assert (report.found, report.skipped) == (Found.EQUAL, 1)


async def test_a_move_to_a_space_that_was_retired_is_taken_as_the_agents_take_it(tmp_path: Path) -> None:
    """As nothing but one more message: also the bookkeeping is equal."""
    async with embedded(tmp_path) as world:
        agents = world.agents()
        agents.spaces.give_up({"retired-9"})
        async with world.running(agents, world.embedder()):
            await world.live()
            move = MoveCommand(command_id="m1", user="ada", time=START, space="retired-9")
            await world.producer.send([Outgoing(COMMANDS, b"ada", move.to_bytes())])
            await world.until_consumed()
        rebuilder = world.rebuilder(retired={"retired-9"})
        report = await rebuilder.one("ada")
        assert (report.found, report.skipped) == (Found.EQUAL, 0)


async def test_a_user_whose_messages_lie_in_several_partitions(tmp_path: Path) -> None:
    """As it is after partitions were added: the old ones stay where they are."""
    async with embedded(tmp_path) as world:
        async with world.running(world.agents(), world.embedder()):
            await world.live()
        before = await world.state("ada")
        elsewhere = Moved(world.log)
        assert isinstance(world.store, MemoryStore)
        marks = await world.store.marks([Partition(topic, number) for topic in MAILBOX for number in (0, 1)])
        await world.store.commit([], {elsewhere.other(at): mark for at, mark in marks.items()})
        await lose(world, "ada")
        reports = {one.user: one async for one in world.rebuilder(elsewhere).everyone()}
        assert reports["ada"].written
        after = await world.state("ada")
        assert [one.text for one in after.interests] == [one.text for one in before.interests]
        assert after.window == before.window


@pytest.mark.kafka
@pytest.mark.redis
async def test_on_a_real_kafka_and_redis_while_the_service_runs(tmp_path: Path) -> None:
    async with on_servers(tmp_path) as world, world.running(world.agents(), world.embedder()):
        await world.live()
        before = await world.states()
        reports = {one.user: one.found async for one in world.rebuilder().everyone(check=True)}
        assert reports == dict.fromkeys(USERS, Found.EQUAL)
        await world.overwrite("ada", b"no state")
        await vandalize(world, "bob")
        written = {one.user: one.written async for one in world.rebuilder().everyone()}
        assert written == {"ada": True, "bob": True, "cleo": False}
        after = await world.states()
        assert (after["ada"], after["cleo"]) == (before["ada"], before["cleo"])
        assert decode_state(after["bob"]).interests == decode_state(before["bob"]).interests
        await world.like("ada", "jazz 8")
        assert (await world.state("ada")).window[-1].item == "p:jazz 8"
        assert INTERACTIONS in {source.split("/")[0] for source in (await world.state("ada")).offsets}
