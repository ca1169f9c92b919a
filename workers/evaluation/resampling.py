"""How sure a mean is: what it would be had other people of the same kind been asked (bootstrap over users).

Users are drawn, not lists: the lists of one user are alike, and counting them as independent would make the interval
too narrow. A comparison of two rankers is a mean of differences list by list; its interval is far narrower than the two
means' own, since what makes one user harder than another falls out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 1_000
"""The ends of a 95 % interval then stand on the 25 lowest and highest draws: they move by about 5 % of its width."""

_AT_ONCE = 4_000_000
"""Counts held at once: 32 MB."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, and where it lies with a probability of 95 %."""

    mean: float
    low: float
    high: float


def intervals(values: ArrayLike, users: Sequence[str], seed: int, draws: int = DRAWS) -> tuple[Interval, ...]:
    """For each column of `values` (n, k) the mean over the n lists, which belong to `users` (n,). The same seed gives
    the same draws of users whatever the columns are. Raises `ValueError` for no lists at all."""
    rows = np.asarray(values, np.float64)
    if not len(users) or rows.ndim != 2 or len(rows) != len(users):
        raise ValueError(f"needs lists with a user each: there are {len(rows)} rows and {len(users)} users")
    sums, counts = _by_user(rows, users)
    low, high = np.percentile(_drawn_means(sums, counts, seed, draws), (2.5, 97.5), axis=0)
    means = sums.sum(axis=0) / counts.sum()
    return tuple(Interval(*map(float, three)) for three in zip(means, low, high, strict=True))


def _by_user(rows: NDArray[np.float64], users: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums (u, k) and numbers (u,) of each user's lists."""
    names, owner = np.unique(np.asarray(users), return_inverse=True)
    sums = np.zeros((len(names), rows.shape[1]))
    np.add.at(sums, owner, rows)
    return sums, np.bincount(owner, minlength=len(names)).astype(np.float64)


def _drawn_means(sums: NDArray[np.float64], counts: NDArray[np.float64], seed: int, draws: int) -> NDArray[np.float64]:
    """(draws, k): the means over as many users drawn with replacement."""
    rng, users = np.random.default_rng(seed), len(counts)
    step = max(1, _AT_ONCE // users)
    pieces = []
    for start in range(0, draws, step):
        times = rng.multinomial(users, np.full(users, 1 / users), size=min(step, draws - start))
        pieces.append((times @ sums) / (times @ counts)[:, None])
    return np.concatenate(pieces)
