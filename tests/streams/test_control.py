"""The control stage: the fleet's figures, and what is due as commands, neither lost nor repeated."""

import pytest

from schemas.command import PROFILE_COMMAND, ProfileCommand, RefreshCause, RefreshCommand, RetryCommand
from schemas.dead_letter import DeadLetter, Reason, Settled
from schemas.profile import Cause, ProfileChanged
from schemas.proposal import RefineTrigger
from streams.control import CLAIMS, FEW, GATHER, LEASE, ControlStage
from streams.dead_letters import dead_letter
from streams.topics import COMMANDS, DEAD_LETTERS, PROFILE_EVENTS
from tests.streams.agents_world import NOW, World, a_world, records
from tests.virtual_time import in_virtual_time, loop_time
from tests.workers.mailbox import Mailbox, milliseconds
from workers.errors import BrokerUnavailable
from workers.jobs import RefineJob
from workers.ports import Record, UserCommit

DUE = NOW + 5


def control(world: World) -> ControlStage:
    return ControlStage(world.store, world.producer, metrics=world.metrics, now=lambda: world.now)


def sent_commands(world: World) -> list[ProfileCommand]:
    return [PROFILE_COMMAND.validate_json(message.value or b"") for message in world.producer.of(COMMANDS)]


async def schedule(world: World, name: str, **due: float) -> None:
    await world.store.commit([UserCommit(user, 0, b"", times={name: time}) for user, time in due.items()])


def notice(version: int, cause: Cause) -> Record:
    body = ProfileChanged(user="ada", version=version, cause=cause, interests=1, events=1, accepted_ms=0)
    return Record(PROFILE_EVENTS, 0, version, b"ada", body.to_bytes(), 0)


async def test_versions_are_counted_by_cause_and_letters_by_reason() -> None:
    world = await a_world()
    letter = dead_letter(Record("t", 0, 0, b"ada", b"{", 0), Reason.INVALID, "bad", "agents", NOW)
    batch = [notice(1, Cause.FIRST), notice(2, Cause.COUNT), notice(3, Cause.COUNT)]
    settled = DeadLetter.model_validate_json(letter.value or b"").model_copy(update={"settled": Settled.DROPPED})
    letters = [Record(DEAD_LETTERS, 0, at, b"ada", one, 0) for at, one in enumerate((letter.value, settled.to_bytes()))]
    await control(world).handle([*batch, *letters])
    assert world.count("attune_fleet_versions_total", cause="first") == 1
    assert world.count("attune_fleet_versions_total", cause="count") == 2
    assert world.count("attune_fleet_dead_letters_total", reason="invalid") == 1


@pytest.mark.parametrize("topic", [PROFILE_EVENTS, DEAD_LETTERS])
@pytest.mark.parametrize("garbage", [b"{", None, b'{"version": "many"}'])
async def test_what_cannot_be_read_is_passed_over_and_the_rest_counted(topic: str, garbage: bytes | None) -> None:
    world = await a_world()
    await control(world).handle([Record(topic, 0, 0, b"ada", garbage, 0), notice(1, Cause.FIRST)])
    assert world.total("attune_fleet_versions_total") == 1
    assert world.total("attune_fleet_dead_letters_total") == 0


@in_virtual_time
async def test_a_few_notices_wait_for_others_and_many_do_not() -> None:
    world = await a_world()
    stage = ControlStage(world.store, world.producer, metrics=world.metrics, gather=GATHER)
    began = loop_time()
    await stage.handle([notice(at + 1, Cause.COUNT) for at in range(FEW)])
    assert loop_time() == began
    await stage.handle([notice(FEW + 1, Cause.COUNT)])
    assert loop_time() == pytest.approx(began + GATHER)
    assert world.count("attune_fleet_versions_total", cause="count") == FEW + 1


async def test_what_is_due_becomes_a_command_in_that_persons_mailbox() -> None:
    world = await a_world()
    await schedule(world, "refit", ada=DUE, bob=DUE + 100)
    await schedule(world, "refine", dora=DUE, ella=DUE + 100)
    await schedule(world, "waiting", carl=DUE)
    world.now = DUE
    await control(world).send_due()
    await control(world).send_retries()
    refit, refine, retry = sent_commands(world)
    assert isinstance(refit, RefreshCommand)
    assert (refit.user, refit.cause, refit.what) == ("ada", RefreshCause.AGE, "weights")
    assert isinstance(refine, RefreshCommand)
    assert (refine.user, refine.cause, refine.what) == ("dora", RefreshCause.AGE, "texts")
    assert refine.time.timestamp() == DUE
    assert isinstance(retry, RetryCommand)
    assert retry.user == "carl"
    assert [message.key for message in world.producer.sent] == [b"ada", b"dora", b"carl"]
    for kind in ("refit", "refine", "waiting"):
        assert world.count("attune_due_claimed_total", kind=kind) == 1


async def test_where_nothing_is_due_nothing_is_sent() -> None:
    world = await a_world()
    await schedule(world, "refit", ada=DUE)
    world.now = DUE - 0.001
    await control(world).send_due()
    assert world.producer.sent == []
    assert world.store.calls[-2:] == ["claim_due", "claim_due"]


async def test_one_claim_is_one_command_until_the_lease_has_run_out_and_then_another() -> None:
    """The same would not be taken: the first was, and the very same time may be due again."""
    world = await a_world()
    await schedule(world, "refit", ada=DUE)
    world.now = DUE
    await control(world).send_due()
    await control(world).send_due()
    assert len(sent_commands(world)) == 1
    world.now = DUE + LEASE
    await control(world).send_due()
    first, second = sent_commands(world)
    assert first.command_id != second.command_id


async def test_killed_between_claim_and_send_it_makes_the_command_after_the_lease() -> None:
    world = await a_world()
    await schedule(world, "refit", ada=DUE)
    world.now = DUE
    world.producer.fails_in = 0
    with pytest.raises(BrokerUnavailable):
        await control(world).send_due()
    world.now += LEASE - 0.001
    await control(world).send_due()
    assert sent_commands(world) == []
    world.now += 0.001
    await control(world).send_due()
    assert [command.command_id for command in sent_commands(world)] == [f"refit:{DUE:.3f}:{world.now:.3f}"]


async def test_two_due_times_are_two_commands() -> None:
    world = await a_world()
    await schedule(world, "refit", ada=DUE)
    world.now = DUE
    await control(world).send_due()
    await world.store.commit([UserCommit("ada", 1, b"", times={"refit": DUE + 1})])
    world.now = DUE + 1
    await control(world).send_due()
    assert len({command.command_id for command in sent_commands(world)}) == 2


async def test_more_than_one_claim_holds_is_sent_in_one_go() -> None:
    world = await a_world()
    await schedule(world, "refit", **{f"user-{n}": DUE for n in range(CLAIMS + 3)})
    world.now = DUE
    await control(world).send_due()
    assert len({command.user for command in sent_commands(world)}) == CLAIMS + 3


async def test_a_due_refit_is_carried_out_once_and_then_no_longer_due() -> None:
    """From click to command and back, with a control that sends the same command twice."""
    world = await a_world()
    mailbox = Mailbox()
    agents = world.stage()
    await agents.handle(records(mailbox.clicks("tea", range(2))))
    world.now = milliseconds(1) / 1000 + 30
    await control(world).send_due()
    (command,) = sent_commands(world)
    await agents.handle([mailbox.put(command, arrives=31.0).record, mailbox.put(command, arrives=32.0).record])
    state = await world.state()
    assert (state.version, state.pending) == (2, 0)
    assert world.count("attune_refits_total", cause="age") == 1
    assert world.count("attune_events_duplicate_total", kind="repeated") == 1
    world.now += 10 * LEASE
    await control(world).send_due()
    assert len(sent_commands(world)) == 1


async def test_a_due_refinement_becomes_one_job_and_is_then_no_longer_due() -> None:
    """From clicks to a job in the store, with a control that sends the same command twice."""
    world = await a_world()
    mailbox = Mailbox()
    agents = world.stage()
    await agents.handle(records(mailbox.clicks("tea", range(10))))
    world.now = milliseconds(9) / 1000 + 30
    await control(world).send_due()
    (command,) = (one for one in sent_commands(world) if isinstance(one, RefreshCommand) and one.what == "texts")
    await agents.handle([mailbox.put(command, arrives=40.0).record, mailbox.put(command, arrives=41.0).record])
    leased = await world.store.claim_job(world.now, 60.0)
    assert leased is not None
    job = RefineJob.from_bytes(leased.job)
    assert (job.user, job.trigger, job.base_version) == ("ada", RefineTrigger.BOOTSTRAP, 2)
    assert world.count("attune_refinement_jobs_total", trigger="bootstrap") == 1
    world.now += 10 * LEASE
    world.producer.take()
    await control(world).send_due()
    assert [one for one in sent_commands(world) if isinstance(one, RefreshCommand) and one.what == "texts"] == []


async def test_profiles_are_counted_by_the_age_of_their_last_refit() -> None:
    world = await a_world()
    day = 86_400
    ages = {
        "new": 1,
        "minute": 60,
        "hour": 3_600,
        "hour2": 3_601,
        "week": 7 * day,
        "old": 7 * day + 1,
        "older": 99 * day,
    }
    await schedule(world, "refitted", **{user: world.now - age for user, age in ages.items()})
    await control(world).count_fleet()
    counted = {
        age: world.count("attune_profiles_by_refit_age", age=age)
        for age in ("le_60s", "le_600s", "le_3600s", "le_86400s", "le_604800s", "older")
    }
    assert counted == {"le_60s": 2, "le_600s": 0, "le_3600s": 1, "le_86400s": 1, "le_604800s": 1, "older": 2}


async def test_it_reads_with_a_group_of_its_own_and_keeps_five_clocks() -> None:
    stage = control(await a_world())
    assert (stage.group, stage.topics) == ("attune-control", (PROFILE_EVENTS, DEAD_LETTERS))
    assert [timer.interval for timer in stage.timers] == [1.0, 0.2, 5.0, 15.0, 600.0]
    assert await stage.resume([]) == {}
