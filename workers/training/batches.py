"""Batches in which each interest meets contents that are hard to tell from its own.

Every content of a batch is a negative for every other interest in it. So hard negatives cost nothing where they are
batched together: beside a pair stands a pair of the item that comes nearest to its interest without holding its words.

What holds an interest's words is no negative for it, whoever's content it is (`related`): every fourth of the news is
"sports", and a loss that drove those apart would unlearn what the word means.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from random import Random

import numpy as np
from numpy.typing import NDArray

from workers.ports import Matrix
from workers.training.pairs import Pair, searchable

HARD = 4
"""Hard negatives kept for each pair: the first whose item has a pair left in the epoch is batched with it."""

LOOK = 32
"""Nearest contents looked at for them."""

PUSHED = 0.95
"""A content nearer to the interest than this share of its own content's similarity is taken for one that fits too, if
in other words (NV-Retriever, arXiv 2407.15831: of its rules against false negatives the best was 95 % of the positive's
score)."""

_SLICE = 4_096
"""Interests compared at once: with 10,000 contents 160 MB."""


def hard_negatives(
    pairs: Sequence[Pair], interests: Matrix, contents: Mapping[str, int], matrix: Matrix
) -> list[tuple[str, ...]]:
    """For each pair at most `HARD` contents, nearest first. `interests` (pairs, d); `contents` are the rows of `matrix`
    (contents, d) by text."""
    texts = list(contents)
    words = [searchable(text) for text in texts]
    own = np.array([contents[pair.content] for pair in pairs], dtype=np.int64)
    found: list[tuple[str, ...]] = []
    for start in range(0, len(pairs), _SLICE):
        similarities = interests[start : start + _SLICE] @ matrix.T
        for pair, row, at in zip(pairs[start:], similarities, own[start:], strict=False):
            wanted = searchable(pair.interest)
            near = (place for place in _nearest(row) if row[place] < PUSHED * row[at] and wanted not in words[place])
            found.append(tuple(texts[place] for place in islice(near, HARD)))
    return found


def _nearest(similarities: Matrix) -> list[int]:
    """At most `LOOK` positions, most similar first."""
    if len(similarities) <= LOOK:
        return [int(at) for at in np.argsort(-similarities, kind="stable")]
    some = np.argpartition(-similarities, LOOK)[:LOOK]
    return [int(at) for at in some[np.argsort(-similarities[some], kind="stable")]]


def batches(pairs: Sequence[Pair], negatives: Sequence[tuple[str, ...]], size: int, seed: int) -> Iterator[list[int]]:
    """Positions of `pairs`, each once, in an order that the seed gives; the last batch may be smaller. Beside a pair
    stands one of a hard negative's, where there is one left."""
    order = list(range(len(pairs)))
    Random(seed).shuffle(order)
    left: dict[str, list[int]] = defaultdict(list)
    for position in reversed(order):
        left[pairs[position].content].append(position)
    used: set[int] = set()
    batch: list[int] = []
    for position in order:
        if position in used:
            continue
        used.add(position)
        batch.append(position)
        beside = _beside(negatives[position], left, used)
        if beside is not None:
            used.add(beside)
            batch.append(beside)
        if len(batch) >= size:
            yield batch[:size]
            batch = batch[size:]
    if batch:
        yield batch


def related(pairs: Sequence[Pair]) -> NDArray[np.bool_]:
    """(n, n): whether the content of pair j is no negative for the interest of pair i. False on the diagonal."""
    contents = [searchable(pair.content) for pair in pairs]
    wanted = [searchable(pair.interest) for pair in pairs]
    mask = np.array(
        [
            [
                one.item == other.item or wanted[i] in contents[j] or wanted[i] == wanted[j]
                for j, other in enumerate(pairs)
            ]
            for i, one in enumerate(pairs)
        ],
        dtype=bool,
    ).reshape(len(pairs), len(pairs))
    np.fill_diagonal(mask, False)
    return mask


def _beside(contents: tuple[str, ...], left: Mapping[str, list[int]], used: set[int]) -> int | None:
    """An unused pair of the first content that has one; the used ones are taken off `left`."""
    for content in contents:
        waiting = left.get(content, [])
        while waiting and waiting[-1] in used:
            waiting.pop()
        if waiting:
            return waiting[-1]
    return None
