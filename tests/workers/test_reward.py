"""The reward against its definitions: every pair counted, every order of equal scores tried."""

from itertools import pairwise, permutations
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.reward import Reward, held_out, reward

PROPERTY = settings(max_examples=60, deadline=None)

FEW_LEVELS = st.lists(st.integers(0, 3).map(float), min_size=1, max_size=3)
SCORES = st.lists(st.floats(-10, 10, width=16), min_size=1, max_size=30)


def auroc_by_pairs(liked: list[float], others: list[float]) -> float:
    pairs = [(up > down) + 0.5 * (up == down) for up in liked for down in others]
    return sum(pairs) / len(pairs)


def ndcg_of_order(hits: list[bool]) -> float:
    gain = sum(1 / log2(place + 2) for place, hit in enumerate(hits[:5]) if hit)
    return gain / sum(1 / log2(place + 2) for place in range(min(5, sum(hits))))


def ndcg_over_all_orders(liked: list[float], others: list[float]) -> float:
    """Mean over every way in which items of one score may stand."""
    items = [(score, True) for score in liked] + [(score, False) for score in others]
    orders = [order for order in permutations(items) if all(a[0] >= b[0] for a, b in pairwise(order))]
    return sum(ndcg_of_order([hit for _, hit in order]) for order in orders) / len(orders)


@PROPERTY
@given(SCORES, SCORES)
def test_auroc_is_the_share_of_pairs_in_the_right_order(liked: list[float], others: list[float]) -> None:
    assert reward(liked, others).auroc == pytest.approx(auroc_by_pairs(liked, others), abs=1e-12)


@PROPERTY
@given(FEW_LEVELS, FEW_LEVELS)
def test_ndcg_is_the_mean_over_all_orders_of_equal_scores(liked: list[float], others: list[float]) -> None:
    assert reward(liked, others).ndcg5 == pytest.approx(ndcg_over_all_orders(liked, others), abs=1e-12)


def test_ndcg_looks_at_five_places_of_many_with_equal_scores() -> None:
    """Two liked among forty of one score: each place holds one of them with a chance of 1 in 20."""
    chance = sum(1 / log2(place + 2) for place in range(5)) / 20
    assert reward([1.0, 1.0], [1.0] * 38).ndcg5 == pytest.approx(chance / (1 + 1 / log2(3)))


def test_the_sixth_place_earns_nothing() -> None:
    assert reward([0.0], [5.0, 4.0, 3.0, 2.0, 1.0]).ndcg5 == 0.0
    assert reward([0.0], [5.0, 4.0, 3.0, 2.0]).ndcg5 == pytest.approx(1 / log2(6))


def test_the_ideal_list_holds_no_more_than_five() -> None:
    assert reward(np.arange(10, 17), [0.0, 1.0]) == Reward(1.0, 1.0)


def test_the_value_is_the_mean_of_both() -> None:
    assert Reward(0.8, 0.4).value == pytest.approx(0.6)


def test_a_profile_that_says_nothing_gets_what_chance_gets() -> None:
    assert reward([0.0] * 4, [0.0] * 60).auroc == 0.5


@PROPERTY
@given(SCORES, SCORES)
def test_neither_the_order_of_items_nor_the_scale_of_scores_counts(liked: list[float], others: list[float]) -> None:
    stretched = [[3 * score + 7 for score in reversed(side)] for side in (liked, others)]
    assert reward(*stretched) == reward(liked, others)


@pytest.mark.parametrize(
    ("liked", "others"), [([], [1.0]), ([1.0], []), ([float("nan")], [1.0]), ([1.0], [float("nan")])]
)
def test_one_side_alone_or_no_number_is_refused(liked: list[float], others: list[float]) -> None:
    with pytest.raises(ValueError, match=r"needs liked items and others|not a number"):
        reward(liked, others)


def test_a_fifth_is_held_out() -> None:
    assert sum(held_out(f"event-{number}") for number in range(10_000)) == pytest.approx(2_000, abs=120)


def test_which_ones_never_changes() -> None:
    """Proposals are judged by another process than the one that searched, perhaps another release."""
    assert [number for number in range(40) if held_out(f"e{number}")] == [1, 6, 7, 8, 16, 19, 33]
