"""What a person does holds, whatever else comes: properties of any mailbox, with every kind of edit in it.

An edit is never undone by what is learned, proposed or re-fitted after it; all of a command is done, or nothing of it;
the last one taken back leaves no trace; going back gives the version that was; and what is carried away recommends the
same elsewhere.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from schemas.command import Edit, EditCommand, ImportCommand, ProfileCommand, RefreshCommand, RollbackCommand
from schemas.document import ProfileDocument
from schemas.interaction import Interaction
from schemas.proposal import Proposal
from tests.workers.mailbox import SPACE, START, Mailbox, fold_in, known_world
from tests.workers.mailboxes import EDITS, TIGHT, imports, mailboxes
from tests.workers.test_rollback import what_counts
from workers.agent import Event, Folded
from workers.carrying import document_of
from workers.editing import texts_of
from workers.state import UserState, encode_state
from workers.versions import VersionedText, remembered, said

PROPERTY = settings(max_examples=30, deadline=None)
KNOWN = known_world()
ROOMY = replace(TIGHT, window=64, max_waiting=16)
"""So that nothing leaves the window: what its sums know of a text goes with the text."""

LATER = 50 * 86_400.0
NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Life:
    """One person's agent, message after message; everything that waited has ended before anything is asked of it."""

    def __init__(self, events: list[Event]) -> None:
        self.state = fold_in(events, known=KNOWN, rules=ROOMY).state
        self._at = 0
        self.ask(RefreshCommand(command_id="settled", user="ada", time=START))

    def ask(self, message: ProfileCommand) -> Folded:
        self._at += 1
        box = Mailbox(offset=10_000 + self._at)
        event = box.put(message, arrives=LATER + 1_000.0 * self._at)
        folded = fold_in([event], encode_state(self.state), KNOWN, ROOMY)
        self.state = folded.state
        return folded

    def edit(self, *edits: Edit) -> Folded:
        return self.ask(EditCommand(command_id=f"edit {self._at}", user="ada", time=START, edits=edits))

    def back_to(self, version: int) -> Folded:
        return self.ask(RollbackCommand(command_id=f"back {self._at}", user="ada", time=START, version=version))


def of_the_person(state: UserState) -> list[Any]:
    """Every trace of what they did."""
    owned = sorted((one.text, one.pinned, one.held_weight) for one in state.interests if one.is_owned)
    held = {one.text: one.weight for one in state.interests if one.held_weight is not None}
    return [owned, held, state.avoid, state.removed, state.keep_away, state.edited_version]


def what_stands(state: UserState) -> dict[str, Any]:
    """All but what tells that something was done."""
    told = {"since_version", "carried", "waiting"}
    return {name: value for name, value in what_counts(state).items() if name not in told}


def embedding(state: UserState) -> list[Any]:
    """What recommendations are made from."""
    sides = ([(one.text, one.vector, one.weight) for one in side] for side in (state.interests, state.avoid))
    return [*sides, state.keep_away]


INFERENCE = mailboxes(most=14, begins=12).map(
    lambda events: [one for one in events if isinstance(one.message, Interaction | Proposal | RefreshCommand)]
)


@PROPERTY
@given(mailboxes(begins=12), st.lists(EDITS, min_size=1, max_size=3), INFERENCE)
def test_no_inference_undoes_an_edit(events: list[Event], edits: list[Edit], after: list[Event]) -> None:
    life = Life(events)
    life.edit(*edits)
    assume(not life.state.waiting)
    before = of_the_person(life.state)
    late = [_moved(event, number) for number, event in enumerate(after)]
    assert of_the_person(fold_in(late, encode_state(life.state), KNOWN, ROOMY).state) == before


def _moved(event: Event, number: int) -> Event:
    """The same behind all that has come, as another message."""
    record = replace(event.record, offset=20_000 + number, timestamp_ms=event.record.timestamp_ms + 10**10)
    name = "event_id" if isinstance(event.message, Interaction) else "command_id"
    name = "proposal_id" if isinstance(event.message, Proposal) else name
    return Event(record, event.message.model_copy(update={name: f"late {number}"}))


@PROPERTY
@given(mailboxes(begins=12), st.lists(EDITS, min_size=1, max_size=4))
def test_all_of_a_command_is_done_or_nothing_of_it(events: list[Event], edits: list[Edit]) -> None:
    life = Life(events)
    before = what_stands(life.state)
    folded = life.edit(*edits)
    if folded.letters or life.state.waiting:
        assert what_stands(life.state) == before
    else:
        assert folded.carried_out["edit"] == 1
        there = {one.text for one in life.state.interests + life.state.avoid} | set(life.state.removed)
        assert set(texts_of(edits)) <= there


@PROPERTY
@given(mailboxes(begins=12), st.lists(EDITS, min_size=1, max_size=3))
def test_the_last_edit_taken_back_leaves_no_trace(events: list[Event], edits: list[Edit]) -> None:
    life = Life(events)
    before, version = what_stands(life.state), life.state.version
    assume(life.edit(*edits).changes)
    life.back_to(version)
    assert what_stands(life.state) == before


@PROPERTY
@given(mailboxes(begins=12), imports("ada"))
def test_nor_does_an_import(events: list[Event], command: ImportCommand) -> None:
    life = Life(events)
    before, version = what_stands(life.state), life.state.version
    assume(life.ask(command.model_copy(update={"command_id": "in"})).changes)
    life.back_to(version)
    assert what_stands(life.state) == before


@PROPERTY
@given(mailboxes(most=20, begins=6), st.data())
def test_going_back_gives_the_version_that_was(events: list[Event], data: st.DataObject) -> None:
    life = Life(events)
    kept = remembered(life.state)
    was = data.draw(st.sampled_from(kept))
    folded = life.back_to(was.version)
    assert not folded.letters
    assert not life.state.waiting
    now = [said(one) for one in life.state.interests]
    assert [_learned(one) for one in now] == [_learned(one) for one in was.interests]
    assert all(one.held for one, then in zip(now, was.interests, strict=True) if then.held)
    assert tuple(map(said, life.state.avoid)) == was.avoid
    assert (life.state.removed, life.state.keep_away) == (was.removed, was.keep_away)


@PROPERTY
@given(mailboxes(begins=12), mailboxes(begins=12))
def test_what_is_carried_away_recommends_the_same_elsewhere(events: list[Event], elsewhere: list[Event]) -> None:
    here = Life(events).state
    document = ProfileDocument.model_validate_json(document_of(here, NOW, SPACE).to_bytes())
    command = ImportCommand(command_id="in", user="ada", time=START, **_fields(document))
    for there in (Life([]), Life(elsewhere)):
        assert not there.ask(command).letters
        assert embedding(there.state) == embedding(here)
    again = document_of(there.state, NOW, SPACE)
    assert (again.interests, again.avoid) == (document.interests, document.avoid)
    assert sorted(again.removed) == sorted(document.removed)


@PROPERTY
@given(mailboxes(begins=12), mailboxes(begins=12))
def test_into_another_space_its_words_and_weights_come(events: list[Event], elsewhere: list[Event]) -> None:
    here = Life(events).state
    document = document_of(here, NOW, SPACE).model_copy(update={"space": "elsewhere"})
    there = Life(elsewhere)
    there.ask(ImportCommand(command_id="in", user="ada", time=START, **_fields(document)))
    assume(not there.state.waiting)  # for words that nobody has embedded
    assert [(one.text, one.weight) for one in there.state.interests] == [
        (one.text, one.weight) for one in here.interests
    ]
    words = KNOWN.phrases({one.text for one in there.state.interests})
    assert [one.vector for one in there.state.interests] == [
        words[one.text].astype("<f2").tobytes() for one in there.state.interests
    ]


def _fields(document: ProfileDocument) -> dict[str, Any]:
    return {name: getattr(document, name) for name in ("space", "interests", "avoid", "removed", "keep_away")}


def _learned(one: VersionedText) -> VersionedText:
    """Whoever holds its weight now: the version that is gone back to, where nothing else gives that weight."""
    return one._replace(held=False, kept=False)
