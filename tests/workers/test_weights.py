"""The two estimators against direct least-squares solves, and the sums that stand for all the past."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workers.signals import fade
from workers.weights import RIDGE, Array, Moments, paper_weights, squashed, streaming_weights

PROPERTY = settings(max_examples=60, deadline=None)
CLOSE = 1e-8
HALF_LIFE = 30.0


def cosines(*shape: int) -> st.SearchStrategy[Array]:
    return arrays(np.float64, shape, elements=st.floats(-1, 1, width=16))


@st.composite
def evidence(draw: st.DrawFn, most: int = 12) -> tuple[Array, Array]:
    """Similarities (n, m) and signed evidence (n,)."""
    n, m = draw(st.integers(1, most)), draw(st.integers(1, 5))
    signed = arrays(np.float64, n, elements=st.sampled_from([1.0, 2.0, -2.0, -0.5, -0.1]))
    return draw(cosines(n, m)), draw(signed)


def least_squares(rows: list[Array], targets: list[Any]) -> Array:
    solution: Array = np.linalg.lstsq(np.vstack(rows), np.concatenate(targets), rcond=None)[0]
    return solution


def direct(similarities: Array, signed: Array, background: Array, prior: Array) -> Array:
    """The system that the streaming estimator stands for, row by row: each interaction with its strength, the
    background as items that were passed over (with as much mass as all of the evidence), the ridge as one row an
    interest. `background` (k, m): similarities of the background's directions."""
    strength = np.sqrt(np.abs(signed))
    mass = np.abs(signed).sum()
    return least_squares(
        [strength[:, None] * similarities, np.sqrt(mass) * background, np.sqrt(RIDGE) * np.eye(len(prior))],
        [strength * np.sign(signed), np.zeros(len(background)), np.sqrt(RIDGE) * prior],
    )


@PROPERTY
@given(evidence(), st.data())
def test_streaming_weights_equal_a_direct_solve(given_evidence: tuple[Array, Array], data: st.DataObject) -> None:
    similarities, signed = given_evidence
    m = similarities.shape[1]
    background, prior = data.draw(cosines(3, m)), data.draw(cosines(m))
    weights = streaming_weights(Moments.of(similarities, signed), background.T @ background, prior)
    np.testing.assert_allclose(weights, direct(similarities, signed, background, prior), rtol=0, atol=CLOSE)


@PROPERTY
@given(st.data())
def test_paper_weights_equal_the_normal_equations_where_these_are_regular(data: st.DataObject) -> None:
    m = data.draw(st.integers(1, 4))
    n = data.draw(st.integers(m, 10))
    similarities = data.draw(cosines(n, m))
    clicked = data.draw(arrays(np.float64, n, elements=st.sampled_from([0.0, 1.0])))
    assume(np.linalg.cond(similarities) < 1e3)
    expected = np.linalg.solve(similarities.T @ similarities, similarities.T @ clicked)
    assume(abs(expected.sum()) > 1e-3)
    np.testing.assert_allclose(paper_weights(similarities, clicked), expected / expected.sum(), rtol=0, atol=CLOSE)


def test_paper_weights_with_fewer_items_than_interests_are_the_shortest_solution() -> None:
    weights = paper_weights(np.array([[1.0, 1.0, 0.0]]), np.array([1.0]))
    np.testing.assert_allclose(weights, [0.5, 0.5, 0.0], atol=CLOSE)


@pytest.mark.parametrize("similarities", [np.array([[1.0, -1.0]]), np.zeros((0, 2))])
def test_paper_weights_that_sum_to_nothing_are_equal(similarities: Array) -> None:
    weights = paper_weights(similarities, np.ones(len(similarities)))
    np.testing.assert_allclose(weights, [0.5, 0.5])


@PROPERTY
@given(evidence(), st.data())
def test_the_sums_of_the_past_and_the_window_equal_all_events_at_once(
    given_evidence: tuple[Array, Array], data: st.DataObject
) -> None:
    """Events leave the window one by one, each time a while after the last; what has left fades on from there."""
    similarities, signals = given_evidence
    n, m = similarities.shape
    ages = data.draw(arrays(np.float64, n, elements=st.integers(0, 90 * 86_400_000).map(float)))
    left = data.draw(st.integers(0, n))
    times = np.sort(-ages)
    past, past_time = Moments.zero(m), float(times[0])
    for row, signal, time in zip(similarities[:left], signals[:left], times[:left], strict=True):
        past = past.faded(fade(time - past_time, HALF_LIFE)) + Moments.of(row[None, :], np.array([signal]))
        past_time = float(time)
    faded = signals * fade(times[-1] - times, HALF_LIFE)
    total = past.faded(fade(times[-1] - past_time, HALF_LIFE)) + Moments.of(similarities[left:], faded[left:])
    background, prior = data.draw(cosines(2, m)), data.draw(cosines(m))
    weights = streaming_weights(total, background.T @ background, prior)
    np.testing.assert_allclose(weights, direct(similarities, faded, background, prior), rtol=0, atol=CLOSE)


@PROPERTY
@given(evidence(), st.randoms(use_true_random=False))
def test_the_past_follows_its_interests_when_they_are_reordered(
    given_evidence: tuple[Array, Array], random: Any
) -> None:
    similarities, signed = given_evidence
    order = list(range(similarities.shape[1]))
    random.shuffle(order)
    moved = Moments.of(similarities, signed).select(order)
    expected = Moments.of(similarities[:, order], signed)
    np.testing.assert_allclose(moved.gram, expected.gram, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(moved.target, expected.target, rtol=0, atol=CLOSE)
    assert moved.mass == expected.mass


@PROPERTY
@given(evidence(), st.data())
def test_an_interest_that_the_past_does_not_know_counts_as_dissimilar_to_it(
    given_evidence: tuple[Array, Array], data: st.DataObject
) -> None:
    similarities, signed = given_evidence
    m = similarities.shape[1]
    positions = data.draw(st.lists(st.one_of(st.none(), st.integers(0, m - 1)), min_size=1, max_size=6, unique=True))
    seen = np.column_stack([np.zeros(len(signed)) if at is None else similarities[:, at] for at in positions])
    chosen, expected = Moments.of(similarities, signed).select(positions), Moments.of(seen, signed)
    np.testing.assert_allclose(chosen.gram, expected.gram, rtol=0, atol=CLOSE)
    np.testing.assert_allclose(chosen.target, expected.target, rtol=0, atol=CLOSE)


def test_no_interests_left_of_a_past() -> None:
    past = Moments.of(np.ones((2, 3)), np.ones(2)).select([])
    assert past.gram.shape == (0, 0)
    assert past.target.shape == (0,)


def test_background_pulls_down_what_everybody_is_similar_to() -> None:
    seen = Moments.of(np.array([[0.4, 0.4]] * 20), np.ones(20))
    common, rare = streaming_weights(seen, np.diag([0.3, 0.01]), np.zeros(2))
    assert common < rare


def test_without_evidence_the_prior_is_what_there_is() -> None:
    prior = np.array([0.3, -0.2])
    np.testing.assert_allclose(streaming_weights(Moments.zero(2), np.eye(2), prior), prior, atol=CLOSE)


@PROPERTY
@given(arrays(np.float64, 6, elements=st.floats(-1e6, 1e6)))
def test_squashing_keeps_order_and_signs_within_one(weights: Array) -> None:
    result = squashed(weights)
    assert (np.abs(result) < 1).all()
    assert (np.sign(result) == np.sign(weights)).all()
    assert (np.diff(result[np.argsort(weights)]) >= 0).all()
