"""Texts that say the same, by the vectors of their words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workers.interests import Named
from workers.ports import Matrix
from workers.weights import Array

ALIKE = 0.9
"""Cosine from which two interests say the same: the later one is left out."""

NEAR = 0.85
"""Cosine of their words' vectors from which a text says in other words what was removed. Of the phrases of a space that
is fitted to the sample (202) and to MIND (2,103), so many pairs are as near as that, or as 0.8 and 0.9, in percent:

| pairs | sample at 0.8, 0.85, 0.9 | MIND |
|---|---|---|
| the same words in other forms: "film score", "film scores" | 100, 100, 100 | 86, 86, 86 |
| one holds the other and they share an item: "jazz", "jazz musicians" | 100, 93, 59 | 85, 74, 58 |
| half of their items are the same: "impeachment probe", "impeachment inquiry" | 100, 77, 73 | 85, 74, 56 |
| any two of one category | 19, 10, 4 | 11, 5, 2 |
| any two of two categories | 0, 0, 0 | 0.18, 0.07, 0.02 |

At 0.8 whoever removes one football club loses most others; at 0.9 four in ten other words would come back. A text that
is typed and that no item shows lies further off (0.8 from what it means), and what it withdraws are items."""


def says_again(vectors: Sequence[Matrix], removed: Sequence[Matrix]) -> NDArray[np.bool_]:
    """(n,): which of the texts say what was removed. All vectors (d,) are of words, unit length."""
    if not vectors or not removed:
        return np.zeros(len(vectors), bool)
    return np.asarray((stacked(vectors) @ stacked(removed).T >= NEAR).any(axis=1))


def unlike(words: Array, named: list[tuple[Named, Matrix]]) -> list[tuple[Named, Matrix]]:
    """Without those that say what one before them says, by their words."""
    if not named:
        return []
    everything = below(words, [vector for _, vector in named])
    alike = everything @ everything.T >= ALIKE
    kept = list(range(len(words)))
    for position in range(len(words), len(everything)):
        if not alike[position, kept].any():
            kept.append(position)
    return [named[position - len(words)] for position in kept[len(words) :]]


def first_alike(vectors: Array, settled: int) -> int | None:
    """The first that may go and says what one before it says."""
    if len(vectors) <= settled:
        return None
    alike = np.tril(vectors @ vectors.T >= ALIKE, -1)[settled:]
    later = np.flatnonzero(alike.max(axis=1))
    return settled + int(later[0]) if len(later) else None


def stacked(vectors: Sequence[Matrix]) -> Array:
    """(n, d). (`np.stack` takes five times as long.)"""
    if not vectors:
        return np.zeros((0, 0))
    return np.concatenate(vectors, dtype=np.float64).reshape(len(vectors), -1)


def below(rows: Array, vectors: Sequence[Matrix]) -> Array:
    """`rows` with more rows under them."""
    more = stacked(vectors)
    if not len(rows) or not len(more):
        return rows if len(rows) else more
    return np.concatenate([rows, more])
