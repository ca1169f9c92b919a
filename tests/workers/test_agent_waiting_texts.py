"""An edit or a proposal whose texts nobody has embedded yet waits for them, bounded, in order."""

from dataclasses import replace

import pytest

from schemas.command import (
    AddInterest,
    PinInterest,
    RemoveInterest,
    RestoreInterest,
    RetryCommand,
)
from schemas.dead_letter import Reason
from schemas.profile import Cause
from tests.workers.mailbox import (
    NOBODY_EMBEDS,
    RULES,
    START,
    Mailbox,
    fold_bytes,
    fold_in,
    known_world,
    milliseconds,
    vector_of,
    weights_of,
)
from workers.agent import Event, Folded
from workers.knowledge import Knowledge, Missing
from workers.refit import interest_id
from workers.state import decode_state

WAIT = RULES.item_wait


def reasons(folded: Folded) -> list[Reason]:
    return [letter.reason for letter in folded.letters]


TYPED = NOBODY_EMBEDS
TYPED_ID = interest_id(TYPED)


def embedded() -> Knowledge:
    """The world once the typed text has its vector."""
    known = known_world()
    known.learn_phrases([TYPED], {TYPED: vector_of("chess", "old").astype("<f2").tobytes()})
    return known


def retry(mailbox: Mailbox, arrives: float) -> Event:
    return mailbox.put(RetryCommand(command_id=f"r{arrives}", user=mailbox.user, time=START), arrives)


def test_an_edit_whose_text_nobody_has_embedded_waits_and_is_carried_out_once_somebody_has() -> None:
    mailbox = Mailbox()
    edit = mailbox.edit(AddInterest(text=TYPED), arrives=1.0)
    waiting = fold_in(mailbox.events)
    assert [(entry.record, entry.texts) for entry in waiting.state.waiting] == [(edit.record, (TYPED,))]
    assert not any((waiting.letters, waiting.changes, waiting.state.interests))
    folded = fold_in([retry(mailbox, 1.2)], fold_bytes([edit]), embedded())
    assert folded.state.waiting == ()
    assert [one.text for one in folded.state.interests] == [TYPED]
    (change,) = folded.changes
    assert (change.cause, change.accepted_ms) == (Cause.EDIT, milliseconds(1.2))


def test_edits_keep_their_order_behind_one_that_waits() -> None:
    """Removing what has been typed a moment ago must not come before it."""
    mailbox = Mailbox()
    mailbox.edit(AddInterest(text=TYPED), arrives=1.0)
    mailbox.edit(PinInterest(interest=TYPED_ID), arrives=1.1)
    mailbox.edit(RemoveInterest(interest=TYPED_ID), AddInterest(text="chess"), arrives=1.2)
    raw = fold_bytes(mailbox.events)
    assert len(decode_state(raw).waiting) == 3
    folded = fold_in([retry(mailbox, 2.0)], raw, embedded())
    assert [one.text for one in folded.state.interests] == ["chess"]
    assert (folded.state.removed, folded.letters) == ((TYPED,), [])
    assert len(folded.changes) == 3
    assert fold_bytes(mailbox.events, known=embedded()) != raw


def test_interactions_do_not_wait_behind_an_edit() -> None:
    mailbox = Mailbox()
    mailbox.edit(AddInterest(text=TYPED), arrives=1.0)
    mailbox.send("tea-1", at=2.0)
    assert "tea" in weights_of(fold_in(mailbox.events).state)


@pytest.mark.parametrize(("seconds", "set_aside"), [(WAIT - 0.001, False), (WAIT, True)])
def test_an_edit_whose_text_is_not_embedded_in_time_is_set_aside(seconds: float, set_aside: bool) -> None:
    mailbox = Mailbox()
    edit = mailbox.edit(AddInterest(text=TYPED), arrives=0.0)
    retry(mailbox, seconds)
    folded = fold_in(mailbox.events)
    assert reasons(folded) == [Reason.UNKNOWN_WORDS] * set_aside
    assert len(folded.state.waiting) == (not set_aside)
    if set_aside:
        assert "embedder" in folded.letters[0].detail
        again = mailbox.put(edit.message, arrives=seconds + 1)
        assert len(fold_in([again], fold_bytes(mailbox.events[:-1]), embedded()).changes) == 1


def test_what_stood_behind_an_edit_that_is_given_up_goes_on() -> None:
    mailbox = Mailbox()
    mailbox.edit(AddInterest(text=TYPED), arrives=0.0)
    mailbox.edit(AddInterest(text="chess"), arrives=1.0)
    retry(mailbox, WAIT)
    folded = fold_in(mailbox.events)
    assert reasons(folded) == [Reason.UNKNOWN_WORDS]
    assert [one.text for one in folded.state.interests] == ["chess"]


def test_a_text_that_is_restored_needs_its_vector_too() -> None:
    mailbox = Mailbox()
    mailbox.edit(AddInterest(text=TYPED), RemoveInterest(interest=TYPED_ID), arrives=0.0)
    raw = fold_bytes(mailbox.events, known=embedded())
    restore = mailbox.edit(RestoreInterest(interest=TYPED_ID), arrives=1.0)
    assert len(fold_in([restore], raw).state.waiting) == 1
    assert [one.text for one in fold_in([restore], raw, embedded()).state.interests] == [TYPED]


def test_a_proposal_waits_too_and_is_only_counted_where_it_waits_in_vain() -> None:
    mailbox = Mailbox()
    mailbox.clicks("tea", range(3))
    proposal = mailbox.propose(AddInterest(text=TYPED), arrives=10.0)
    raw = fold_bytes(mailbox.events)
    assert [entry.record for entry in decode_state(raw).waiting] == [proposal.record]
    judged = fold_in([retry(mailbox, 11.0)], raw, embedded())
    assert judged.refinements == {("demand", "unjudged"): 1}
    in_vain = fold_in([retry(mailbox, 10.0 + WAIT)], raw)
    assert (in_vain.refinements, in_vain.letters) == ({("demand", "unknown_words"): 1}, [])


def test_where_too_much_waits_a_proposal_is_only_counted() -> None:
    mailbox = Mailbox()
    mailbox.propose(AddInterest(text=TYPED))
    folded = fold_in(mailbox.events, rules=replace(RULES, max_waiting=0))
    assert (folded.refinements, folded.letters) == ({("demand", "too_many_waiting"): 1}, [])


def test_an_edit_does_not_wait_behind_a_proposal() -> None:
    mailbox = Mailbox()
    mailbox.propose(AddInterest(text=TYPED), arrives=0.0)
    mailbox.edit(AddInterest(text="chess"), arrives=1.0)
    assert [one.text for one in fold_in(mailbox.events).state.interests] == ["chess"]


def test_what_waits_for_an_item_and_for_words_is_looked_for_in_one_go() -> None:
    mailbox = Mailbox()
    mailbox.edit(AddInterest(text=TYPED), arrives=0.0)
    mailbox.send("unknown-1", at=0.0)
    raw = fold_bytes(mailbox.events)
    with pytest.raises(Missing) as missing:
        fold_in([retry(mailbox, 1.0)], raw, Knowledge())
    assert missing.value.items == {"news:unknown-1"}
    assert missing.value.phrases == {TYPED}
