"""Feedback: the four kinds, the worst errors first, and contributions that add up."""

from dataclasses import replace

import numpy as np
import pytest

from schemas.interaction import Signal
from tests.workers.refinement.asking import numbers_of, place_of
from tests.workers.refinement.town import Town, deeds, held_interest
from workers.refinement.asks import MAX_CONTRIBUTIONS, MAX_JUDGED, Feedback, Numeric
from workers.refinement.feedback import Named, calibrated, feedback
from workers.scoring import Scoring


def numeric_of(*texts: str, scoring: Scoring = "mixture") -> Numeric:
    did = [
        *deeds("old", "jazz", range(6), held=[0]),
        *deeds("new", "chess", range(3)),
        *deeds("rare", "tea", range(3), Signal.DISLIKE),
    ]
    numeric = numbers_of(Town(did, scoring=scoring).world())
    return replace(numeric, current=tuple(place_of(numeric, *texts)))


def told(numeric: Numeric) -> Feedback:
    n, all_of_them = len(numeric.evidence), numeric.words_seen.shape[1]
    names = [Named(f"item {number}", None) for number in range(all_of_them)]
    return feedback(numeric, names[:n], names[n:])


def titles(numeric: Numeric, signed: float) -> set[str]:
    return {f"item {number}" for number, evidence in enumerate(numeric.evidence) if evidence * signed > 0}


def test_each_item_is_told_as_what_it_is() -> None:
    numeric = numeric_of("old jazz")
    found = told(numeric)
    assert all(one.liked and one.score > 0.5 for one in found.true_positives)
    assert all(not one.liked and one.score > 0.5 for one in found.false_positives)
    assert all(not one.liked and one.score <= 0.5 for one in found.true_negatives)
    assert all(one.liked and one.score <= 0.5 for one in found.false_negatives)
    assert {one.title for one in (*found.true_positives, *found.false_negatives)} == titles(numeric, 1)


def test_what_the_profile_lacks_is_a_false_negative() -> None:
    """Five of old jazz were liked and three of chess; the profile says jazz only."""
    assert len(told(numeric_of("old jazz", "rare tea")).false_negatives) == 3
    assert not told(numeric_of("old jazz", "rare tea", "new chess")).false_negatives


def test_a_dislike_that_the_profile_speaks_for_is_a_false_positive() -> None:
    numeric = numeric_of("old jazz", "rare tea")
    weights = np.full(len(numeric.texts), np.nan)
    weights[place_of(numeric, "rare tea")] = 0.9
    found = told(replace(numeric, held_weights=weights))
    assert {one.title for one in found.false_positives} > titles(numeric, -1)
    assert found.false_positives[0].contributions[0][0] == "rare tea"
    assert found.false_positives[0].contributions[0][1] > 0


def test_errors_from_the_worst_and_hits_from_the_surest() -> None:
    found = told(numeric_of("old jazz"))
    for falling in (found.true_positives, found.false_positives):
        assert [one.score for one in falling] == sorted([one.score for one in falling], reverse=True)
    for rising in (found.true_negatives, found.false_negatives):
        assert [one.score for one in rising] == sorted(one.score for one in rising)


def test_at_most_eight_of_each() -> None:
    found = told(numeric_of("old jazz"))
    assert len(found.true_negatives) == MAX_JUDGED
    assert len(list(found.all())) <= 4 * MAX_JUDGED


@pytest.mark.parametrize("scoring", ["linear", "mixture"])
def test_contributions_are_shares_of_what_speaks_for_and_against(scoring: Scoring) -> None:
    for one in told(numeric_of("old jazz", "new chess", "rare tea", "tea", scoring=scoring)).all():
        sizes = [abs(share) for _, share in one.contributions]
        assert len(sizes) == MAX_CONTRIBUTIONS
        assert sizes == sorted(sizes, reverse=True)
        assert sum(sizes) <= 1.002  # each rounded to three digits


def test_half_way_between_the_means_is_one_half() -> None:
    chances = calibrated(np.array([1.0, 3.0, 2.0, 0.0, 0.0]), np.array([True, True, False, False, False]))
    middle = (2.0 + 2 / 3) / 2
    spread = np.std([1.0, 3.0, 2.0, 0.0, 0.0])
    np.testing.assert_allclose(chances[0], 1 / (1 + np.exp(-(1 - middle) / spread)))
    assert calibrated(np.array([0.0, 1.0, 2.0]), np.array([False, True, True]))[1] > 0.5


def test_equal_scores_are_no_word_about_anything() -> None:
    assert calibrated(np.ones(3), np.array([True, False, False])).tolist() == [0.5] * 3


def test_one_side_alone_is_held_against_its_own_mean() -> None:
    assert calibrated(np.array([1.0, 2.0, 3.0]), np.ones(3, bool))[1] == 0.5


def test_nothing_to_say_without_interests_or_evidence() -> None:
    numeric = numeric_of("old jazz")
    assert told(replace(numeric, current=())) == Feedback()
    assert told(replace(numeric, evidence=np.zeros_like(numeric.evidence))) == Feedback()


def test_an_interest_does_not_vouch_for_the_item_it_was_sharpened_by() -> None:
    """One chess item among jazz: sharpened by it, "jazz" would score it better than words alone can."""
    did = [*deeds("old", "jazz", range(3)), *deeds("new", "chess", [1]), *deeds("old", "jazz", [9], held=[9])]
    world = Town(did, settled=[held_interest("jazz")]).world()
    numeric = numbers_of(world)
    numeric = replace(numeric, current=tuple(place_of(numeric, "jazz")))
    found = feedback(numeric, *_named(numeric))
    assert [one.title for one in found.false_negatives] == ["item 3"]


def _named(numeric: Numeric) -> tuple[list[Named], list[Named]]:
    names = [Named(f"item {number}", None) for number in range(numeric.words_seen.shape[1])]
    return names[: len(numeric.evidence)], names[len(numeric.evidence) :]
