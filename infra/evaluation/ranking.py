"""Scores for the candidates of a case: by a profile as providers have it, and by peers that have no profile.

Every score is rounded to nine digits, as retrieval rounds: a product's last bits depend on where a row stands, and like
items must tie.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.asked import kept_away
from workers.ports import Matrix
from workers.scoring import SCORE_DIGITS, Scoring, score
from workers.state import HeldInterest, UserState, vectors_of

Array = NDArray[np.float64]

RAW_SHARPNESS = 10.0
"""Of the soft maximum over raw items, which all that is measured stands beside: not the profile's, that would move."""


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """All that a provider is told of a person: `vectors` (m, d) and `avoid` (a, d) from float16, `weights` (m,)."""

    vectors: Matrix
    weights: Array
    avoid: Matrix
    keep_away: float

    @classmethod
    def of(cls, state: UserState, dimension: int) -> "Published":
        weights = np.array([interest.weight for interest in state.interests], np.float64)
        avoid = _matrix(state.avoid, dimension)
        return cls(_matrix(state.interests, dimension), weights, avoid, kept_away(state.keep_away))

    def scores(self, items: Matrix, scoring: Scoring) -> Array:
        """(n,) for `items` (n, d): `workers.scoring.score`, in float64 like the provider's last look."""
        wide = items.astype(np.float64)
        return _rounded(score(scoring, wide @ self.vectors.T, self.weights, wide @ self.avoid.T))

    def too_near(self, items: Matrix) -> NDArray[np.bool_]:
        """(n,) which of the items are so near to what is avoided that no provider shows them."""
        nearest = (items.astype(np.float64) @ self.avoid.T).max(axis=1, initial=-1)
        return np.asarray(_rounded(nearest) >= self.keep_away)


def soft_maximum(history: Matrix, items: Matrix) -> Array:
    """(n,) log-mean-exp of the cosines to the raw history (h, d): the ranker without a profile. Zeros for an empty
    history."""
    if not len(history):
        return np.zeros(len(items))
    raised = np.exp(RAW_SHARPNESS * (items.astype(np.float64) @ history.T))
    return _rounded(np.log(raised.mean(axis=1)) / RAW_SHARPNESS)


def fading_mean(history: Matrix, items: Matrix, keep: float) -> Array:
    """(n,) cosine to the mean of the raw history (h, d, oldest first) in which each item counts `keep` times the one
    after it; 1 is the plain mean."""
    if not len(history):
        return np.zeros(len(items))
    mean = keep ** np.arange(len(history) - 1, -1, -1.0) @ history.astype(np.float64)
    return _rounded(items.astype(np.float64) @ mean / max(float(np.linalg.norm(mean)), 1e-12))


def _matrix(interests: tuple[HeldInterest, ...], dimension: int) -> Matrix:
    return vectors_of(interests) if interests else np.zeros((0, dimension), np.float32)


def _rounded(scores: NDArray[np.floating]) -> Array:
    return np.asarray(np.round(scores, SCORE_DIGITS), np.float64)
