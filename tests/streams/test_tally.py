"""Nothing gets lost in the figures: consumed = applied + carried out + duplicates + letters + what waits."""

import random
from dataclasses import replace

import pytest

from schemas.command import AddInterest, MoveCommand, RefreshCause, RefreshCommand, RemoveInterest, RetryCommand
from streams.topics import COMMANDS, DEAD_LETTERS, INTERACTIONS
from tests.streams.agents_world import World, a_world, records
from tests.workers.mailbox import NOBODY_EMBEDS, SPACE, START, Mailbox
from workers.errors import Unavailable
from workers.mailbox import Event
from workers.ports import Record, UserCommit

USERS = ("ada", "bob", "eve", "gone", "spoilt")
CALLS = ("read", "commit", "trim", "read_phrases")


def right_side(world: World) -> float:
    begun, ended = (world.count("attune_events_waits_total", step=step) for step in ("begun", "ended"))
    names = ("attune_events_applied_total", "attune_commands_carried_out_total", "attune_events_duplicate_total")
    return sum(map(world.total, (*names, "attune_events_dead_lettered_total"))) + begun - ended


async def spoil(world: World, user: str) -> None:
    """A record that no fold can read."""
    await world.store.commit([UserCommit(user, 0, b"no state")])


def something(mailbox: Mailbox, chance: random.Random, second: float) -> Record:
    match chance.randrange(10):
        case 0:
            event = mailbox.send("unknown-1", at=second)
        case 1:
            event = mailbox.send("tea-1", event_id="always the same", at=second)
        case 2:
            event = mailbox.send("tea-2", at=second + 1e6, arrives=second)
        case 3:
            event = mailbox.edit(AddInterest(text="jazz", weight=0.5), arrives=second)
        case 4:
            event = mailbox.edit(RemoveInterest(interest="0" * 12), arrives=second)
        case 5:
            words = chance.choice(("old tea", NOBODY_EMBEDS))
            event = mailbox.propose(AddInterest(text=words, weight=0.5), arrives=second)
        case 6:
            event = mailbox.edit(AddInterest(text=NOBODY_EMBEDS, weight=0.5), arrives=second)
        case 7:
            mailbox.offset += 1
            return Record(INTERACTIONS, mailbox.partition, mailbox.offset, mailbox.user.encode(), b"{", 0)
        case _:
            event = mailbox.send(f"tea-{chance.randrange(12)}", at=second)
    return event.record


async def let_it_fail(world: World, chance: random.Random) -> None:
    match chance.randrange(6):
        case 0:
            world.store.fail(chance.choice(CALLS))
        case 1:
            world.store.dies_after = chance.choice(("commit", "trim"))
        case 2:
            world.producer.fails_in = chance.randrange(2)
        case 3:
            world.producer.dies_in = chance.randrange(2)


@pytest.mark.parametrize("seed", range(12))
async def test_the_equation_holds_whatever_fails_in_between(seed: int) -> None:
    chance = random.Random(seed)
    world = await a_world()
    await world.store.forget("gone")
    await spoil(world, "spoilt")
    mailboxes = [Mailbox(user, partition) for partition, user in enumerate(USERS)]
    stage = world.stage()
    delivered = 0
    for turn in range(12):
        batch = [something(chance.choice(mailboxes), chance, 40.0 * turn + place) for place in range(15)]
        for _ in range(20):
            await let_it_fail(world, chance)
            try:
                await stage.handle(batch)
                break
            except Unavailable:
                assert world.total("attune_events_consumed_total") == right_side(world)
        delivered += len(batch)
    consumed = world.total("attune_events_consumed_total")
    assert consumed == right_side(world)
    assert consumed >= delivered
    assert world.count("attune_events_waits_total", step="ended") > 0
    assert world.total("attune_commands_carried_out_total") > 0


async def test_each_message_is_consumed_once_where_nothing_fails() -> None:
    world = await a_world()
    mailbox = Mailbox()
    mailbox.clicks("tea", range(5))
    mailbox.edit(AddInterest(text="jazz", weight=0.5))
    mailbox.refine()
    garbage = Record(INTERACTIONS, 0, 99, b"ada", b"{", 0)
    await world.stage().handle([*records(mailbox.events), garbage])
    assert world.count("attune_events_consumed_total", topic=INTERACTIONS) == 6
    assert world.count("attune_events_consumed_total", topic=COMMANDS) == 2
    assert world.count("attune_commands_carried_out_total", kind="edit") == 1
    assert world.count("attune_commands_carried_out_total", kind="refresh") == 1
    assert right_side(world) == 8


async def test_what_nobody_can_read_any_more_is_counted_and_passed_over_for_good() -> None:
    world = await a_world()
    mailbox = Mailbox()
    seen = mailbox.send("tea-1").record
    lost = replace(seen, offset=seen.offset + 1, key=None, value=None, forgotten=True)
    await world.stage().handle([seen, lost])
    assert world.count("attune_events_duplicate_total", kind="forgotten") == 1
    assert world.total("attune_events_consumed_total") == right_side(world) == 2
    assert world.producer.of(DEAD_LETTERS) == []
    assert await world.store.marks([lost.source]) == {lost.source: lost.offset + 1}


async def test_the_help_says_the_equation() -> None:
    (family,) = [one for one in World().metrics.registry.collect() if one.name == "attune_events_consumed"]
    assert "consumed = applied + carried out + duplicate + dead-lettered" in family.documentation


def scheduled(mailbox: Mailbox) -> list[Event]:
    commands = (
        RefreshCommand(command_id="refit:1", user="ada", time=START, cause=RefreshCause.AGE),
        RefreshCommand(command_id="refine:1", user="ada", time=START, cause=RefreshCause.AGE, what="texts"),
        RetryCommand(command_id="waiting:1", user="ada", time=START),
        MoveCommand(command_id="move:1", user="ada", time=START, space=SPACE),
    )
    return [mailbox.put(command) for command in commands]


async def test_the_schedule_is_not_set_aside_each_time_for_a_user_whose_record_cannot_be_folded() -> None:
    """It sends the same with every lease, for as long as the record is as it is."""
    world = await a_world()
    await spoil(world, "ada")
    stage = world.stage()
    mailbox = Mailbox()
    asked = mailbox.put(RefreshCommand(command_id="c1", user="ada", time=START, cause=RefreshCause.DEMAND))
    click = mailbox.send("tea-1")
    for _ in range(3):
        await stage.handle(records(scheduled(mailbox)))
    assert world.producer.of(DEAD_LETTERS) == []
    await stage.handle(records([asked, click]))
    assert len(world.producer.of(DEAD_LETTERS)) == 2
    assert world.count("attune_events_duplicate_total", kind="unfolded") == 12
    assert world.total("attune_events_consumed_total") == right_side(world) == 14
