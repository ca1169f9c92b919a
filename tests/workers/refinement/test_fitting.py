"""The quick fit against the agent's own re-fit, and against vectors that are really made without an interaction."""

from dataclasses import replace

import numpy as np
import pytest

from schemas.interaction import Signal
from schemas.profile import Source
from tests.workers.refinement.town import FIT, Town, deeds, held_interest
from workers.refinement.asks import Numeric
from workers.refinement.candidate import Candidate
from workers.refinement.fitting import fit, objective, scores
from workers.refinement.judging import Judging, Trial
from workers.refinement.numbers import Numbers
from workers.scoring import Scoring
from workers.sharing import BELONGS, shares, sharpened
from workers.state import vectors_of

DID = [
    *deeds("old", "jazz", range(6), held=[1]),
    *deeds("new", "chess", range(4)),
    *deeds("rare", "tea", range(3), Signal.DISLIKE),
    *deeds("odd", "rowing", range(2), Signal.LIKE),
]
ROUNDING = 2e-3
"""Vectors of the re-fit are float16, with errors of up to 2^-12 a component."""


def asked(town: Town) -> tuple[Judging, Trial, Numeric]:
    judging = Judging(town.world())
    trial = judging.trial(Candidate())
    assert trial is not None
    return judging, trial, Numbers(judging).of(trial)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_it_gives_the_vectors_and_weights_of_a_re_fit(share: float) -> None:
    judging, trial, numeric = asked(Town(DID, rules=replace(FIT, sharpen=share)))
    fitted = fit(numeric, list(numeric.current))
    rows = judging.rows([entry.item for entry in judging.training])
    vectors = vectors_of(trial.profile.interests).astype(np.float64)
    np.testing.assert_allclose(fitted.own, rows @ vectors.T, atol=ROUNDING)
    np.testing.assert_allclose(fitted.weights, [one.weight for one in trial.profile.interests], atol=ROUNDING)
    others = judging.rows(judging.world.others)
    np.testing.assert_allclose(fitted.seen[len(rows) :], others @ vectors.T, atol=ROUNDING)


def test_what_a_person_wrote_keeps_its_words_and_what_they_set_its_weight() -> None:
    own = [held_interest("jazz", Source.PERSON, held_weight=0.9), held_interest("chess", Source.IMPORT)]
    judging, trial, numeric = asked(Town(DID, settled=own))
    fitted = fit(numeric, list(numeric.current))
    place = [one.text for one in trial.profile.interests].index("jazz")
    assert fitted.weights[place] == 0.9
    rows = judging.rows([entry.item for entry in judging.training])
    np.testing.assert_allclose(fitted.own[:, place], rows @ judging.words["jazz"], atol=1e-6)
    np.testing.assert_allclose(fitted.weights, [one.weight for one in trial.profile.interests], atol=ROUNDING)


def test_an_interaction_meets_vectors_that_it_did_not_help_to_make() -> None:
    judging, trial, numeric = asked(Town(DID))
    fitted = fit(numeric, list(numeric.current))
    rows = judging.rows([entry.item for entry in judging.training])
    words = np.array([judging.words[one.text] for one in trial.profile.interests], np.float64)
    strengths = shares(rows @ words.T, BELONGS) * np.abs(numeric.evidence)
    for position, row in enumerate(rows):
        without = strengths.copy()
        without[:, position] = 0
        np.testing.assert_allclose(fitted.seen[position], sharpened(words, without, rows, 0.5) @ row, atol=ROUNDING)


def test_a_text_with_no_other_interaction_behind_it_is_met_by_its_words() -> None:
    judging, _, numeric = asked(Town(deeds("old", "jazz", range(2), held=[1])))
    fitted = fit(numeric, list(numeric.current))
    assert len(judging.training) == 1
    np.testing.assert_allclose(fitted.seen[0], numeric.words_seen[list(numeric.current), 0], atol=1e-6)


@pytest.mark.parametrize("scoring", ["linear", "mixture"])
def test_the_objective_knows_a_better_profile(scoring: Scoring) -> None:
    _, _, numeric = asked(
        Town(deeds("old", "jazz", range(6)) + deeds("new", "chess", range(3), held=[0]), scoring=scoring)
    )
    place = {text: at for at, text in enumerate(numeric.texts)}
    both, one = ([place[text] for text in texts] for texts in (["old jazz", "new chess"], ["new chess"]))
    assert objective(numeric, fit(numeric, one)) < objective(numeric, fit(numeric, both)) <= 0


def test_the_objective_holds_a_dislike_against_what_speaks_for_it() -> None:
    """Of two profiles that both tell what is liked, the one that knows the dislike is better by that alone."""
    liked = deeds("old", "jazz", range(6))
    _, _, numeric = asked(
        Town([*liked, *deeds("new", "jazz", range(3), Signal.DISLIKE), *deeds("old", "tea", [1], held=[1])])
    )
    place = {text: at for at, text in enumerate(numeric.texts)}
    told, untold = (fit(numeric, [place[text] for text in texts]) for texts in (["old jazz", "new jazz"], ["jazz"]))
    assert objective(numeric, told) > objective(numeric, untold)
    without = replace(numeric, evidence=np.maximum(numeric.evidence, 0))
    assert objective(without, untold) > objective(numeric, untold)


def test_without_anything_liked_there_is_no_objective() -> None:
    _, _, numeric = asked(Town(deeds("old", "jazz", range(3), Signal.DISLIKE) + deeds("old", "tea", [1], held=[1])))
    assert objective(numeric, fit(numeric, list(numeric.current))) == 0


@pytest.mark.parametrize("scoring", ["linear", "mixture"])
def test_what_is_avoided_counts(scoring: Scoring) -> None:
    town = Town(DID, avoid=[held_interest("old jazz", Source.PERSON, -1.0)], scoring=scoring)
    _, _, numeric = asked(town)
    fitted = fit(numeric, list(numeric.current))
    careless = replace(numeric, avoid_seen=numeric.avoid_seen[:, :0])
    jazz = numeric.avoid_seen[:, 0] > 0.5
    assert (scores(numeric, fitted)[jazz] < scores(careless, fitted)[jazz]).all()


def test_linear_scores_are_on_the_scale_of_a_cosine_whatever_the_weights() -> None:
    _, _, numeric = asked(Town(DID, scoring="linear"))
    fitted = fit(numeric, list(numeric.current))
    told = scores(numeric, fitted)
    assert np.abs(told).max() <= 1
    np.testing.assert_allclose(scores(numeric, fitted._replace(weights=fitted.weights * 0.1)), told, atol=1e-12)
