"""The commit protocol under crashes: whatever step one falls into, the batch delivered again ends the same way."""

from collections.abc import Callable, Sequence

import pytest

from schemas.command import AddInterest
from streams.contract import Outgoing
from streams.topics import DEAD_LETTERS, PROFILE_EMBEDDINGS, PROFILE_EVENTS
from tests.streams.agents_world import World, a_world, body, records
from tests.workers.mailbox import Mailbox, fold_bytes
from workers.agent import Event
from workers.errors import Unavailable
from workers.jobs import RefineJob
from workers.ports import Record

STEPS: dict[str, Callable[[World], None]] = {
    "0. the letters of what cannot be read fail": lambda world: setattr(world.producer, "fails_in", 0),
    "0. they are sent, and it dies": lambda world: setattr(world.producer, "dies_in", 0),
    "1. the read fails": lambda world: world.store.fail("read"),
    "2. a fetch of the fold fails": lambda world: world.store.fail("read_phrases"),
    "3. the commit fails": lambda world: world.store.fail("commit"),
    "3. it is done, and the answer is lost": lambda world: setattr(world.store, "dies_after", "commit"),
    "4. publishing fails": lambda world: setattr(world.producer, "fails_in", 1),
    "4. it is done, and the answer is lost": lambda world: setattr(world.producer, "dies_in", 1),
    "5. the trim fails": lambda world: world.store.fail("trim"),
    "5. it is done, and the answer is lost": lambda world: setattr(world.store, "dies_after", "trim"),
}


def a_batch() -> tuple[list[Event], list[Record]]:
    """Two versions of one person, something that cannot be read, and something that waits."""
    mailbox = Mailbox()
    mailbox.clicks("tea", range(6))
    mailbox.send("unknown-1", at=6.0)
    garbage = Record("attune.interactions", 0, mailbox.offset + 1, b"ada", b"{", 0)
    mailbox.offset += 1
    return mailbox.events, [*records(mailbox.events), garbage]


def versions(sent: Sequence[Outgoing]) -> list[int]:
    return [body(message)["version"] for message in sent if message.topic == PROFILE_EVENTS]


def newest_embeddings(world: World) -> dict[bytes, int]:
    """What a compacted topic keeps."""
    return {message.key: body(message)["version"] for message in world.producer.of(PROFILE_EMBEDDINGS)}


@pytest.mark.parametrize("restarted", [False, True], ids=["tried again", "restarted"])
@pytest.mark.parametrize("crash", STEPS.values(), ids=STEPS.keys())
async def test_a_crash_loses_nothing_and_does_nothing_twice(crash: Callable[[World], None], restarted: bool) -> None:
    events, batch = a_batch()
    world = await a_world()
    stage = world.stage()
    crash(world)
    with pytest.raises(Unavailable):
        await stage.handle(batch)
    await (world.stage() if restarted else stage).handle(batch)
    record = await world.record()
    assert record.state == fold_bytes(events)
    assert record.outbox == ()
    assert sorted(set(versions(world.producer.sent))) == [1, 2]
    assert set(newest_embeddings(world).values()) == {2}
    assert len(newest_embeddings(world)) == 2
    letters = {(body(one)["partition"], body(one)["offset"]) for one in world.producer.of(DEAD_LETTERS)}
    assert letters == {(0, batch[-1].offset)}
    assert len(world.producer.of(DEAD_LETTERS)) <= 2


@pytest.mark.parametrize("crash", STEPS.values(), ids=STEPS.keys())
async def test_after_a_crash_the_next_batch_goes_on_as_if_nothing_had_been(crash: Callable[[World], None]) -> None:
    events, batch = a_batch()
    world = await a_world()
    crash(world)
    with pytest.raises(Unavailable):
        await world.stage().handle(batch)
    more = Mailbox(offset=batch[-1].offset, events=list(events))
    more.clicks("jazz", range(3), at=10.0)
    await world.stage().handle([*batch, *records(more.events[len(events) :])])
    assert (await world.record()).state == fold_bytes(more.events)


@pytest.mark.parametrize("crash", STEPS.values(), ids=STEPS.keys())
async def test_an_edit_is_done_once_and_a_job_queued_once(crash: Callable[[World], None]) -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(6))
    mailbox.edit(AddInterest(text="chess", weight=0.9))
    mailbox.refine(501.0)
    batch = [*records(mailbox.events), Record("attune.interactions", 0, mailbox.offset + 1, b"ada", b"{", 0)]
    world = await a_world()
    crash(world)
    with pytest.raises(Unavailable):
        await world.stage().handle(batch)
    await world.stage().handle(batch)
    assert (await world.record()).state == fold_bytes(mailbox.events)
    assert sorted(set(versions(world.producer.sent))) == [1, 2, 3]
    leased = await world.store.claim_job(world.now, 60.0)
    assert leased is not None
    assert RefineJob.from_bytes(leased.job).base_version == 3
    assert await world.store.finish_job("ada", leased.token)
    assert await world.store.claim_job(world.now, 60.0) is None
    assert world.total("attune_refinement_jobs_total") <= 1  # not where the answer to the commit was lost


async def test_what_a_crash_left_in_the_outbox_is_published_before_what_is_new() -> None:
    events, batch = a_batch()
    world = await a_world()
    world.store.dies_after = "commit"
    with pytest.raises(Unavailable):
        await world.stage().handle(batch)
    assert versions(world.producer.sent) == []
    assert len((await world.record()).outbox) > 0
    mailbox = Mailbox(offset=batch[-1].offset, events=list(events))
    await world.stage().handle([*batch, mailbox.send("jazz-1", "like", at=20.0).record])
    assert versions(world.producer.sent) == [1, 2, 3]
    assert set(newest_embeddings(world).values()) == {3}


async def test_applied_is_counted_once_though_the_batch_came_twice() -> None:
    _, batch = a_batch()
    world = await a_world()
    stage = world.stage()
    world.store.fail("trim")
    with pytest.raises(Unavailable):
        await stage.handle(batch)
    await stage.handle(batch)
    assert world.count("attune_events_applied_total", source="api") == 6
    assert world.count("attune_events_duplicate_total", kind="redelivered") == 7


async def test_nothing_is_counted_that_did_not_happen() -> None:
    _, batch = a_batch()
    world = await a_world()
    world.store.fail("commit")
    with pytest.raises(Unavailable):
        await world.stage().handle(batch)
    assert world.total("attune_events_applied_total") == 0
    assert world.total("attune_versions_published_total") == 0


async def test_a_worker_that_lost_its_partition_cannot_write_over_the_one_that_has_it() -> None:
    """It was stopped after its read; the other took the same events and more. It reads again and finds them done."""
    world = await a_world()
    mailbox = Mailbox()
    first = records(mailbox.clicks("tea", range(2)))
    later = records(mailbox.clicks("jazz", range(5)))
    other = world.stage()
    world.store.before_commit = lambda: other.handle([*first, *later])
    await world.stage().handle(first)
    assert (await world.record()).state == fold_bytes(mailbox.events)
    assert world.count("attune_events_duplicate_total", kind="redelivered") == 2
    assert world.count("attune_events_applied_total", source="api") == 7


async def test_consumed_is_applied_and_duplicates_and_letters_and_what_waits() -> None:
    world = await a_world()
    ada, bob = Mailbox("ada"), Mailbox("bob")
    ada.clicks("tea", range(6))
    ada.send("tea-1", event_id="e0001")
    ada.send("tea-1", at=30 * 86_400.0, arrives=8.0)
    ada.send("unknown-1")
    bob.clicks("jazz", range(3))
    garbage = Record("attune.interactions", 0, 99, b"ada", b"{", 0)
    batches = [records(ada.events), [*records(bob.events), garbage], records(ada.events[2:5])]
    stage = world.stage()
    for batch in batches:
        await stage.handle(batch)
    applied, duplicates = world.total("attune_events_applied_total"), world.total("attune_events_duplicate_total")
    letters = world.total("attune_events_dead_lettered_total")
    waiting = len((await world.state("ada")).waiting)
    assert (applied, duplicates, letters, waiting) == (9, 4, 2, 1)
    assert applied + duplicates + letters + waiting == sum(map(len, batches))
    assert world.total("attune_refits_total") == 3
    assert world.total("attune_refit_seconds_count") == 2  # the mean of each fold that re-fitted
    assert world.count("attune_versions_published_total", provider="news") == 2
