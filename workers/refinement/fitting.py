"""What a list of texts would do: a re-fit reckoned from products alone, fast enough to try hundreds.

`workers.refit` names, sharpens and weighs in d dimensions and takes about 2 ms; that is what a candidate is judged by.
A proposer tries some 50 lists for each edit. All it needs are products of unit vectors, and those of a sharpened vector

    v_j ~ (1 - z) words_j + z c_j / |c_j|,    c_j = sum over interactions of S_ji x_i

follow from the products of words and items, which are made once: about 0.15 ms a list. It differs from the re-fit in
what it leaves out: the past beyond the window, the naming of other phrases in a place that falls free, the rounding.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workers.refinement.asks import Numeric
from workers.scoring import score
from workers.sharing import BELONGS, LEAST_FIT, TELLS, shares
from workers.weights import Array, Moments, squashed, streaming_weights

STEEPNESS = 10.0
"""Of `objective`: an item that scores 0.1 higher (in cosines) is e times as likely to be the one picked."""

RIVALS = 5.0
"""Items that a liked one must win against: as many as the reward's list has places."""

_TINY = 1e-12


class Fit(NamedTuple):
    """Of m texts. `own` (n, m): similarities of the interactions to the vectors. `seen` (n + q, m): the same of
    interactions and others, but of each interaction to the vectors as they would be without it. `weights` (m,) in
    -1..1."""

    own: Array
    seen: Array
    weights: Array


def fit(numeric: Numeric, chosen: list[int]) -> Fit:
    """Vectors and weights that the texts at these positions would have together. Neither `chosen` nor the evidence may
    be empty."""
    n = len(numeric.evidence)
    words, share = numeric.words_seen[chosen], numeric.sharpen[chosen][:, None]
    strengths = shares(words[:, :n].T, BELONGS) * np.abs(numeric.evidence)
    reach = strengths @ numeric.rows_seen  # c_j . x_i
    squares = np.einsum("mn,mn->m", reach[:, :n], strengths)[:, None]  # |c_j|^2
    overlap = np.einsum("mn,mn->m", words[:, :n], strengths)[:, None]  # words_j . c_j
    of_words, of_centre = _mix(share, squares, overlap)
    seen = of_words * words + of_centre * reach
    own = seen[:, :n].T.copy()
    background = of_words * numeric.words_background[chosen] + of_centre * (strengths @ numeric.rows_background)
    prior = _prior(own, numeric.shown[chosen], numeric.evidence)
    weights = squashed(streaming_weights(Moments.of(own, numeric.evidence), background @ background.T, prior))
    set_by_hand = numeric.held_weights[chosen]
    # Without x_i: c - s x_i, whose products follow, for every pair at once.
    part = strengths * numeric.rows_seen.diagonal()  # s x_i . x_i
    less = squares - strengths * (2 * reach[:, :n] - part)
    of_words, of_centre = _mix(share, less, overlap - strengths * words[:, :n])
    seen[:, :n] = of_words * words[:, :n] + of_centre * (reach[:, :n] - part)
    return Fit(own, seen.T, np.where(np.isnan(set_by_hand), weights, set_by_hand))


def scores(numeric: Numeric, fitted: Fit) -> Array:
    """(n + q,) of the interactions, honestly, and the others, on the scale of a cosine."""
    told = score(numeric.scoring, fitted.seen, fitted.weights, numeric.avoid_seen).astype(np.float64)
    if numeric.scoring == "linear":
        told /= max(float(np.abs(fitted.weights).sum()), _TINY)
    return told


def objective(numeric: Numeric, fitted: Fit) -> float:
    """How well the interactions are told from the rest, higher is better, at most 0: the mean log-chance that a liked
    item is picked among five others, where others are as many as there is liking, and what the person disliked besides
    them. (Smooth, so that small gains show; the reward itself moves in steps.)"""
    told, n = scores(numeric, fitted), len(numeric.evidence)
    liked, passed = np.maximum(numeric.evidence, 0), np.maximum(-numeric.evidence, 0)
    mass = float(liked.sum())
    if not mass:
        return 0.0
    raised = np.exp(STEEPNESS * (told - told.max()))
    at_large = mass * float(raised[n:].mean()) if len(raised) > n else 0.0
    rival = (at_large + float(passed @ raised[:n])) / (mass + float(passed.sum()))
    return float(liked @ np.log(raised[:n] / (raised[:n] + RIVALS * rival))) / mass


def _mix(share: Array, squares: Array, overlap: Array) -> tuple[Array, Array]:
    """How much of the words and how much of the centre make the sharpened vector, of unit length: from |c|^2 and
    words . c. Where there is no centre, the words are all of it."""
    length = np.sqrt(np.maximum(squares, 0) + _TINY)
    rest, part = 1 - share, share / length
    norm = np.sqrt(np.maximum(rest * rest + part * part * squares + 2 * rest * part * overlap, _TINY))
    return rest / norm, part / norm


def _prior(own: Array, shown: NDArray[np.bool_], evidence: Array) -> Array:
    """(m,) what the evidence behind each text says by itself: an interaction stands behind the texts that it shows, as
    they fit it; where it shows none, behind those near it. (As in `workers.refit`.)"""
    behind = shares(own, TELLS)
    fits = np.where(shown, np.maximum(own.T, LEAST_FIT), 0.0)
    whole = fits.sum(axis=0)
    behind = np.where(whole > 0, fits / np.maximum(whole, _TINY), behind)
    return np.asarray(behind @ evidence / np.abs(evidence).sum())
