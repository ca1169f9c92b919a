"""How well scores rank the liked items of one list before the others.

Equal scores are in no order: every figure is its mean over all orders of the equal ones. So a profile that says nothing
gets what chance gets, and the order in which a file names its candidates never helps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranking:
    """One list by its levels of equal score, the best first: `hits` of `sizes` items of a level are liked."""

    hits: Array
    sizes: Array

    @classmethod
    def of(cls, scores: ArrayLike, liked: ArrayLike) -> Self:
        """`scores` (n,), higher is better; `liked` (n,) true or false. Raises `ValueError` where nothing or everything
        is liked, or a score is not a number: such a list cannot be judged."""
        values, likes = np.asarray(scores, np.float64).ravel(), np.asarray(liked, bool).ravel()
        if len(values) != len(likes):
            raise ValueError(f"needs one label for each of {len(values)} scores, not {len(likes)}")
        if likes.all() or not likes.any():
            raise ValueError(f"a list needs liked items and others: {likes.sum()} of {len(likes)} are liked")
        if np.isnan(values).any():
            raise ValueError("a score is not a number: check the vectors that it was made from")
        levels, level = np.unique(-values, return_inverse=True)
        hits = np.bincount(level[likes], minlength=len(levels)).astype(np.float64)
        return cls(hits, np.bincount(level, minlength=len(levels)).astype(np.float64))


def auc(ranking: Ranking) -> float:
    """Share of pairs of a liked item and another that are in the right order; an equal pair counts half."""
    misses = ranking.sizes - ranking.hits
    below = misses.sum() - np.cumsum(misses)
    return float((ranking.hits * (below + misses / 2)).sum() / (ranking.hits.sum() * misses.sum()))


def mrr(ranking: Ranking) -> float:
    """Mean of 1 / rank over the liked items, as MIND's own evaluation has it."""
    share = _shares(ranking)
    return float((share / np.arange(1, len(share) + 1)).sum() / ranking.hits.sum())


def ndcg(ranking: Ranking, cut: int) -> float:
    """Of the first `cut` places: gains of 1 for a liked item, discounted by log2(place + 1), over the best possible."""
    share = _shares(ranking)[:cut]
    worth = 1 / np.log2(np.arange(cut) + 2)
    return float((share * worth[: len(share)]).sum() / worth[: int(min(cut, ranking.hits.sum()))].sum())


def judge(scores: ArrayLike, liked: ArrayLike, cuts: Sequence[int] = (5, 10)) -> tuple[float, ...]:
    """(auc, mrr, ndcg at each cut), each in 0..1. Raises `ValueError` like `Ranking.of`."""
    ranking = Ranking.of(scores, liked)
    return (auc(ranking), mrr(ranking), *(ndcg(ranking, cut) for cut in cuts))


def _shares(ranking: Ranking) -> Array:
    """(n,) for each place the chance that a liked item stands there."""
    return np.repeat(ranking.hits / ranking.sizes, ranking.sizes.astype(np.intp))
