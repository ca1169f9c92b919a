"""Edits on a state: what a refinement may touch, and what bounds the texts that must not come back."""

from dataclasses import replace
from typing import Any

import numpy as np
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
from schemas.profile import MAX_INTERESTS, Source
from tests.workers.mailbox import FIT, known_world, phrase_vectors, vector_of
from workers.editing import MAX_DROPPED, MAX_REMOVED, edited, fit, proposed, texts_of
from workers.ports import Matrix
from workers.refit import interest_id
from workers.state import HeldInterest, Remembered, UserState
from workers.weights import Moments

KNOWN = known_world()
WORDS: dict[str, Matrix] = {
    text: np.frombuffer(raw, "<f2").astype(np.float32) for text, raw in phrase_vectors().items()
}


def held(topic: str, source: Source = Source.BOOTSTRAP, /, **fields: Any) -> HeldInterest:
    one = HeldInterest(interest_id(topic), topic, 0.3, source, vector_of(topic, None).astype("<f2").tobytes())
    return one._replace(**fields)


OWNED = [
    held("jazz", Source.PERSON),
    held("jazz", Source.IMPORT),
    held("jazz", pinned=True),
    held("jazz", Source.REFINEMENT, held_weight=0.5),
]
FREE = [held("jazz"), held("jazz", Source.REFINEMENT)]


def after(state: UserState, *edits: Edit) -> set[str]:
    result = proposed(state, edits, WORDS)
    assert result is not None
    return {one.text for one in result.interests}


def test_a_refinement_adds_rewrites_and_removes() -> None:
    state = UserState(interests=(held("jazz"), held("tea"), held("chess")))
    edits = AddInterest(text="rowing"), RewriteInterest(interest=interest_id("jazz"), text="old jazz")
    assert after(state, *edits, RemoveInterest(interest=interest_id("tea"))) == {"old jazz", "chess", "rowing"}
    assert {one.text for one in state.interests} == {"jazz", "tea", "chess"}


def test_what_it_brings_is_marked_as_its_own_and_what_it_drops_is_remembered() -> None:
    state = UserState(interests=(held("jazz"), held("tea")), dropped=("chess", "rowing"))
    edits = AddInterest(text="rowing", weight=0.9), RewriteInterest(interest=interest_id("jazz"), text="old jazz")
    result = proposed(state, edits, WORDS)
    assert result is not None
    assert result.dropped == ("chess", "jazz")
    assert {one.text: one.source for one in result.interests} == {
        "tea": Source.BOOTSTRAP,
        "old jazz": Source.REFINEMENT,
        "rowing": Source.REFINEMENT,
    }
    assert {one.held_weight for one in result.interests} == {None}


def test_a_text_can_be_dropped_that_only_a_later_refit_would_name() -> None:
    state = UserState(interests=(held("jazz"),))
    result = proposed(state, [AddInterest(text="rowing"), RemoveInterest(interest=interest_id("rowing"))], WORDS)
    assert result is not None
    assert (result.dropped, [one.text for one in result.interests]) == (("rowing",), ["jazz"])
    again = proposed(result, [AddInterest(text="rowing"), RemoveInterest(interest=interest_id("rowing"))], WORDS)
    assert again is None


@pytest.mark.parametrize("interest", OWNED, ids=lambda one: f"{one.source} {one.pinned} {one.held_weight}")
def test_what_a_person_owns_it_leaves_alone(interest: HeldInterest) -> None:
    state = UserState(interests=(interest, held("tea")))
    assert proposed(state, [RemoveInterest(interest=interest.id)], WORDS) is None
    assert proposed(state, [RewriteInterest(interest=interest.id, text="old jazz")], WORDS) is None
    assert after(state, RemoveInterest(interest=interest.id), AddInterest(text="chess")) == {"jazz", "tea", "chess"}


@pytest.mark.parametrize("interest", FREE, ids=lambda one: str(one.source))
def test_what_was_inferred_it_may_change(interest: HeldInterest) -> None:
    state = UserState(interests=(interest, held("tea")))
    assert after(state, RemoveInterest(interest=interest.id)) == {"tea"}


NOT_FOR_INFERENCE: list[Edit] = [
    AddInterest(text="tea"),
    AddInterest(text="rowing"),
    AddInterest(text="old tea"),
    AddInterest(text="without a vector"),
    RewriteInterest(interest=interest_id("jazz"), text="rowing"),
    RewriteInterest(interest=interest_id("jazz"), text="without a vector"),
    RewriteInterest(interest="0" * 12, text="chess"),
    RemoveInterest(interest="0" * 12),
    RemoveInterest(interest=interest_id("old tea")),
    ReweightInterest(interest=interest_id("jazz"), weight=1.0),
    PinInterest(interest=interest_id("jazz")),
    AvoidText(text="chess"),
    RestoreInterest(interest=interest_id("rowing")),
]


@pytest.mark.parametrize("edit", NOT_FOR_INFERENCE, ids=repr)
def test_what_is_not_for_inference_to_do_is_not_done(edit: Edit) -> None:
    avoid = (held("tea", Source.PERSON, id=interest_id("old tea"), text="old tea"),)
    state = UserState(interests=(held("jazz"), held("tea")), removed=("rowing",), avoid=avoid)
    assert proposed(state, [edit], WORDS) is None


def test_a_full_profile_makes_room_with_what_was_only_found() -> None:
    mine = [held("tea", Source.PERSON, id=f"{n:012x}", text=f"text {n}") for n in range(MAX_INTERESTS - 2)]
    state = UserState(interests=(*mine, held("jazz", weight=0.1), held("chess", weight=0.2)))
    assert "jazz" not in after(state, AddInterest(text="rowing"))
    assert "chess" in after(state, AddInterest(text="rowing"))
    full = replace(state, interests=(*mine, held("tea", Source.PERSON), held("jazz", Source.PERSON)))
    assert proposed(full, [AddInterest(text="rowing")], WORDS) is None


def test_the_past_follows_the_texts() -> None:
    """As the past saw them: of a new one it knows nothing."""
    past = Moments(np.array([[4.0, 1.0], [1.0, 2.0]]), np.array([3.0, 1.5]), 5.0)
    state = UserState(interests=(held("jazz"), held("tea")), past=past, past_ms=1)
    edits = RewriteInterest(interest=interest_id("jazz"), text="old jazz"), AddInterest(text="chess")
    result = proposed(state, edits, WORDS)
    assert result is not None
    assert [one.text for one in result.interests] == ["tea", "old jazz", "chess"]
    assert result.past.target.tolist() == [1.5, 0.0, 0.0]
    assert result.past.gram.tolist() == [[2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert state.past is past


def test_a_weight_put_back_moves_its_interest_and_the_past_with_it() -> None:
    window = [Remembered(n, f"e{n}", f"news:tea-{n}", "click") for n in range(4)]  # type: ignore[arg-type]
    own = held("chess", Source.PERSON, held_weight=0.99)
    past = Moments(np.diag([1.0, 2.0]), np.array([0.5, 0.7]), 3.0)
    state = UserState(interests=(held("tea", Source.REFINEMENT), own), window=window, past=past)
    fit(state, KNOWN, FIT)
    texts = [one.text for one in state.interests]
    assert texts[0] == "chess"
    assert state.interests[0].weight == 0.99
    assert state.past.target[texts.index("chess")] == 0.7
    assert state.past.target[texts.index("tea")] == 0.5


def test_only_so_many_removed_texts_are_remembered_the_latest_and_all_that_are_avoided() -> None:
    avoided = held("tea", Source.PERSON)
    removed = ("tea", *(f"text {n}" for n in range(MAX_REMOVED - 1)))
    known = known_world()
    known.learn_phrases(removed[1:], {})
    state = UserState(interests=(held("jazz"),), avoid=(avoided,), removed=removed)
    after = edited(state, [RemoveInterest(interest=interest_id("jazz"))], known, FIT)
    assert len(after.removed) == MAX_REMOVED
    assert after.removed[0] == "tea"
    assert after.removed[-1] == "jazz"
    assert "text 0" not in after.removed


def test_only_so_many_dropped_texts_are_remembered_the_latest() -> None:
    state = UserState(interests=(held("jazz"),), dropped=tuple(f"text {n}" for n in range(MAX_DROPPED)))
    result = proposed(state, [RemoveInterest(interest=interest_id("jazz"))], WORDS)
    assert result is not None
    assert (len(result.dropped), result.dropped[-1]) == (MAX_DROPPED, "jazz")


def test_an_edit_works_on_a_copy() -> None:
    state = UserState(interests=(held("jazz"),), version=3)
    before = (state.interests, state.removed, state.avoid)
    edited(state, [RemoveInterest(interest=interest_id("jazz")), AvoidText(text="tea")], KNOWN, FIT)
    assert (state.interests, state.removed, state.avoid) == before


def test_what_is_removed_and_restored_in_one_command_is_as_if_nothing_had_been() -> None:
    state = UserState(interests=(held("jazz", Source.PERSON, held_weight=0.3),))
    one = interest_id("jazz")
    there_and_back = RemoveInterest(interest=one), RestoreInterest(interest=one)
    back = edited(state, there_and_back, KNOWN, FIT)
    assert [held.text for held in back.interests] == ["jazz"]
    gone = edited(state, [*there_and_back, AvoidText(text="jazz")], KNOWN, FIT)
    assert (gone.interests, [held.text for held in gone.avoid]) == ((), ["jazz"])


def test_the_texts_that_edits_bring_are_told_once_each() -> None:
    rewrite, pin = RewriteInterest(interest="0" * 12, text="c"), PinInterest(interest="0" * 12)
    edits: list[Edit] = [AddInterest(text="b"), AvoidText(text="a"), pin, AddInterest(text="b"), rewrite]
    assert texts_of(edits) == ("b", "a", "c")
