"""Algorithm 1: groups of what was liked, phrases that tell them, and the interactions kept behind each."""

import numpy as np
import pytest

from schemas.profile import MAX_INTERESTS
from schemas.proposal import Outcome
from tests.workers.refinement.town import item, words_of
from workers.refinement.asks import ClusterAsk, Described
from workers.refinement.bootstrap import (
    MAX_CANDIDATES,
    MAX_TITLES,
    Description,
    Group,
    ask_for,
    descriptions,
    grouped,
)
from workers.refinement.clusters import clusters
from workers.weights import Array

JAZZ = [item("old", "jazz", number) for number in range(4)]
CHESS = [item("new", "chess", number) for number in range(2)]
LIKED = [JAZZ[0], CHESS[0], JAZZ[1], JAZZ[2], CHESS[1], JAZZ[3]]
PHRASES = [one.phrases for one in LIKED]
WORDS = {phrase: words_of(phrase) for own in PHRASES for phrase in own}


def rows_of(items: list[object]) -> Array:
    return np.array([np.frombuffer(one.vector, "<f2") for one in items], np.float64)  # type: ignore[attr-defined]


ROWS = rows_of([*LIKED])


def test_what_belongs_together_is_one_group_the_heaviest_first() -> None:
    assert clusters(ROWS, np.ones(6)) == [(0, 2, 3, 5), (1, 4)]
    assert clusters(ROWS, np.array([1.0, 9, 1, 1, 9, 1])) == [(1, 4), (0, 2, 3, 5)]


def test_of_equal_groups_the_one_that_begins_first() -> None:
    assert clusters(np.eye(3), np.ones(3), apart=0.5) == [(0,), (1,), (2,)]


def test_groups_are_as_far_apart_as_asked_on_average() -> None:
    """Two at a cosine of 0.6, and one at a mean cosine of 0.4 to them."""
    rows = np.array([[1.0, 0, 0], [0.6, 0.8, 0], [0.5, 0.0, np.sqrt(0.75)]])
    rows[2] = [0.5, -0.0, np.sqrt(0.75)]
    mean = (0.5 + 0.3) / 2
    assert clusters(rows, np.ones(3), apart=1 - mean + 0.01) == [(0, 1, 2)]
    assert clusters(rows, np.ones(3), apart=1 - mean - 0.01) == [(0, 1), (2,)]


def test_no_more_groups_than_a_profile_holds_interests() -> None:
    rows = np.linalg.qr(np.random.default_rng(1).standard_normal((60, 60)))[0]
    assert len(clusters(rows, np.ones(60))) <= MAX_INTERESTS
    assert sorted(at for group in clusters(rows, np.ones(60)) for at in group) == list(range(60))


@pytest.mark.parametrize("count", [0, 1])
def test_few_interactions(count: int) -> None:
    assert clusters(ROWS[:count], np.ones(count)) == [(0,)][:count]


def test_the_same_item_twice_is_one_group() -> None:
    assert clusters(np.vstack([ROWS[0], ROWS[0]]), np.ones(2)) == [(0, 1)]


def test_each_group_is_told_by_phrases_of_its_own() -> None:
    jazz, chess = grouped(ROWS, np.ones(6), PHRASES, WORDS)
    assert (jazz.members, jazz.candidates) == ((0, 2, 3, 5), ("old jazz", "jazz"))
    assert (chess.members, chess.candidates) == ((1, 4), ("new chess", "chess"))


def test_a_phrase_that_few_of_the_group_have_comes_later() -> None:
    some = [("jazz", "old jazz"), *[("jazz",)] * 3]
    (group,) = grouped(rows_of([*JAZZ]), np.ones(4), some, WORDS)
    assert group.candidates == ("jazz", "old jazz")


def test_a_phrase_that_other_groups_have_too_comes_later() -> None:
    everywhere = [(*own, "things") for own in PHRASES]
    middle = ROWS[[0, 2, 3, 5]].mean(axis=0)
    near = (middle / np.linalg.norm(middle)).astype(np.float32)
    jazz, _ = grouped(ROWS, np.ones(6), everywhere, {**WORDS, "things": near})
    assert jazz.candidates[0] == "old jazz"
    assert set(jazz.candidates) == {"old jazz", "jazz", "things"}


def test_of_equal_phrases_the_first_by_the_alphabet_and_at_most_five() -> None:
    many = tuple(f"w{number}" for number in range(9, 0, -1))
    words = {text: words_of("old jazz") for text in many}
    (group,) = grouped(rows_of([*JAZZ]), np.ones(4), [many] * 4, words)
    assert group.candidates == ("w1", "w2", "w3", "w4", "w5")
    assert len(group.candidates) == MAX_CANDIDATES


def test_only_what_was_liked_is_grouped() -> None:
    groups = grouped(ROWS, np.array([1.0, -2.0, 1, 1, 1, 0.0]), PHRASES, WORDS)
    assert [group.members for group in groups] == [(0, 2, 3), (4,)]


def test_phrases_without_a_vector_name_nothing() -> None:
    jazz, chess = grouped(ROWS, np.ones(6), PHRASES, {"jazz": words_of("jazz")})
    assert (jazz.candidates, chess.candidates) == (("jazz",), ())


def test_spellings_that_differ_in_case_are_one_phrase() -> None:
    spelled = [("Jazz",), ("jazz",), ("JAZZ",), ("jazz",)]
    (group,) = grouped(
        rows_of([*JAZZ]), np.ones(4), spelled, {text: words_of("jazz") for text in ("Jazz", "jazz", "JAZZ")}
    )
    assert group.candidates == ("Jazz",)


def test_a_group_is_shown_by_its_latest_titles() -> None:
    groups = [Group(tuple(range(20)), ("a",)), Group((3,), ())]
    titles = [f"title {number}" for number in range(20)]
    ask = ask_for(groups, titles)
    assert ask.clusters == (tuple(titles[-MAX_TITLES:]), ("title 3",))
    assert ask.candidates == (("a",), ())


def test_each_description_keeps_its_interactions() -> None:
    groups = [Group((0, 2), ()), Group((1,), ()), Group((3,), ())]
    answer = Described(Outcome.OK, ("jazz", None, "tea"))
    assert descriptions(groups, answer) == (Description("jazz", (0, 2)), Description("tea", (3,)))
    assert descriptions(groups, Described(Outcome.FAILED)) == ()


def test_an_answer_to_another_question_is_refused() -> None:
    with pytest.raises(ValueError, match="2 groups were asked about and 1 described"):
        descriptions([Group((0,), ()), Group((1,), ())], Described(Outcome.OK, ("jazz",)))


def test_an_ask_has_candidates_for_each_group() -> None:
    with pytest.raises(ValueError, match="candidates of each cluster"):
        ClusterAsk((("a",),), ())
