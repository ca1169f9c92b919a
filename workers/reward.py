"""What a profile is judged by: how well its scores part what a person liked from what they did not.

Reward = (AUROC + nDCG@5) / 2, as in the personal-agent paper, over interactions that no weight was fitted to: a fifth
of them, chosen by a hash of the event's id, so that every worker holds out the same ones without having to say so.

Equal scores are in no order. AUROC counts such a pair as half, and nDCG is its mean over all orders of the equal ones:
a profile that says nothing gets what chance gets, whatever the order in which the items came in.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

CUT = 5
"""Places of the list that nDCG looks at."""

SHARES = 5
"""One interaction in five is held out."""


@dataclass(frozen=True, slots=True)
class Reward:
    """Each in 0..1."""

    auroc: float
    ndcg5: float

    @property
    def value(self) -> float:
        return (self.auroc + self.ndcg5) / 2


def held_out(event_id: str) -> bool:
    """Whether the interaction belongs to the fifth that profiles are judged by. A function of the id alone, the same on
    every machine; chance for whoever makes the ids."""
    digest = hashlib.blake2b(event_id.encode(), digest_size=8, person=b"held-out").digest()
    return int.from_bytes(digest, "big") % SHARES == 0


def reward(liked: ArrayLike, others: ArrayLike) -> Reward:
    """From the scores of liked items (p,) and of others (q,), higher is better. Raises `ValueError` where either is
    empty or a score is not a number: a profile cannot be judged by one side alone."""
    up, down = np.asarray(liked, np.float64).ravel(), np.asarray(others, np.float64).ravel()
    if not up.size or not down.size:
        raise ValueError(f"a reward needs liked items and others: there are {up.size} and {down.size}")
    scores = np.concatenate([up, down])
    if np.isnan(scores).any():
        raise ValueError("a score is not a number: check the vectors that it was made from")
    levels, level = np.unique(-scores, return_inverse=True)  # 0 is the best
    hits = np.bincount(level[: up.size], minlength=levels.size).astype(np.float64)
    sizes = np.bincount(level, minlength=levels.size).astype(np.float64)
    return Reward(_auroc(hits, sizes), _ndcg(hits, sizes))


def _auroc(hits: NDArray[np.float64], sizes: NDArray[np.float64]) -> float:
    """Share of pairs in the right order. `hits` of `sizes` items at each level are liked ones, best level first."""
    misses = sizes - hits
    below = misses.sum() - np.cumsum(misses)
    return float((hits * (below + misses / 2)).sum() / (hits.sum() * misses.sum()))


def _ndcg(hits: NDArray[np.float64], sizes: NDArray[np.float64]) -> float:
    """Every place of a level holds a liked item with the level's share of them as probability."""
    worth = 1 / np.log2(np.arange(CUT) + 2)
    share = np.repeat(hits / sizes, np.minimum(sizes, CUT).astype(np.intp))[:CUT]
    ideal = worth[: int(hits.sum())].sum()
    return float((share * worth[: share.size]).sum() / ideal)
