"""When a refinement of the texts is due, and when a job is queued for it."""

from dataclasses import replace

from schemas.command import AddInterest, RefreshCause
from schemas.interaction import Signal
from schemas.profile import Source
from schemas.proposal import RefineTrigger
from tests.workers.mailbox import RULES, Mailbox, fold_bytes, fold_in, item_id, milliseconds
from workers.agent import AgentRules, Event, Folded
from workers.effects import MAX_UNFITTED
from workers.state import encode_state
from workers.triggers import TriggerPolicy

POLICY = TriggerPolicy(refine_after=6, refine_first=4, refine_cooldown=300.0, refine_idle=30.0, refine_age=86_400.0)
RULES_HERE: AgentRules = replace(RULES, triggers=POLICY)


def folded(mailbox: Mailbox, raw: bytes | None = None, rules: AgentRules = RULES_HERE) -> Folded:
    return fold_in(mailbox.events, raw, rules=rules)


def due(mailbox: Mailbox) -> tuple[RefineTrigger, float] | None:
    """Why, and how many seconds after START."""
    found = POLICY.refine_due(folded(mailbox).state.refine)
    return None if found is None else (found[0], (found[1] - milliseconds(0)) / 1000)


def test_the_first_few_interactions_set_a_time_for_the_first_description() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(3))
    assert due(mailbox) is None
    mailbox.clicks("tea", range(3, 4))
    assert due(mailbox) == (RefineTrigger.BOOTSTRAP, 33.0)


def test_at_that_time_the_schedule_asks_and_a_job_is_queued() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(5))
    mailbox.refine(34.0, RefreshCause.AGE)
    result = folded(mailbox)
    assert result.job is not None
    assert (result.job.user, result.job.trigger) == ("ada", RefineTrigger.BOOTSTRAP)
    assert (result.job.base_version, result.job.requested_ms) == (result.state.version, milliseconds(34))
    assert due(mailbox) is None
    assert not result.refits.keys() & {"age", "demand"}


def test_what_is_not_due_any_longer_is_put_off() -> None:
    """Its person came back between the claim and the command."""
    mailbox = Mailbox()
    mailbox.clicks("tea", range(5))
    mailbox.send("tea-7", at=33.0)
    mailbox.refine(34.0, RefreshCause.AGE)
    assert folded(mailbox).job is None
    assert due(mailbox) == (RefineTrigger.BOOTSTRAP, 63.0)


def test_a_broker_whose_clock_is_behind_does_not_make_the_schedule_ask_for_ever() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(5))
    command = mailbox.refine(34.0, RefreshCause.AGE)
    early = Event(replace(command.record, timestamp_ms=milliseconds(30)), command.message)
    assert fold_in([*mailbox.events[:-1], early], rules=RULES_HERE).job is not None


def test_on_demand_it_is_queued_at_once() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(2))
    mailbox.refine(2.0)
    result = folded(mailbox)
    assert result.job is not None
    assert result.job.trigger is RefineTrigger.DEMAND


def test_a_demand_soon_after_another_is_due_when_the_cooldown_is_over() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(2))
    first = mailbox.refine(2.0)
    mailbox.refine(10.0)
    later = fold_in(mailbox.events[-1:], fold_bytes(mailbox.events[:3], rules=RULES_HERE), rules=RULES_HERE)
    assert later.job is None
    assert due(mailbox) == (RefineTrigger.DEMAND, 302.0)
    mailbox.refine(302.0, RefreshCause.AGE)
    job = folded(mailbox).job
    assert job is not None
    assert (job.trigger, job.requested_ms) == (RefineTrigger.DEMAND, milliseconds(302))
    assert first.record.timestamp_ms == milliseconds(2)


def test_after_a_refinement_so_many_interactions_trigger_the_next() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(4))
    mailbox.refine(3.0)
    mailbox.clicks("tea", range(5), at=400.0)
    trigger = due(mailbox)
    assert trigger is not None
    assert trigger[0] is RefineTrigger.AGE
    mailbox.clicks("tea", range(5, 6), at=405.0)
    assert due(mailbox) == (RefineTrigger.COUNT, 435.0)


def test_what_is_merely_shown_triggers_nothing() -> None:
    mailbox = Mailbox()
    for number in range(12):
        mailbox.send(item_id("tea", number), Signal.IMPRESSION)
    assert due(mailbox) is None


def test_who_takes_to_something_else_has_drifted() -> None:
    """What the texts were refined to stays, so a re-fit alone cannot follow."""
    policy = replace(POLICY, refine_after=10_000, refine_first=10_000)
    rules = replace(RULES_HERE, triggers=policy)
    mailbox = Mailbox()
    mailbox.clicks("tea", range(12))
    mailbox.clicks("tea", range(12))
    settled = fold_in(mailbox.events, rules=rules).state
    assert settled.refine.best > 0.9
    tea = next(one for one in settled.interests if one.text == "tea")
    settled.interests = (tea._replace(source=Source.REFINEMENT),)
    settled.dropped = tuple(f"{kind}{topic}" for kind in ("", "old ", "new ", "rare ") for topic in ("chess", "jazz"))
    raw = encode_state(settled)

    def after(*topics: str) -> RefineTrigger | None:
        then = Mailbox(offset=mailbox.offset)
        for number in range(12):
            item = item_id(topics[number % len(topics)], number)
            then.send(item, at=100.0 + number, event_id=f"then-{number}")
        return fold_in(then.events, raw, rules=rules).state.refine.trigger

    assert after("tea") is None
    assert after("chess", "jazz") is RefineTrigger.DRIFT


def test_what_was_not_fitted_yet_is_remembered_within_bounds_and_then_measured() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(1))
    for _ in range(7):
        mailbox.clicks("tea", range(12), at=100.0)
    rules = replace(RULES_HERE, triggers=replace(POLICY, refit_after=1_000))
    state = fold_in(mailbox.events, rules=rules).state
    assert (len(state.unfitted), state.refine.measured) == (MAX_UNFITTED, 0)
    mailbox.send("tea-1", "like", at=200.0)
    state = fold_in(mailbox.events, rules=rules).state
    assert (state.unfitted, state.refine.measured) == ((), MAX_UNFITTED)
    mailbox.send("tea-1", "dislike", at=300.0)
    assert fold_in(mailbox.events, rules=rules).state.refine.measured == MAX_UNFITTED


def test_where_there_is_nothing_to_learn_from_no_job_is_queued() -> None:
    mailbox = Mailbox()
    mailbox.edit(AddInterest(text="chess"), arrives=1.0)
    mailbox.refine(2.0)
    result = folded(mailbox)
    assert result.job is None
    assert result.refinements == {("demand", "nothing"): 1}


def test_where_texts_are_refined_on_demand_only_the_schedule_brings_nothing_and_a_demand_a_job() -> None:
    rules = replace(RULES, triggers=TriggerPolicy(refine_after=None, refine_cooldown=300.0))
    mailbox = Mailbox()
    mailbox.clicks("tea", [*range(12), *range(12)])
    mailbox.refine(100.0, RefreshCause.AGE)
    result = fold_in(mailbox.events, rules=rules)
    assert (result.job, result.letters, result.state.unfitted) == (None, [], ())
    mailbox.refine(200.0)
    first = fold_in(mailbox.events, rules=rules).job
    assert first is not None
    assert first.trigger is RefineTrigger.DEMAND
    mailbox.refine(210.0)
    mailbox.refine(500.0, RefreshCause.AGE)  # the second demand's cooldown is over
    second = fold_in(mailbox.events, rules=rules).job
    assert second is not None
    assert (second.trigger, second.requested_ms) == (RefineTrigger.DEMAND, milliseconds(500))


def test_the_same_message_makes_the_same_job() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(5))
    mailbox.refine(10.0)
    whole = folded(mailbox).job
    raw = fold_bytes(mailbox.events[:-1], rules=RULES_HERE)
    assert fold_in(mailbox.events[-1:], raw, rules=RULES_HERE).job == whole
    assert fold_in(mailbox.events[-1:], fold_bytes(mailbox.events, rules=RULES_HERE), rules=RULES_HERE).job is None
