"""Where a profile is right and where it is wrong, in words: what a proposer learns from.

A score becomes a chance in 0..1 by a logistic curve through the scores themselves: 0.5 half-way between the mean of
what the person liked and the mean of the rest, 0.73 one standard deviation above. So the worst errors stand out on any
scale of scoring. Interactions are scored honestly, without the part of a vector that they made themselves.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workers.refinement.asks import MAX_CONTRIBUTIONS, MAX_JUDGED, Feedback, Judged, Numeric
from workers.refinement.fitting import fit, scores
from workers.scoring import contributions
from workers.weights import Array

HALF = 0.5


class Named(NamedTuple):
    """An item as it is shown."""

    title: str
    category: str | None


def feedback(numeric: Numeric, interactions: Sequence[Named], others: Sequence[Named]) -> Feedback:
    """From the training part only. `interactions` (n) and `others` (q) in the order of `numeric`."""
    if not numeric.current or not numeric.evidence.any():
        return Feedback()
    fitted = fit(numeric, list(numeric.current))
    told = scores(numeric, fitted)
    liked = np.concatenate([numeric.evidence > 0, np.zeros(len(others), bool)])
    chances = calibrated(told, liked)
    parts = contributions(numeric.scoring, fitted.seen, fitted.weights)
    texts = [numeric.texts[at] for at in numeric.current]
    items = (*interactions, *others)

    def judged(surest: NDArray[np.intp], side: NDArray[np.bool_]) -> tuple[Judged, ...]:
        return tuple(
            Judged(
                items[at].title, items[at].category, float(chances[at]), bool(liked[at]), _strongest(texts, parts[at])
            )
            for at in surest[side[surest]][:MAX_JUDGED]
        )

    order = np.argsort(-chances, kind="stable")
    above = chances > HALF
    return Feedback(
        true_positives=judged(order, above & liked),
        false_positives=judged(order, above & ~liked),
        true_negatives=judged(order[::-1], ~above & ~liked),
        false_negatives=judged(order[::-1], ~above & liked),
    )


def calibrated(scores: Array, liked: NDArray[np.bool_]) -> Array:
    """(n,) chances in 0..1, in the order of the scores; 0.5 for all where all are equal."""
    sides = [scores[side].mean() for side in (liked, ~liked) if side.any()]
    spread = float(scores.std())
    if not spread:
        return np.full(len(scores), HALF)
    return np.asarray(1 / (1 + np.exp(-(scores - np.mean(sides)) / spread)))


def _strongest(texts: Sequence[str], parts: Array) -> tuple[tuple[str, float], ...]:
    """Shares of all that speaks for and against, in -1..1."""
    whole = float(np.abs(parts).sum())
    if not whole:
        return ()
    order = np.argsort(-np.abs(parts), kind="stable")[:MAX_CONTRIBUTIONS]
    return tuple((texts[at], round(float(parts[at]) / whole, 3)) for at in order)
