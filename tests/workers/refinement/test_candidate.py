"""Candidates as corrections of a profile, and what the agent makes of their edits."""

import pytest

from schemas.command import AddInterest, RemoveInterest, RewriteInterest
from schemas.profile import Source
from tests.workers.refinement.town import Town, deeds, held_interest, words_of
from workers.editing import proposed
from workers.refinement.candidate import Candidate
from workers.refit import interest_id

BASE = (held_interest("jazz", Source.BOOTSTRAP), held_interest("tea"))


def remove(text: str) -> RemoveInterest:
    return RemoveInterest(interest=interest_id(text))


def test_edits_remove_what_is_there_and_add_what_is_new() -> None:
    candidate = Candidate(added=("old jazz",), dropped=("jazz",))
    assert candidate.edits(BASE) == (remove("jazz"), AddInterest(text="old jazz"))


def test_what_is_not_in_the_profile_is_dropped_by_adding_and_removing_it() -> None:
    assert Candidate(dropped=("chess",)).edits(BASE) == (AddInterest(text="chess"), remove("chess"))


def test_the_agent_then_has_the_texts_settled_and_dropped() -> None:
    state = Town(deeds("old", "jazz", range(3)), settled=[held_interest("tea")]).state()
    candidate = Candidate(added=("old jazz",), dropped=("tea", "chess"))
    words = {text: words_of(text) for text in ("old jazz", "chess")}
    result = proposed(state, candidate.edits(state.interests), words)
    assert result is not None
    assert [(one.text, one.source) for one in result.interests] == [("old jazz", Source.REFINEMENT)]
    assert result.dropped == ("tea", "chess")


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ((AddInterest(text="chess"),), Candidate(("old tea", "chess"), ("rowing",))),
        ((remove("old tea"),), Candidate((), ("rowing", "old tea"))),
        ((remove("jazz"),), Candidate(("old tea",), ("rowing", "jazz"))),
        (
            (RewriteInterest(interest=interest_id("jazz"), text="old jazz"),),
            Candidate(("old tea", "old jazz"), ("rowing", "jazz")),
        ),
        ((AddInterest(text="Rowing"),), Candidate(("old tea", "Rowing"), ())),
        ((remove("jazz"), AddInterest(text="jazz")), Candidate(("old tea", "jazz"), ("rowing",))),
    ],
)
def test_edits_of_a_candidate(edits: tuple[AddInterest], expected: Candidate) -> None:
    profile = (held_interest("jazz"), held_interest("old tea"))
    assert Candidate(("old tea",), ("rowing",)).edited(edits, profile) == expected


def test_a_candidate_is_the_same_whatever_the_order_and_the_case() -> None:
    assert Candidate(("a", "b"), ("c",)).key == Candidate(("B", "a"), ("C",)).key
    assert Candidate(("a",)).key != Candidate((), ("a",)).key
