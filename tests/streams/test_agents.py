"""The agents stage: batches in, states and messages out, each user by themselves."""

from dataclasses import replace

import pytest

from schemas.command import RetryCommand
from schemas.dead_letter import DeadLetter, Reason
from streams.agents import MAX_ATTEMPTS, Contended
from streams.topics import CATALOG, COMMANDS, DEAD_LETTERS, INTERACTIONS, PROFILE_EMBEDDINGS, PROFILE_EVENTS, PROPOSALS
from tests.streams.agents_world import NOW, World, a_world, body, records
from tests.workers.mailbox import SPACE, START, Mailbox, all_items, fold_bytes, milliseconds, weights_of
from workers.errors import ConfigurationError
from workers.knowledge import MAX_AGE
from workers.ports import Due, Partition, Record, UserCommit
from workers.state import UserState, encode_state


async def test_a_batch_of_several_people_changes_each_profile_and_announces_each_version() -> None:
    world = await a_world()
    ada, bob = Mailbox("ada"), Mailbox("bob", partition=1)
    ada.clicks("tea", range(6))
    bob.clicks("jazz", range(1))
    await world.stage().handle(records([*ada.events, *bob.events]))
    assert next(iter(weights_of(await world.state("ada")))) == "tea"
    assert weights_of(await world.state("bob")).keys() == {"jazz"}
    announced = [(message.key, body(message)["version"]) for message in world.producer.of(PROFILE_EVENTS)]
    assert announced == [(b"ada", 1), (b"ada", 2), (b"bob", 1)]
    assert {message.topic for message in world.producer.sent} == {PROFILE_EVENTS, PROFILE_EMBEDDINGS}


async def test_the_stored_state_is_that_of_the_pure_fold() -> None:
    world = await a_world()
    mailbox = Mailbox()
    mailbox.clicks("tea", range(8))
    stage = world.stage()
    await stage.handle(records(mailbox.events[:3]))
    await stage.handle(records(mailbox.events[3:]))
    assert (await world.record()).state == fold_bytes(mailbox.events)


async def test_a_warm_batch_takes_one_read_and_one_commit_and_nothing_else_where_nothing_is_sent() -> None:
    world = await a_world()
    ada, bob = Mailbox("ada"), Mailbox("bob")
    stage = world.stage()
    await stage.handle(records([*ada.clicks("tea", range(3)), *bob.clicks("tea", range(3))]))
    await stage.handle(records([ada.send("tea-1", "like"), bob.send("tea-2", "like")]))
    world.store.calls.clear()
    await stage.handle(records([ada.send("tea-1", "impression"), bob.send("tea-2", "impression")]))
    assert world.store.calls == ["read", "commit"]
    world.store.calls.clear()
    await stage.handle(records([ada.send("tea-1", "like"), bob.send("tea-2", "like")]))
    assert world.store.calls == ["read", "commit", "trim"]


async def test_a_cold_one_fetches_what_it_lacks_for_all_together() -> None:
    world = await a_world()
    ada, bob = Mailbox("ada"), Mailbox("bob")
    await world.stage().handle(records([*ada.clicks("tea", range(3)), *bob.clicks("jazz", range(3))]))
    world.store.calls.clear()
    await world.stage().handle(records([ada.send("tea-9", "like"), bob.send("jazz-9", "like")]))
    assert world.store.calls == ["read", "read", "read_phrases", "commit", "trim"]


async def test_outboxes_are_trimmed_once_they_are_published() -> None:
    world = await a_world()
    mailbox = Mailbox()
    await world.stage().handle(records(mailbox.clicks("tea", range(1))))
    assert (await world.record()).outbox == ()
    assert await world.store.pending() == []


async def test_high_water_marks_rise_with_every_batch_and_say_where_to_resume() -> None:
    world = await a_world()
    stage = world.stage()
    mailbox = Mailbox(partition=3)
    await stage.handle(records(mailbox.clicks("tea", range(4))))
    garbage = Record(INTERACTIONS, 5, 41, b"x", b"garbage", 0)
    await stage.handle([garbage])
    places = [Partition(INTERACTIONS, 3), Partition(INTERACTIONS, 5), Partition(COMMANDS, 3)]
    assert await stage.resume(places) == {places[0]: 4, places[1]: 42, places[2]: 0}


async def test_when_things_are_due_stands_beside_the_state() -> None:
    world = await a_world()
    mailbox = Mailbox()
    stage = world.stage()
    await stage.handle(records(mailbox.clicks("tea", range(2))))
    assert await world.store.claim_due("refit", 1e12, 9, 0.0) == [Due("ada", milliseconds(1) / 1000 + 30)]
    assert await world.store.count_times("refitted", [NOW]) == [1, 0]
    assert await world.store.claim_due("waiting", 1e12, 9, 0.0) == []
    await stage.handle(records([mailbox.send("tea-3", "like")]))
    assert await world.store.claim_due("refit", 1e12, 9, 0.0) == []


async def test_what_waits_is_looked_at_ever_more_rarely_until_its_deadline() -> None:
    world = await a_world()
    world.now = START.timestamp()
    mailbox = Mailbox()
    stage = world.stage()
    await stage.handle(records([mailbox.send("unknown-1", at=0.0)]))
    looks = []
    while due := await world.store.claim_due("waiting", 1e12, 9, 0.0):
        world.now = due[0].due
        seconds = world.now - START.timestamp()
        looks.append(seconds)
        retry = RetryCommand(command_id=f"waiting:{world.now:.3f}", user="ada", time=START)
        await stage.handle([mailbox.put(retry, arrives=seconds).record])
    assert looks == pytest.approx([1, 2, 3, 4.5, 6.75, 10.125, 15.19, 22.78, 34.17, 51.26, 60], rel=1e-3)
    assert [letter.reason for letter in letters(world)] == [Reason.UNKNOWN_ITEM]


async def test_an_item_that_comes_meanwhile_is_found() -> None:
    world = await a_world(without=["news:tea-1"])
    mailbox = Mailbox()
    stage = world.stage()
    await stage.handle(records([mailbox.send("tea-1")]))
    assert (await world.state()).version == 0
    complete = await a_world()
    await world.put_items(list((await complete.store.read((), ["news:tea-1"], SPACE)).items.values()))
    await stage.handle([mailbox.put(RetryCommand(command_id="r", user="ada", time=START), arrives=2.0).record])
    assert (await world.state()).version == 1


async def test_an_item_that_is_taken_out_of_the_catalog_speaks_no_longer_than_a_minute() -> None:
    world = await a_world()
    mailbox = Mailbox()
    stage = world.stage()
    await stage.handle(records([mailbox.send("jazz-1"), mailbox.send("tea-1", "like")]))
    await world.store.put_items((), deleted=["news:jazz-1"])
    world.now += MAX_AGE
    await stage.handle(records([mailbox.send("tea-2", "like")]))
    assert weights_of(await world.state()).keys() == {"tea"}


async def test_an_item_in_the_persons_own_words_becomes_a_catalog_entry() -> None:
    world = await a_world()
    mailbox = Mailbox()
    mailbox.send("unknown-1", text="  Tea houses of Ghent ")
    mailbox.send("unknown-2", text=" \n ")
    await world.stage().handle(records(mailbox.events))
    entries = {message.key: body(message) for message in world.producer.of(CATALOG)}
    assert entries[b"~news:unknown-1"]["title"] == "Tea houses of Ghent"
    assert entries[b"~news:unknown-2"]["title"] == "unknown-2"


def letters(world: World) -> list[DeadLetter]:
    return [DeadLetter.model_validate_json(message.value or b"") for message in world.producer.of(DEAD_LETTERS)]


GARBAGE = {
    "not JSON": b"{",
    "nothing at all": None,
    "another message": b'{"version": 1}',
    "an overflowing time": b'{"event_id":"e","user":"ada","provider":"news","item":"i","signal":"click",'
    b'"time":"9999-12-31T23:59:59-23:59"}',
    "half a surrogate": b'{"event_id":"\\ud800","user":"ada","provider":"news","item":"i","signal":"click","time":0}',
    "a deep hole": b"[" * 100_000,
}


@pytest.mark.parametrize("topic", [INTERACTIONS, COMMANDS, PROPOSALS])
@pytest.mark.parametrize("value", GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_makes_one_letter_and_the_rest_is_applied(topic: str, value: bytes | None) -> None:
    world = await a_world()
    mailbox = Mailbox(offset=10)
    poison = Record(topic, 0, 7, b"ada", value, milliseconds(0))
    await world.stage().handle([poison, *records(mailbox.clicks("tea", range(2)))])
    (letter,) = letters(world)
    assert (letter.topic, letter.partition, letter.offset) == (topic, 0, 7)
    assert (letter.reason, letter.key, letter.value) == (Reason.INVALID, b"ada", value)
    assert letter.stage == "agents"
    assert (await world.state()).version == 1
    assert world.count("attune_events_dead_lettered_total", stage="agents", reason="invalid") == 1


@pytest.mark.parametrize("key", [b"bob", b"", None])
async def test_a_message_under_anothers_key_is_set_aside(key: bytes | None) -> None:
    world = await a_world()
    event = Mailbox("ada").send("tea-1").record
    strayed = Record(event.topic, 0, 0, key, event.value, event.timestamp_ms)
    await world.stage().handle([strayed])
    assert [letter.reason for letter in letters(world)] == [Reason.WRONG_KEY]
    assert (await world.record()).state is None


async def test_an_agent_that_fails_on_one_mailbox_sends_that_one_to_the_letters_and_no_other() -> None:
    world = await a_world()
    await world.store.commit([UserCommit("ada", 0, b"\x01this is not a state")])
    ada, bob = Mailbox("ada"), Mailbox("bob")
    await world.stage().handle(records([*ada.clicks("tea", range(2)), *bob.clicks("tea", range(1))]))
    assert [(letter.key, letter.reason) for letter in letters(world)] == [(b"ada", Reason.FAILED)] * 2
    assert all("not a state" not in letter.detail for letter in letters(world))
    assert (await world.state("bob")).version == 1
    assert (await world.record("ada")).revision == 1


async def test_a_record_of_a_later_release_stops_the_stage_and_sets_nothing_aside() -> None:
    world = await a_world()
    later = bytes([encode_state(UserState())[0] + 1])
    await world.store.commit([UserCommit("ada", 0, later + bytes(20))])
    with pytest.raises(ConfigurationError, match="upgrade"):
        await world.stage().handle(records(Mailbox().clicks("tea", range(1))))
    assert world.producer.sent == []


async def test_one_who_is_forgotten_is_neither_written_nor_sent() -> None:
    world = await a_world()
    ada, bob = Mailbox("ada"), Mailbox("bob")
    stage = world.stage()
    await stage.handle(records(ada.clicks("tea", range(1))))
    await world.store.forget("ada")
    world.producer.take()
    await stage.handle(records([*ada.clicks("tea", range(6)), *bob.clicks("tea", range(1))]))
    assert (await world.record("ada")).state is None
    assert b"ada" not in {message.key for message in world.producer.sent}
    assert len(world.producer.of(PROFILE_EVENTS)) == 1
    assert world.count("attune_events_duplicate_total", kind="forgotten") == 6


async def test_nothing_of_one_who_is_forgotten_comes_to_stand_in_a_letter() -> None:
    """Not even what the agent could not have folded: here, vectors of two lengths."""
    world = await a_world()
    ada, bob = Mailbox("ada"), Mailbox("bob")
    await world.put_items([replace(all_items()[0], vector=bytes(4))])
    first = all_items()[0].key.removeprefix("news:")
    await world.store.forget("ada")
    broken = [box.send(item, "like") for box in (ada, bob) for item in (first, "tea-1")]
    await world.stage().handle(records(broken))
    assert {letter.key for letter in letters(world)} == {b"bob"}


async def test_one_who_is_forgotten_between_read_and_commit_is_counted_too() -> None:
    world = await a_world()
    world.store.before_commit = lambda: world.store.forget("ada")
    await world.stage().handle(records(Mailbox().clicks("tea", range(3))))
    assert (await world.record()).state is None
    assert world.producer.sent == []
    assert world.count("attune_events_duplicate_total", kind="forgotten") == 3
    assert world.total("attune_events_applied_total") == 0


async def test_after_a_conflict_only_that_person_goes_round_again() -> None:
    world = await a_world()
    ada, bob = Mailbox("ada"), Mailbox("bob")
    other = Mailbox("ada", partition=9)
    foreign = other.send("chess-1", event_id="foreign")
    world.store.before_commit = lambda: world.stage().handle([foreign.record])
    await world.stage().handle(records([*ada.clicks("tea", range(2)), *bob.clicks("tea", range(2))]))
    assert world.store.users_read[0] == {"ada", "bob"}
    assert world.store.users_read[-1] == {"ada"}
    assert {entry.event for entry in (await world.state("ada")).window} == {"foreign", "e0000", "e0001"}
    assert (await world.record("bob")).revision == 1
    assert world.count("attune_commit_conflicts_total") == 1
    assert world.total("attune_events_applied_total") == 5


async def test_who_is_always_written_by_another_ends_the_stage() -> None:
    world = await a_world()
    rounds = 0

    async def another_writes() -> None:
        nonlocal rounds
        rounds += 1
        await world.store.commit([UserCommit("ada", (await world.record()).revision, encode_state(UserState()))])
        world.store.before_commit = another_writes

    world.store.before_commit = another_writes
    with pytest.raises(Contended, match="1 users"):
        await world.stage().handle(records(Mailbox().clicks("tea", range(1))))
    assert rounds == MAX_ATTEMPTS
