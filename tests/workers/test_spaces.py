"""A profile in one space and moved to another: the same words, vectors of the new space alone, and back again."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from schemas.command import MoveCommand, RefreshCommand
from schemas.profile import Cause
from streams.messages import parse_message
from tests.workers.mailbox import FIT, RULES, SPACE, START, Mailbox, all_items, known_world, phrase_vectors
from workers.agent import fold
from workers.errors import Unavailable
from workers.knowledge import Missing
from workers.spaces import MOVE, InSpace, Spaces, moved
from workers.state import UserState, decode_state, encode_state
from workers.vectors import pack, unit

NEW, WIDER = "new-space", 24
TURN = np.random.default_rng(3).standard_normal((16, WIDER)).astype(np.float32)


def turned(raw: bytes) -> bytes:
    """The vector in the new space, which has more dimensions."""
    (row,) = pack(unit(np.frombuffer(raw, "<f2")[None].astype(np.float32) @ TURN))
    return row


def spaces(without: str | None = None) -> Spaces:
    """Both spaces, the new one with everything looked up; `without` is a phrase that has no vector there."""
    both = Spaces(InSpace(SPACE, known_world(), FIT))
    both.know(NEW, np.eye(WIDER) / np.sqrt(WIDER))
    there = both.of(NEW).known
    there.learn_items([item.key for item in all_items()], {one.key: one for one in map(in_new, all_items())})
    words = {text: turned(raw) for text, raw in phrase_vectors().items() if text != without}
    there.learn_phrases(phrase_vectors(), words)
    return both


def in_new(item: Any) -> Any:
    return replace(item, space=NEW, vector=turned(item.vector))


def mailbox(*spaces_to: str) -> Mailbox:
    """Clicks on two topics, a re-fit over all of them, and then a move to each of the spaces."""
    box = Mailbox()
    for number in range(5):
        box.send(f"jazz-{number}")
        box.send(f"tea-{number}")
    box.put(RefreshCommand(command_id="refit", user="ada", time=START), 590.0)
    for number, space in enumerate(spaces_to):
        box.put(MoveCommand(command_id=f"m{number}", user="ada", time=START, space=space), 600.0 + number)
    return box


def folded(box: Mailbox, both: Spaces, raw: bytes | None = None) -> Any:
    return fold(raw, box.events, both.of(SPACE).known, RULES, parse_message, both)


def lengths(state: UserState) -> set[int]:
    return {len(one.vector) // 2 for one in state.interests + state.avoid}


def weights(state: UserState) -> dict[str, float]:
    return {one.text: one.weight for one in state.interests}


def test_a_move_makes_one_version_of_the_same_texts_in_the_new_space() -> None:
    before, after = folded(mailbox(), spaces()), folded(mailbox(NEW), spaces())
    assert (before.state.space, after.state.space) == (SPACE, NEW)
    assert lengths(before.state) == {16}
    assert lengths(after.state) == {WIDER}
    assert weights(after.state).keys() == weights(before.state).keys()
    assert after.state.version == before.state.version + 1
    assert after.changes[-1].cause is Cause.SPACE


def test_vectors_that_were_carried_in_are_of_no_use_in_the_new_space() -> None:
    state = replace(folded(mailbox(), spaces()).state, carried=(("chess", bytes(32)),))
    assert encode_state(state)
    both = spaces()
    there = moved(state, both.of(NEW))
    assert there is not None
    assert there.carried == ()
    assert encode_state(there)


def test_moved_there_and_back_it_is_what_it_was() -> None:
    before, after = folded(mailbox(), spaces()), folded(mailbox(NEW, SPACE), spaces())
    assert after.state.interests == before.state.interests


def test_events_after_the_move_are_folded_in_the_new_space() -> None:
    box = mailbox(NEW)
    for number in range(6):
        box.send(f"chess-{number}", "like", at=700.0 + number)
    state = folded(box, spaces()).state
    assert "chess" in " ".join(weights(state))
    assert lengths(state) == {WIDER}


def test_however_the_mailbox_is_cut_the_state_is_the_same() -> None:
    whole = encode_state(folded(mailbox(NEW), spaces()).state)
    box, both, raw = mailbox(NEW), spaces(), None
    for event in box.events:
        raw = encode_state(fold(raw, [event], both.of(SPACE).known, RULES, parse_message, both).state)
    assert raw == whole


def test_where_a_text_has_no_vector_there_nothing_happens_and_it_may_be_asked_again() -> None:
    stays = folded(mailbox(NEW), spaces(without="jazz"))
    assert "jazz" in weights(stays.state)
    assert (stays.state.space, lengths(stays.state)) == (SPACE, {16})
    again = Mailbox(offset=100)
    again.put(MoveCommand(command_id="later", user="ada", time=START, space=NEW), 900.0)
    assert folded(again, spaces(), encode_state(stays.state)).state.space == NEW


def test_what_was_not_looked_up_is_fetched_from_that_space() -> None:
    both = Spaces(InSpace(SPACE, known_world(), FIT))
    both.know(NEW, np.eye(WIDER))
    with pytest.raises(Missing) as caught:
        folded(mailbox(NEW), both)
    assert caught.value.space == NEW


def test_a_move_to_where_it_is_only_says_so() -> None:
    """Or the mover would ask for ever (`streams.rollout`)."""
    result = folded(mailbox(SPACE), spaces())
    assert not [change for change in result.changes if change.cause is Cause.SPACE]
    assert result.state.refitted_ms == mailbox(SPACE).events[-1].record.timestamp_ms


def test_nothing_is_folded_in_a_space_that_is_not_known_yet() -> None:
    raw = encode_state(folded(mailbox(NEW), spaces()).state)
    with pytest.raises(Unavailable, match="once the pointer"):
        folded(Mailbox(), Spaces(InSpace(SPACE, known_world(), FIT)), raw)


def test_a_move_to_a_space_that_was_retired_since_does_nothing_and_holds_up_nobody() -> None:
    one = Spaces(InSpace(SPACE, known_world(), FIT))
    one.give_up([NEW])
    stays = folded(mailbox(NEW), one).state
    assert (stays.space, stays.version) == (SPACE, folded(mailbox(), spaces()).state.version)


def test_a_new_profile_begins_at_home_and_an_old_record_is_of_the_first_space() -> None:
    both = spaces()
    both.settle(NEW)
    assert folded(mailbox(), both).state.space == NEW
    old = folded(mailbox(), spaces()).state
    old.space = ""
    assert both.of_state(old).space == SPACE


def test_who_lives_elsewhere_is_due_to_be_moved() -> None:
    both, state = spaces(), folded(mailbox(), spaces()).state
    assert both.due(state, 5.0) == {MOVE: None}
    both.settle(NEW)
    assert both.due(state, 5.0) == {MOVE: 5.0}
    there = moved(state, both.of(NEW))
    assert there is not None
    assert both.due(there, 5.0) == {MOVE: None}
    assert Spaces(InSpace(SPACE, known_world(), FIT)).due(state, 5.0) == {}


def test_the_space_stays_with_the_record() -> None:
    state = folded(mailbox(NEW), spaces()).state
    assert decode_state(encode_state(state)).space == NEW
