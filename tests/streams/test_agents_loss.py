"""The store loses what it had confirmed while the agents run: noticed before anything is folded on what is left."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from pathlib import Path

import pytest

from infra.processes import RedisServer
from infra.stores.redis import RedisStore
from streams.agents import AgentsStage
from streams.contract import Partition
from streams.metrics import Metrics
from streams.topics import COMMANDS, INTERACTIONS, PROPOSALS
from tests.fakes import RecordingProducer
from tests.streams.agents_world import KEY, NOW, WatchedStore, World, a_world, records
from tests.workers.mailbox import RULES, SPACE, Mailbox, all_items, fold_bytes, phrase_vectors
from workers.errors import StoreLost
from workers.ports import Store

PLACES = [Partition(topic, 0) for topic in (INTERACTIONS, COMMANDS, PROPOSALS)]


async def wiped(world: World) -> None:
    """But for the catalog, so that nothing else than the marks tells."""
    world.store.wipe()
    await world.put_items(all_items())


async def test_nothing_is_folded_on_an_emptied_store() -> None:
    world = await a_world()
    mailbox = Mailbox()
    stage = world.stage()
    await stage.handle(records(mailbox.clicks("tea", range(4))))
    await wiped(world)
    with pytest.raises(StoreLost, match="restarts and reads the log again"):
        await stage.handle(records(mailbox.clicks("tea", range(2))))
    assert (await world.record()).state is None
    assert await world.store.marks(PLACES) == {}


async def test_the_marks_that_were_there_at_the_start_count_too() -> None:
    world = await a_world()
    mailbox = Mailbox()
    await world.stage().handle(records(mailbox.clicks("tea", range(4))))
    stage = world.stage()
    await stage.resume(PLACES)
    await wiped(world)
    with pytest.raises(StoreLost):
        await stage.handle(records(mailbox.clicks("tea", range(2))))


async def test_a_loss_in_another_topic_is_noticed_by_any_batch() -> None:
    """What the user wrote last may be gone while the batch's own partition has lost nothing."""
    world = await a_world()
    stage = world.stage()
    mailbox = Mailbox()
    await stage.handle(records([mailbox.refine()]))
    await wiped(world)
    with pytest.raises(StoreLost):
        await stage.handle(records([Mailbox("bob").send("tea-1")]))


async def test_a_loss_between_read_and_commit_leaves_no_mark_that_hides_it() -> None:
    world = await a_world()
    ada, bob = Mailbox("ada"), Mailbox("bob", offset=10)
    stage = world.stage()
    await stage.resume(PLACES)
    await stage.handle(records(ada.clicks("tea", range(4))))
    world.store.before_commit = lambda: wiped(world)
    await stage.handle(records(bob.clicks("tea", range(2))))  # a user who had no record loses nothing by it
    assert await world.store.marks(PLACES) == {}
    with pytest.raises(StoreLost):
        await stage.handle(records(bob.clicks("jazz", range(2))))


async def test_a_loss_between_read_and_commit_of_a_known_user_is_noticed_in_the_same_batch() -> None:
    world = await a_world()
    mailbox = Mailbox()
    stage = world.stage()
    await stage.handle(records(mailbox.clicks("tea", range(4))))
    world.store.before_commit = lambda: wiped(world)
    with pytest.raises(StoreLost):
        await stage.handle(records(mailbox.clicks("tea", range(2))))
    assert (await world.record()).state is None


async def test_without_messages_a_timer_notices_it() -> None:
    world = await a_world()
    stage = world.stage()
    (timer,) = stage.timers
    await timer.tick()
    await stage.handle(records(Mailbox().clicks("tea", range(4))))
    await timer.tick()
    await wiped(world)
    with pytest.raises(StoreLost):
        await timer.tick()


class SlowMarks(WatchedStore):
    """Answers with the marks of before `meanwhile`."""

    meanwhile: Callable[[], Awaitable[None]]

    async def marks(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        marks = await super().marks(partitions)
        await self.meanwhile()
        return marks


async def test_a_mark_that_rises_while_the_timer_asks_is_no_loss() -> None:
    store = SlowMarks()
    world = World(store)
    await world.put_items(all_items())
    stage = world.stage()
    mailbox = Mailbox()
    await stage.handle(records(mailbox.clicks("tea", range(4))))
    store.meanwhile = lambda: stage.handle(records(mailbox.clicks("jazz", range(2))))
    await stage.timers[0].tick()
    assert (await world.record()).state == fold_bytes(mailbox.events)


async def test_marks_that_another_worker_raised_are_no_loss() -> None:
    world = await a_world()
    mailbox = Mailbox()
    first, second = world.stage(), world.stage()
    await first.handle(records(mailbox.clicks("tea", range(2))))
    await second.resume(PLACES)
    await second.handle(records(mailbox.clicks("tea", range(2))))
    await first.handle(records(mailbox.clicks("tea", range(2))))
    assert (await world.record()).state == fold_bytes(mailbox.events)


async def test_what_was_replayed_by_others_is_not_held_against_the_store_after_a_new_assignment() -> None:
    world = await a_world()
    mailbox = Mailbox()
    stage = world.stage()
    await stage.handle(records(mailbox.clicks("tea", range(4))))
    await wiped(world)
    assert await stage.resume(PLACES) == dict.fromkeys(PLACES, 0)
    await stage.handle(records(mailbox.events))
    assert (await world.record()).state == fold_bytes(mailbox.events)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer.start(tmp_path) as running:
        yield running


@pytest.fixture
async def store(server: RedisServer) -> AsyncIterator[Store]:
    opened = await RedisStore.open(server.url, timeout=10.0)
    await _put_catalog(opened)
    yield opened
    await opened.close()


async def _put_catalog(store: Store) -> None:
    await store.put_items(all_items())
    await store.put_phrases(SPACE, phrase_vectors())


def _stage(store: Store) -> AgentsStage:
    return AgentsStage(store, RecordingProducer(), RULES, space=SPACE, key=KEY, metrics=Metrics(), now=lambda: NOW)


@pytest.mark.redis
async def test_a_redis_that_is_wiped_under_a_running_stage(server: RedisServer, store: Store) -> None:
    """A batch is in hand all the time; after the restart each profile is byte for byte what it was."""
    ada, bob = Mailbox("ada"), Mailbox("bob", partition=1)
    places = [Partition(one.topic, number) for one in PLACES for number in (0, 1)]
    stage = _stage(store)
    await stage.resume(places)
    ada.clicks("tea", range(8))
    bob.clicks("jazz", range(8))
    log = records([*ada.events, *bob.events])
    await stage.handle(log)
    before = (await store.read(["ada", "bob"], (), SPACE)).users
    await asyncio.to_thread(server.wipe)
    with pytest.raises(StoreLost):
        await stage.handle(records([ada.send("tea-9", at=9.0)]))
    assert (await store.read(["ada", "bob"], (), SPACE, places)).users == {}
    await _put_catalog(store)
    restarted = _stage(store)
    assert await restarted.resume(places) == dict.fromkeys(places, 0)
    for start in range(0, len(log), 5):
        await restarted.handle(log[start : start + 5])
    after = (await store.read(["ada", "bob"], (), SPACE)).users
    assert {user: record.state for user, record in after.items()} == {
        user: record.state for user, record in before.items()
    }
    assert after["ada"].state == fold_bytes(ada.events[:8])
