"""From the similarities of items to interests to one score per item, in two ways.

All functions take cosines: `similarities` (n, m) of n items to m interests, `weights` (m,) in -1..1, `avoid` (n, a) to
what the person marked to avoid. They keep the float type of the similarities, and are pure.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Scoring = Literal["linear", "mixture"]

SHARPNESS = 5.0
"""How far the nearest interest outweighs the others in `mixture`: a cosine 0.14 higher counts twice. On MIND 4 to 6 are
alike and best (AUC 66.5 to 66.6); 3 and 10 are 0.2 lower, the plain weighted sum 1.4 (docs/quality.md)."""

SCORE_DIGITS = 9
"""Of a score, and of a cosine that decides: what differs by less differs by the processor's order of adding, or by
where in a matrix a row stands, and stands in no order."""

Floats = NDArray[np.floating]


def score(kind: Scoring, similarities: Floats, weights: Floats, avoid: Floats) -> Floats:
    """(n,) scores, higher is better; `avoid` may be (n, 0). The order does not change when all weights are multiplied
    by one positive number, nor with the order of interests."""
    if kind == "linear":
        whole = np.abs(weights).sum(dtype=similarities.dtype)
        return np.asarray(linear(similarities, weights) - whole * _nearest(avoid))
    return mixture(similarities, weights, avoid)


def linear(similarities: Floats, weights: Floats) -> Floats:
    """The paper's weighted sum (n,). It knows no avoid; `score` takes off the cosine to the nearest avoided text with
    the weight of the whole profile."""
    return np.asarray(similarities @ weights.astype(similarities.dtype))


def mixture(similarities: Floats, weights: Floats, avoid: Floats) -> Floats:
    """(n,) log-odds of what speaks for an item against what speaks against it, on the scale of a cosine:

        for     = sum of share_i * exp(5 s_i) over positive interests, their shares summing to 1
        against = rest + sum of share_j * exp(5 s_j) over negative interests + exp(5 nearest avoid) - 1
        score   = (log for - log against) / 5

    A negative interest speaks with its share of all absolute weights; `rest` is what is left to 1, so that an item
    unlike all of them loses nothing, and `score` can be held against a threshold whatever the profile. An avoided text
    was written by a person and speaks in full: alone, it takes off just its cosine. Negative cosines to it earn
    nothing. Without positive interests `for` is 1, and what is least similar to the negative ones ranks first."""
    raised = np.exp(SHARPNESS * similarities)
    negative = _shares(np.maximum(-weights, 0), np.abs(weights))
    against = 1 - negative.sum(dtype=raised.dtype) + linear(raised, negative) + np.expm1(SHARPNESS * _nearest(avoid))
    result = -np.log(against)
    if (weights > 0).any():
        positive = np.maximum(weights, 0)
        result += np.log(linear(raised, _shares(positive, positive)))
    return np.asarray(result / SHARPNESS)


def contributions(kind: Scoring, similarities: Floats, weights: Floats) -> Floats:
    """(n, m): what each interest adds to an item's score, to be compared within a row only. Its argmax is the interest
    that brought the item."""
    scale = weights.astype(similarities.dtype)
    return np.asarray(scale * (similarities if kind == "linear" else np.exp(SHARPNESS * similarities)))


def _shares(part: Floats, whole: Floats) -> Floats:
    """`part` over the sum of `whole`; zeros where that is zero."""
    total = whole.sum()
    return part / total if total > 0 else part


def _nearest(avoid: Floats) -> Floats:
    """(n,) the largest cosine to an avoided text, at least 0: to be unlike it is no merit."""
    return np.asarray(avoid.max(axis=1, initial=0))
