"""Edits that a profile, as it is, cannot take: of the whole command nothing is done, and it can be sent again."""

import pytest

from schemas.command import (
    AddInterest,
    AvoidText,
    Edit,
    PinInterest,
    RemoveInterest,
    RestoreInterest,
    ReweightInterest,
    RewriteInterest,
)
from schemas.dead_letter import Reason
from schemas.profile import MAX_AVOID, MAX_INTERESTS
from tests.workers.mailbox import Mailbox, fold_in, known_world, vector_of
from tests.workers.test_agent_edits import CHESS, JAZZ, TEA, reading, state_of
from workers.agent import Folded
from workers.knowledge import Knowledge

UNKNOWN = "0" * 12
NOT_THERE: list[Edit] = [
    RewriteInterest(interest=UNKNOWN, text="chess"),
    ReweightInterest(interest=UNKNOWN, weight=0.5),
    PinInterest(interest=UNKNOWN),
    RemoveInterest(interest=UNKNOWN),
    RestoreInterest(interest=UNKNOWN),
    RestoreInterest(interest=TEA),
]


def the_letter(folded: Folded) -> tuple[Reason, str]:
    (letter,) = folded.letters
    return letter.reason, letter.detail


@pytest.mark.parametrize("edit", NOT_THERE, ids=lambda edit: f"{edit.op} {edit.interest}")
def test_of_a_command_with_an_edit_that_cannot_be_done_nothing_is(edit: Edit) -> None:
    mailbox = reading()
    before = state_of(mailbox)
    mailbox.edit(AddInterest(text="chess"), RemoveInterest(interest=JAZZ), edit)
    folded = fold_in(mailbox.events)
    reason, detail = the_letter(folded)
    assert reason is Reason.REFUSED
    assert "id" in detail
    assert UNKNOWN not in detail
    assert folded.state.interests == before.interests
    assert (folded.state.version, folded.state.removed) == (before.version, ())


def test_a_refused_command_can_be_sent_again() -> None:
    mailbox = Mailbox()
    refused = mailbox.edit(PinInterest(interest=CHESS))
    mailbox.edit(AddInterest(text="chess"))
    mailbox.put(refused.message, arrives=501.0)
    folded = fold_in(mailbox.events)
    assert len(folded.letters) == 1
    assert folded.state.interests[0].pinned


def many(count: int) -> tuple[list[str], Knowledge]:
    """So many texts, and a world that knows them."""
    known = known_world()
    named = [f"text {number}" for number in range(count)]
    known.learn_phrases(named, {text: vector_of("chess", None, own=text).astype("<f2").tobytes() for text in named})
    return named, known


def test_a_full_profile_makes_room_for_what_a_person_adds() -> None:
    named, known = many(MAX_INTERESTS - 1)
    mailbox = reading()
    mailbox.edit(*(AddInterest(text=text) for text in named))
    state = fold_in(mailbox.events, known=known).state
    assert len(state.interests) == MAX_INTERESTS
    assert set(named) < {one.text for one in state.interests}


def test_so_many_of_their_own_and_no_more() -> None:
    named, known = many(MAX_INTERESTS + 1)
    mailbox = reading()
    mailbox.edit(*(AddInterest(text=text) for text in named[1:]))
    mailbox.edit(AddInterest(text=named[0]))
    folded = fold_in(mailbox.events, known=known)
    reason, detail = the_letter(folded)
    assert reason is Reason.REFUSED
    assert "remove one first" in detail
    assert len(folded.state.interests) == MAX_INTERESTS


def test_so_many_to_avoid_and_no_more() -> None:
    named, known = many(MAX_AVOID + 1)
    mailbox = Mailbox()
    mailbox.edit(*(AvoidText(text=text) for text in named[1:]))
    mailbox.edit(AvoidText(text=named[0]))
    folded = fold_in(mailbox.events, known=known)
    assert the_letter(folded)[0] is Reason.REFUSED
    assert len(folded.state.avoid) == MAX_AVOID


def test_an_edit_for_a_version_that_the_profile_has_not_reached_is_refused_and_can_be_sent_again() -> None:
    mailbox = reading()
    before = state_of(mailbox)
    early = mailbox.edit(AddInterest(text="chess"), base_version=before.version + 1)
    folded = fold_in(mailbox.events)
    reason, detail = the_letter(folded)
    assert (reason, "read the profile again" in detail) == (Reason.REFUSED, True)
    assert (folded.state.interests, folded.state.version) == (before.interests, before.version)
    assert folded.state.edited_version == before.edited_version
    mailbox.edit(PinInterest(interest=TEA))
    mailbox.put(early.message, arrives=501.0)
    again = fold_in(mailbox.events)
    assert len(again.letters) == 1
    assert "chess" in {one.text for one in again.state.interests}


def test_the_version_that_a_person_sees_may_be_edited_and_so_may_nothing_at_all() -> None:
    mailbox = reading()
    mailbox.edit(PinInterest(interest=TEA), base_version=state_of(mailbox).version)
    newcomer = Mailbox("bob")
    newcomer.edit(AddInterest(text="chess"), base_version=0)
    assert fold_in(mailbox.events).letters == fold_in(newcomer.events).letters == []


def test_what_was_learned_since_a_person_looked_does_not_make_their_edit_fail() -> None:
    mailbox = reading()
    seen = state_of(mailbox).version
    mailbox.clicks("chess", range(8), at=100.0)
    assert state_of(mailbox).version > seen
    mailbox.edit(PinInterest(interest=TEA), AvoidText(text="jazz"), base_version=seen)
    folded = fold_in(mailbox.events)
    assert folded.letters == []
    assert next(one for one in folded.state.interests if one.id == TEA).pinned
    assert [one.text for one in folded.state.avoid] == ["jazz"]


def test_of_two_edits_made_for_one_version_the_second_is_refused_where_the_first_took_its_interest_away() -> None:
    mailbox = reading()
    seen = state_of(mailbox).version
    mailbox.edit(RewriteInterest(interest=JAZZ, text="chess"), base_version=seen)
    mailbox.edit(ReweightInterest(interest=TEA, weight=0.9), base_version=seen)
    mailbox.edit(RewriteInterest(interest=JAZZ, text="rowing"), base_version=seen)
    folded = fold_in(mailbox.events)
    reason, detail = the_letter(folded)
    assert (reason, "id" in detail) == (Reason.REFUSED, True)
    assert {"chess", "tea"} <= {one.text for one in folded.state.interests}
