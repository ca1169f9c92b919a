"""Going back to an earlier version: that version, whatever came since; and the last edit undone leaves no trace."""

from typing import Any, get_args

import numpy as np
import pytest

from schemas.command import (
    AddInterest,
    AvoidText,
    Edit,
    KeepAway,
    PinInterest,
    RefreshCommand,
    RemoveInterest,
    RestoreInterest,
    ReweightInterest,
    RewriteInterest,
    RollbackCommand,
)
from schemas.dead_letter import Reason
from schemas.interaction import Signal
from schemas.profile import Cause, Source
from schemas.proposal import RefineTrigger
from tests.workers.mailbox import NOBODY_EMBEDS, SPACE, START, Mailbox, fold_in, known_world
from tests.workers.test_state import parts
from workers.editing import MAX_DROPPED
from workers.held import HeldInterest, interest_id
from workers.knowledge import Knowledge
from workers.ports import ItemRecord
from workers.refit import FitRules
from workers.rollback import in_place
from workers.state import Remembered, UserState, encode_state
from workers.vectors import pack, unit
from workers.versions import remembered, said

JAZZ, TEA, CHESS, ROWING = map(interest_id, ("jazz", "tea", "chess", "rowing"))


def reading(user: str = "ada") -> Mailbox:
    """Somebody who reads about tea, a little about jazz, and once about rowing, which they pinned."""
    mailbox = Mailbox(user)
    mailbox.clicks("tea", range(8))
    mailbox.clicks("jazz", range(3))
    mailbox.send("rowing-1")
    mailbox.put(RefreshCommand(command_id="all", user=user, time=START), arrives=19.0)
    mailbox.edit(PinInterest(interest=ROWING), AvoidText(text="old chess"), arrives=20.0)
    return mailbox


def go_back(mailbox: Mailbox, version: int, arrives: float = 2_000.0) -> Mailbox:
    number = f"c{len(mailbox.events):04d}"
    mailbox.put(RollbackCommand(command_id=number, user=mailbox.user, time=START, version=version), arrives)
    return mailbox


def state_of(mailbox: Mailbox) -> UserState:
    return fold_in(mailbox.events).state


def texts_of(state: UserState) -> list[tuple[Any, ...]]:
    return [(one.text, one.weight, one.pinned, one.source) for one in state.interests]


EVERY_EDIT: dict[str, Edit] = {
    "add": AddInterest(text="chess"),
    "add what is inferred": AddInterest(text="tea", weight=0.3),
    "rewrite": RewriteInterest(interest=TEA, text="rare tea"),
    "reweight": ReweightInterest(interest=JAZZ, weight=-0.4),
    "reweight what is avoided": ReweightInterest(interest=interest_id("old chess"), weight=0.4),
    "pin": PinInterest(interest=TEA),
    "unpin": PinInterest(interest=ROWING, pinned=False),
    "avoid": AvoidText(text="jazz"),
    "remove": RemoveInterest(interest=TEA),
    "remove what is avoided": RemoveInterest(interest=interest_id("old chess")),
    "restore": RestoreInterest(interest=interest_id("old chess")),
    "keep away": KeepAway(within=0.25),
}


def test_there_is_an_example_of_every_edit() -> None:
    assert {edit.op for edit in EVERY_EDIT.values()} == {one.model_fields["op"].default for one in _OPERATIONS}


_OPERATIONS = get_args(get_args(Edit)[0])


@pytest.mark.parametrize("name", EVERY_EDIT)
def test_the_last_edit_undone_leaves_no_trace(name: str) -> None:
    mailbox = reading()
    before = state_of(mailbox)
    mailbox.edit(EVERY_EDIT[name])
    edited = state_of(mailbox)
    assert edited.version == before.version + 1
    after = state_of(go_back(mailbox, before.version))
    assert after.version == after.edited_version == before.version + 2
    assert what_counts(after) == what_counts(before)
    # And it goes on learning as it would have.
    never_edited = reading()
    for one in (mailbox, never_edited):
        for number in range(5):
            one.send(f"chess-{number}", at=3_000.0 + number, event_id=f"later {number}")
    assert state_of(mailbox).interests == state_of(never_edited).interests


def what_counts(state: UserState) -> dict[str, Any]:
    own = {"version", "edited_version", "versions", "offsets", "seen", "refitted_ms", "refused"}
    return {name: value for name, value in parts(state).items() if name not in own}


def test_what_refinements_had_dropped_is_dropped_again() -> None:
    mailbox = reading()
    state = state_of(mailbox)
    state.dropped = ("chess",)
    raw, at = encode_state(state), len(mailbox.events)
    mailbox.edit(AddInterest(text="old tea"), arrives=1_000.0)
    mailbox.edit(AddInterest(text="chess"), arrives=1_001.0)
    assert fold_in(mailbox.events[at:], raw).state.dropped == ()
    assert fold_in(go_back(mailbox, state.version + 1).events[at:], raw).state.dropped == ("chess",)


def test_a_rollback_is_a_version_of_its_own_and_can_be_taken_back() -> None:
    mailbox = reading()
    before = state_of(mailbox)
    mailbox.edit(RemoveInterest(interest=TEA), AddInterest(text="chess"))
    edited = state_of(mailbox)
    folded = fold_in(go_back(mailbox, before.version).events)
    assert folded.changes[-1].cause is Cause.ROLLBACK
    assert folded.carried_out["rollback"] == 1
    assert remembered(folded.state)[-1].cause is Cause.ROLLBACK
    again = state_of(go_back(mailbox, edited.version))
    assert what_counts(again) == what_counts(edited)


def test_to_the_version_that_stands_nothing_is_done() -> None:
    mailbox = reading()
    before = state_of(mailbox)
    after = state_of(go_back(mailbox, before.version))
    assert (after.version, after.edited_version) == (before.version, before.edited_version)


def test_whatever_came_since_a_version_is_what_it_was() -> None:
    mailbox = reading()
    mailbox.edit(AddInterest(text="new jazz", weight=0.2), KeepAway(within=0.5))
    version = state_of(mailbox).version
    kept = remembered(state_of(mailbox))[-1]
    mailbox.clicks("chess", range(9), at=900.0)
    mailbox.edit(AvoidText(text="jazz"), RemoveInterest(interest=ROWING), KeepAway(), arrives=1_000.0)
    assert state_of(mailbox).version == version + 2
    after = state_of(go_back(mailbox, version))
    assert [said(one)[:4] for one in after.interests] == [one[:4] for one in kept.interests]
    assert [one.source for one in after.interests] == [one.source for one in kept.interests]
    assert tuple(map(said, after.avoid)) == kept.avoid
    assert (after.removed, after.keep_away) == (kept.removed, 0.5)
    assert all(one.held_weight == one.weight for one in after.interests)


def test_what_was_learned_since_is_dropped_and_the_weights_stay() -> None:
    mailbox = reading()
    version = state_of(mailbox).version
    mailbox.clicks("chess", range(9), at=900.0)
    assert "chess" in {one.text for one in state_of(mailbox).interests}
    then = texts_of(state_of(go_back(mailbox, version)))
    mailbox.clicks("chess", range(9, 12), at=2_100.0)
    mailbox.put(RefreshCommand(command_id="all", user="ada", time=START), arrives=2_200.0)
    after = state_of(mailbox)
    assert "chess" in after.dropped
    assert [one for one in texts_of(after) if one in then] == then


def test_a_version_that_is_not_remembered_is_refused_and_changes_nothing() -> None:
    mailbox = reading()
    before = state_of(mailbox)
    folded = fold_in(go_back(mailbox, 999).events)
    (letter,) = folded.letters
    assert letter.reason is Reason.REFUSED
    assert "read the versions again" in letter.detail
    assert what_counts(folded.state) == what_counts(before)
    assert folded.state.version == before.version
    assert folded.carried_out["rollback"] == 0


def test_delivered_twice_it_is_done_once() -> None:
    mailbox = reading()
    mailbox.edit(AddInterest(text="chess"))
    go_back(mailbox, 1)
    once = fold_in(mailbox.events)
    raw = encode_state(once.state)
    again = fold_in(mailbox.events, raw)
    assert encode_state(again.state) == raw
    assert again.changes == []


def test_a_proposal_for_what_stood_before_it_is_cancelled() -> None:
    mailbox = reading()
    base = state_of(mailbox).version
    mailbox.edit(AddInterest(text="chess"))
    then = state_of(mailbox).version
    go_back(mailbox, base)
    mailbox.propose(AddInterest(text="new tea"), arrives=2_100.0, base_version=then, trigger=RefineTrigger.DEMAND)
    folded = fold_in(mailbox.events)
    assert folded.refinements["demand", "cancelled"] == 1
    assert "new tea" not in {one.text for one in folded.state.interests}


def test_it_waits_for_the_vectors_of_what_it_brings_back_and_for_the_edits_before_it() -> None:
    mailbox = reading()
    mailbox.edit(AddInterest(text="chess"))
    version = state_of(mailbox).version
    mailbox.edit(RemoveInterest(interest=CHESS))
    raw = encode_state(state_of(mailbox))
    at = len(mailbox.events)
    mailbox.edit(AddInterest(text=NOBODY_EMBEDS), arrives=600.0)
    go_back(mailbox, version, arrives=601.0)
    waiting = fold_in(mailbox.events[at:], raw)
    assert len(waiting.state.waiting) == 2
    assert waiting.changes == []
    mailbox.put(RefreshCommand(command_id="later", user="ada", time=START), arrives=3_000.0)
    over = fold_in(mailbox.events[at:], raw)
    assert [letter.reason for letter in over.letters] == [Reason.UNKNOWN_WORDS]
    assert over.state.waiting == ()
    assert over.changes[-1].cause is Cause.ROLLBACK
    assert "chess" in {one.text for one in over.state.interests}


def test_what_was_merely_named_then_and_has_no_vector_now_makes_it_wait() -> None:
    known = known_world()
    known.learn_phrases(["new tea"], {})
    mailbox = reading()
    mailbox.edit(AddInterest(text="new tea"))
    version = state_of(mailbox).version
    mailbox.edit(RemoveInterest(interest=interest_id("new tea")))
    raw = encode_state(state_of(mailbox))
    at = len(mailbox.events)
    go_back(mailbox, version)
    folded = fold_in(mailbox.events[at:], raw, known)
    (waiting,) = folded.state.waiting
    assert waiting.texts == ("new tea",)


def test_a_profile_full_of_other_things_gives_way() -> None:
    """However much the evidence names: the version is put in place, and no more."""
    mailbox = Mailbox()
    mailbox.send("tea-1")
    for topic in ("jazz", "chess", "rowing"):
        mailbox.clicks(topic, range(12))
    assert len(state_of(mailbox).interests) > 3
    after = state_of(go_back(mailbox, 1))
    (first, *_) = remembered(after)
    assert [(one.text, one.weight) for one in after.interests] == [(one.text, one.weight) for one in first.interests]


def test_where_there_is_no_end_of_other_things_the_version_stands_all_the_same() -> None:
    """A hundred interactions, each of which names something of its own: more than can be dropped."""
    rows = unit(np.random.default_rng(1).standard_normal((101, DIMENSION_OF_MANY)).astype(np.float32))
    texts = [f"text {number}" for number in range(101)]
    words = dict(zip(texts, pack(rows), strict=True))
    items = {f"news:{text}": ItemRecord(f"news:{text}", SPACE, words[text], "", (text,), "", (99,)) for text in texts}
    known = Knowledge(space=SPACE)
    known.learn_items(items, items)
    known.learn_phrases(texts, words)
    window = [Remembered(1_000 * number, f"e{number}", f"news:text {number}", Signal.CLICK) for number in range(100)]
    mine = HeldInterest(interest_id("text 100"), "text 100", 0.4, Source.PERSON, words["text 100"])
    state = UserState(interests=(mine,), window=window)
    after = in_place(state, known, FitRules(np.eye(DIMENSION_OF_MANY) / np.sqrt(DIMENSION_OF_MANY)))
    assert [(one.text, one.weight) for one in after.interests] == [("text 100", 0.4)]
    assert len(after.dropped) == MAX_DROPPED


DIMENSION_OF_MANY = 256


def test_the_texts_of_a_version_keep_who_made_them() -> None:
    mailbox = reading()
    mailbox.edit(AddInterest(text="chess"))
    version = state_of(mailbox).version
    mailbox.edit(RemoveInterest(interest=CHESS))
    after = state_of(go_back(mailbox, version))
    (chess,) = [one for one in after.interests if one.text == "chess"]
    assert (chess.source, chess.held_weight) == (Source.PERSON, 0.75)
