"""What cannot be applied at once: it waits for its item, bounded, or is set aside with its reason."""

from dataclasses import replace

import pytest

from schemas.base import MAX_TEXT
from schemas.command import (
    ForgetCommand,
    RetryCommand,
)
from schemas.dead_letter import Reason
from schemas.profile import Cause
from tests.workers.mailbox import (
    RULES,
    START,
    Mailbox,
    fold_bytes,
    fold_in,
    known_world,
    weights_of,
)
from workers.agent import Folded
from workers.state import decode_state

WAIT = RULES.item_wait


def reasons(folded: Folded) -> list[Reason]:
    return [letter.reason for letter in folded.letters]


def test_an_interaction_with_an_item_nobody_knows_waits() -> None:
    mailbox = Mailbox()
    mailbox.send("unknown-1")
    folded = fold_in(mailbox.events)
    assert [entry.record for entry in folded.state.waiting] == [mailbox.events[0].record]
    assert not any((folded.applied, folded.letters, folded.changes, folded.described))
    assert folded.state.window == []


def test_it_is_applied_with_the_next_message_after_its_item_has_come() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1")
    raw = fold_bytes(mailbox.events, known=known_world(without=["tea-1"]))
    assert decode_state(raw).version == 0
    again = mailbox.put(RetryCommand(command_id="r", user="ada", time=START), arrives=5.0)
    folded = fold_in([again], raw)
    assert folded.state.waiting == ()
    assert folded.applied == {"api": 1}
    assert [change.cause for change in folded.changes] == [Cause.FIRST]
    assert folded.changes[0].accepted_ms == again.record.timestamp_ms


def test_it_ends_in_the_same_profile_as_if_its_item_had_always_been_known() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(6))
    raw = fold_bytes(mailbox.events[:3], known=known_world(without=["tea-1"]))
    late = fold_in(mailbox.events[3:], raw).state
    assert late.interests == fold_in(mailbox.events).state.interests
    assert late.window == fold_in(mailbox.events).state.window


@pytest.mark.parametrize(("seconds", "set_aside"), [(WAIT - 0.001, False), (WAIT, True)])
def test_after_its_deadline_it_is_set_aside(seconds: float, set_aside: bool) -> None:
    mailbox = Mailbox()
    first = mailbox.send("unknown-1", at=0.0)
    mailbox.send("tea-1", at=seconds)
    folded = fold_in(mailbox.events)
    assert reasons(folded) == [Reason.UNKNOWN_ITEM] * set_aside
    assert len(folded.state.waiting) == (not set_aside)
    if set_aside:
        assert folded.letters[0].record == first.record
        assert "send the item" in folded.letters[0].detail


def test_an_item_that_comes_at_the_deadline_comes_in_time() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", at=0.0)
    raw = fold_bytes(mailbox.events, known=known_world(without=["tea-1"]))
    assert fold_in([mailbox.send("tea-2", at=WAIT)], raw).applied.total() == 2


def test_so_many_wait_and_no_more() -> None:
    mailbox = Mailbox()
    for number in range(5):
        mailbox.send(f"unknown-{number}", at=0.0)
    folded = fold_in(mailbox.events, rules=replace(RULES, max_waiting=3))
    assert [entry.record.offset for entry in folded.state.waiting] == [0, 1, 2]
    assert reasons(folded) == [Reason.TOO_MANY_WAITING] * 2


def test_so_many_bytes_wait_and_no_more() -> None:
    """A message may have come with anything in it, and waits with all of it."""
    mailbox = Mailbox()
    sizes = [len(mailbox.send(f"unknown-{n}", at=0.0, text="x" * 1_000).record.value or b"") for n in range(4)]
    folded = fold_in(mailbox.events, rules=replace(RULES, max_waiting_bytes=sum(sizes[:2])))
    assert len(folded.state.waiting) == 2
    assert reasons(folded) == [Reason.TOO_MANY_WAITING] * 2


def test_the_room_for_what_waits_holds_as_many_as_may_wait() -> None:
    mailbox = Mailbox()
    for number in range(RULES.max_waiting):
        mailbox.send(f"unknown-{number}", at=0.0, text="x" * (MAX_TEXT - 200))
    assert len(fold_in(mailbox.events).state.waiting) == RULES.max_waiting


def test_what_waits_keeps_its_id_and_a_repetition_does_not_wait_beside_it() -> None:
    mailbox = Mailbox()
    mailbox.send("unknown-1", event_id="same")
    mailbox.send("unknown-1", event_id="same")
    folded = fold_in(mailbox.events)
    assert (len(folded.state.waiting), folded.duplicates) == (1, {"repeated": 1})


def test_an_item_that_only_the_event_describes_is_handed_on_in_those_words() -> None:
    mailbox = Mailbox()
    mailbox.send("unknown-1", text="A quiet page about tea houses")
    mailbox.send("unknown-2")
    folded = fold_in(mailbox.events)
    assert [(one.item, at) for one, at in folded.described] == [("unknown-1", mailbox.events[0].record.timestamp_ms)]
    assert len(folded.state.waiting) == 2


def test_words_for_an_item_that_is_known_are_not_handed_on() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", text="Something else altogether")
    assert fold_in(mailbox.events).described == []


@pytest.mark.parametrize(("ahead", "future"), [(0.0, False), (1.0, True)])
def test_an_event_from_further_ahead_than_clocks_differ_is_set_aside(ahead: float, future: bool) -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", at=RULES.clock_skew + ahead, arrives=0.0)
    folded = fold_in(mailbox.events)
    assert reasons(folded) == [Reason.FUTURE] * future
    assert folded.applied.total() == (not future)


def test_a_retraction_from_the_future_would_silence_all_that_comes_and_is_set_aside_too() -> None:
    mailbox = Mailbox()
    mailbox.send("tea-1", "retract", at=RULES.clock_skew + 1, arrives=0.0)
    mailbox.send("tea-1", at=1.0)
    assert "tea" in weights_of(fold_in(mailbox.events).state)


USER = "ada"


def test_what_this_version_does_not_carry_out_is_set_aside_and_can_be_replayed() -> None:
    """Nobody is forgotten by a fold, which only ever changes what is known of somebody."""
    message = ForgetCommand(command_id="c", user=USER, time=START)
    mailbox = Mailbox()
    mailbox.clicks("tea", range(2))
    before = fold_in(mailbox.events)
    mailbox.put(message)
    mailbox.put(message)
    after = fold_in(mailbox.events)
    assert reasons(after) == [Reason.UNSUPPORTED] * 2
    assert type(message).__name__ in after.letters[0].detail
    assert after.state.interests == before.state.interests
    assert after.state.version == before.state.version
