import itertools
import random

import numpy as np
import pytest

from workers.evaluation.metrics import Ranking, auc, judge, mrr, ndcg


def of(scores: list[float], liked: list[int]) -> Ranking:
    return Ranking.of(scores, liked)


def test_a_perfect_list_has_one_everywhere_and_the_worst_has_no_auc() -> None:
    assert judge([3, 2, 1, 0], [1, 1, 0, 0]) == pytest.approx((1.0, 0.75, 1.0, 1.0))  # mrr: the mean of 1 and 1/2
    assert auc(of([0, 1, 2], [1, 0, 0])) == 0.0
    assert mrr(of([0, 1, 2], [1, 0, 0])) == pytest.approx(1 / 3)


def test_ndcg_discounts_by_place_and_is_over_the_best_there_could_be() -> None:
    ranking = of([4, 3, 2, 1], [0, 1, 0, 1])
    best = 1 + 1 / np.log2(3)
    assert ndcg(ranking, 4) == pytest.approx((1 / np.log2(3) + 1 / np.log2(5)) / best)
    assert ndcg(ranking, 2) == pytest.approx((1 / np.log2(3)) / best)
    assert ndcg(ranking, 1) == 0.0
    assert ndcg(ranking, 100) == ndcg(ranking, 4)


@pytest.mark.parametrize("seed", range(6))
def test_equal_scores_count_as_the_mean_over_all_their_orders(seed: int) -> None:
    rng = random.Random(seed)
    scores = [rng.choice([0.1, 0.2, 0.3]) for _ in range(6)]
    liked = [1, 0, *(rng.randint(0, 1) for _ in range(4))]
    orders = [judge(broken(scores, order), liked, (2, 5)) for order in itertools.permutations(range(6))]
    assert judge(scores, liked, (2, 5)) == pytest.approx(np.mean(orders, axis=0))


def broken(scores: list[float], order: tuple[int, ...]) -> list[float]:
    """Ties broken by the order."""
    return [score - place * 1e-6 for score, place in zip(scores, order, strict=True)]


def test_a_ranker_that_says_nothing_gets_what_chance_gets() -> None:
    assert auc(of([0, 0, 0, 0], [0, 0, 0, 1])) == 0.5
    assert ndcg(of([0, 0, 0, 0], [0, 0, 0, 1]), 1) == 0.25


@pytest.mark.parametrize("liked", [[0, 0], [1, 1]])
def test_a_list_of_one_kind_cannot_be_judged(liked: list[int]) -> None:
    with pytest.raises(ValueError, match="liked items and others"):
        of([1, 2], liked)


def test_scores_that_are_no_numbers_and_missing_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        of([1, float("nan")], [0, 1])
    with pytest.raises(ValueError, match="one label for each"):
        of([1, 2, 3], [0, 1])
