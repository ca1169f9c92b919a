"""What the two scores must do, whatever the numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workers.scoring import SHARPNESS, Floats, Scoring, contributions, linear, mixture, score

KINDS: list[Scoring] = ["linear", "mixture"]
every_kind = pytest.mark.parametrize("kind", KINDS)
cosines = st.floats(-1, 1, width=32).map(float)
weights_of = st.floats(-1, 1, width=32).map(float)


@st.composite
def profiles(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    """Similarities (n, m), weights (m,), avoid (n, a), of at least one positive interest."""
    n, m, a = draw(st.integers(1, 6)), draw(st.integers(1, 5)), draw(st.integers(0, 3))
    weights = draw(arrays(np.float64, m, elements=weights_of))
    weights[0] = draw(st.floats(0.01, 1))
    return (
        draw(arrays(np.float64, (n, m), elements=cosines)),
        weights,
        draw(arrays(np.float64, (n, a), elements=cosines)),
    )


NONE = np.zeros((1, 0))


def one(*values: float) -> Floats:
    return np.array([values])


def test_linear_is_the_weighted_sum() -> None:
    assert linear(np.array([[1.0, 0.5], [0.0, -1.0]]), np.array([0.6, -0.2])) == pytest.approx([0.5, 0.2])


def test_mixture_of_one_interest_is_its_cosine() -> None:
    assert mixture(one(0.42), np.array([0.3]), NONE) == pytest.approx([0.42])


def test_mixture_follows_the_nearest_interest_more_than_the_mean() -> None:
    expected = math.log((math.exp(0.8 * SHARPNESS) + math.exp(0)) / 2) / SHARPNESS
    near_one, between = mixture(one(0.8, 0.0), np.array([0.5, 0.5]), NONE), mixture(one(0.4, 0.4), np.ones(2), NONE)
    assert near_one == pytest.approx([expected])
    assert near_one > between


def test_an_avoided_text_alone_takes_off_its_cosine() -> None:
    assert mixture(one(0.5), np.array([1.0]), one(0.3)) == pytest.approx([0.2])


@every_kind
def test_to_be_unlike_what_is_avoided_earns_nothing(kind: Scoring) -> None:
    with_avoid = score(kind, one(0.5), np.array([0.7]), one(-0.9))
    assert with_avoid == pytest.approx(score(kind, one(0.5), np.array([0.7]), NONE))


@every_kind
@given(profiles(), st.integers(0, 5), st.floats(0.01, 0.5))
def test_more_like_a_positive_interest_scores_higher(
    kind: Scoring, profile: tuple[Floats, Floats, Floats], row: int, step: float
) -> None:
    similarities, weights, avoid = profile
    row %= len(similarities)
    nearer = similarities.copy()
    nearer[row, 0] += step
    assert score(kind, nearer, weights, avoid)[row] > score(kind, similarities, weights, avoid)[row]


@every_kind
@given(profiles(), st.floats(0.01, 0.5))
def test_more_like_a_negative_interest_scores_lower(
    kind: Scoring, profile: tuple[Floats, Floats, Floats], step: float
) -> None:
    similarities, weights, avoid = profile
    weights, more = np.append(weights, -0.5), np.full((len(similarities), 1), 0.1)
    near = score(kind, np.hstack([similarities, more + step]), weights, avoid)
    assert (near < score(kind, np.hstack([similarities, more]), weights, avoid)).all()


@every_kind
@given(profiles(), st.floats(0.05, 1))
def test_avoid_lowers(kind: Scoring, profile: tuple[Floats, Floats, Floats], cosine: float) -> None:
    similarities, weights, _ = profile
    marked = np.full((len(similarities), 1), cosine)
    free = np.zeros((len(similarities), 0))
    assert (score(kind, similarities, weights, marked) < score(kind, similarities, weights, free)).all()


@every_kind
@given(profiles(), st.floats(0.01, 100))
def test_the_order_does_not_depend_on_the_scale_of_weights(
    kind: Scoring, profile: tuple[Floats, Floats, Floats], factor: float
) -> None:
    similarities, weights, avoid = profile
    scale = factor if kind == "linear" else 1
    assert score(kind, similarities, factor * weights, avoid) == pytest.approx(
        scale * score(kind, similarities, weights, avoid), abs=1e-9
    )


@every_kind
@given(profiles(), st.randoms())
def test_the_order_of_interests_is_irrelevant(
    kind: Scoring, profile: tuple[Floats, Floats, Floats], random: "np.random.Generator"
) -> None:
    similarities, weights, avoid = profile
    order = list(range(len(weights)))
    random.shuffle(order)
    shuffled = score(kind, similarities[:, order], weights[order], avoid[:, ::-1])
    assert shuffled == pytest.approx(score(kind, similarities, weights, avoid), abs=1e-9)


@every_kind
@given(arrays(np.float64, 6, elements=cosines, unique=True))
def test_a_profile_of_dislikes_ranks_the_least_similar_first(kind: Scoring, column: Floats) -> None:
    scores = score(kind, column[:, None], np.array([-0.4]), np.zeros((6, 0)))
    assert scores[np.argsort(column)].tolist() == sorted(scores, reverse=True)


def test_items_unlike_every_dislike_lose_nothing() -> None:
    profile = np.array([0.5, -0.2, -0.3])
    assert mixture(one(0.4, 0.0, 0.0), profile, NONE) == pytest.approx(mixture(one(0.4), np.array([0.5]), NONE))


@every_kind
def test_weights_of_zero_say_nothing(kind: Scoring) -> None:
    assert score(kind, one(0.9, 0.1), np.zeros(2), NONE) == pytest.approx([0.0])
    assert score(kind, np.zeros((1, 0)), np.zeros(0), NONE) == pytest.approx([0.0])


@every_kind
@given(profiles())
def test_float32_agrees_with_float64(kind: Scoring, profile: tuple[Floats, Floats, Floats]) -> None:
    similarities, weights, avoid = profile
    narrow = score(kind, similarities.astype(np.float32), weights, avoid.astype(np.float32))
    assert narrow.dtype == np.float32
    assert narrow == pytest.approx(score(kind, similarities, weights, avoid), abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "brought"),
    [("linear", [0, 1, 0]), ("mixture", [1, 1, 0])],
)
def test_contributions_name_the_interest_that_brought_an_item(kind: Scoring, brought: list[int]) -> None:
    """Rows: a heavy interest moderately near; a light one very near; one near and a dislike nearer."""
    similarities = np.array([[0.5, 0.8, 0.0], [0.1, 0.9, 0.0], [0.3, -0.5, 0.9]])
    by = contributions(kind, similarities, np.array([0.6, 0.2, -0.2])).argmax(axis=1)
    assert by.tolist() == brought
