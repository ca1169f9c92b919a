"""What a person takes back is as if it had never been; what they dislike counts against its topic."""

import pytest

from schemas.interaction import Signal
from schemas.profile import Cause
from tests.workers.mailbox import Mailbox, fold_in, item_id, weights_of
from workers.agent import Folded
from workers.state import UserState


def reading() -> Mailbox:
    """Somebody who reads about tea and chess."""
    mailbox = Mailbox()
    mailbox.clicks("tea", range(6))
    mailbox.clicks("chess", range(4))
    mailbox.send("tea-7", "like")
    return mailbox


def state_of(mailbox: Mailbox) -> UserState:
    return fold_in(mailbox.events).state


def the_same(after: UserState, before: UserState) -> bool:
    """To the last bit: texts, order, vectors, weights, evidence."""
    return after.interests == before.interests and after.updated_ms == before.updated_ms


def test_taking_back_every_click_on_a_topic_restores_the_earlier_profile_exactly() -> None:
    mailbox = reading()
    before = state_of(mailbox)
    mailbox.clicks("jazz", range(10), at=100.0)
    assert weights_of(state_of(mailbox))["jazz"] > 0.1
    for number in range(10):
        mailbox.send(item_id("jazz", number), "retract", at=200.0 + number)
    assert the_same(state_of(mailbox), before)


def test_taking_back_one_event_restores_what_was_before_it() -> None:
    mailbox = reading()
    before = state_of(mailbox)
    mailbox.send("chess-9", "like", at=50.0, event_id="slip")
    assert not the_same(state_of(mailbox), before)
    mailbox.send("chess-9", "retract", at=60.0, retracts="slip")
    assert the_same(state_of(mailbox), before)


def test_taking_back_one_event_leaves_the_others_on_that_item_standing() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", "like", at=1.0, event_id="first")
    alone = state_of(mailbox)
    mailbox.send("tea-1", "like", at=2.0, event_id="second")
    mailbox.send("tea-1", "retract", at=3.0, retracts="second")
    assert the_same(state_of(mailbox), alone)


def test_taking_back_a_dislike_restores_the_weights() -> None:
    mailbox = reading()
    before = state_of(mailbox)
    mailbox.send("tea-8", "dislike", at=50.0)
    lowered = state_of(mailbox)
    assert weights_of(lowered)["tea"] < weights_of(before)["tea"]
    mailbox.send("tea-8", "retract", at=60.0)
    assert the_same(state_of(mailbox), before)


def test_a_retraction_may_arrive_before_what_it_takes_back() -> None:
    mailbox = reading()
    before = state_of(mailbox)
    mailbox.send("jazz-1", "retract", at=60.0)
    mailbox.send("jazz-2", "retract", at=60.0, retracts="later")
    mailbox.send("jazz-1", "like", at=50.0, arrives=61.0)
    mailbox.send("jazz-2", "like", at=70.0, event_id="later")
    assert the_same(state_of(mailbox), before)


@pytest.mark.parametrize(("at", "stands"), [(59.0, False), (60.0, False), (60.001, True)])
def test_what_is_done_after_a_retraction_counts(at: float, stands: bool) -> None:
    mailbox = reading()
    mailbox.send("jazz-1", "retract", at=60.0)
    mailbox.send("jazz-1", "like", at=at)
    assert ("jazz" in weights_of(state_of(mailbox))) is stands


def test_a_retraction_of_something_else_changes_nothing() -> None:
    mailbox = reading()
    before = fold_in(mailbox.events)
    mailbox.send("rowing-1", "retract", at=60.0)
    mailbox.send("unknown-1", "retract", at=60.0)
    mailbox.send("tea-1", "retract", at=60.0, retracts="no-such-event")
    after = fold_in(mailbox.events)
    assert the_same(after.state, before.state)
    assert after.state.version == before.state.version


def test_a_retraction_of_an_item_that_nobody_knows_does_not_wait() -> None:
    mailbox = Mailbox()
    mailbox.send("unknown-1", "retract")
    folded = fold_in(mailbox.events)
    assert (folded.applied.total(), folded.state.waiting) == (1, ())


def test_all_taken_back_leaves_an_empty_profile_and_a_version_that_says_so() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", at=1.0)
    mailbox.send("tea-1", "retract", at=2.0)
    folded = fold_in(mailbox.events)
    assert folded.state.interests == ()
    assert [(change.version, change.cause, change.interests) for change in folded.changes] == [
        (1, Cause.FIRST, 1),
        (2, Cause.SIGNAL, 0),
    ]


def last_two(mailbox: Mailbox) -> tuple[Folded, Folded]:
    return fold_in(mailbox.events[:-1]), fold_in(mailbox.events)


@pytest.mark.parametrize("signal", [Signal.DISLIKE, Signal.RETRACT, Signal.LIKE])
def test_what_is_said_outright_counts_with_the_next_version(signal: Signal) -> None:
    mailbox = reading()
    mailbox.send("tea-2", signal, at=90.0)
    before, after = last_two(mailbox)
    assert after.state.version == before.state.version + 1
    assert after.changes[-1].cause is Cause.SIGNAL


def test_each_dislike_lowers_its_topic_further_until_it_is_below_nothing() -> None:
    mailbox = reading()
    weights = [weights_of(state_of(mailbox))["tea"]]
    for number in range(8):
        mailbox.send(item_id("tea", number), "dislike", at=100.0 + number)
        weights.append(weights_of(state_of(mailbox))["tea"])
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] < 0 < weights[0]


def test_who_only_dislikes_has_a_profile_too() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", "dislike")
    folded = fold_in(mailbox.events)
    assert weights_of(folded.state)["tea"] < 0
    assert folded.changes[0].cause is Cause.SIGNAL
