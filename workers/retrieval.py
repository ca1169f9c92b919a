"""One provider's items, searched by several interests at once while they change.

How change and search go together. FAISS indexes are not safe under change, so a search works on a *view*: an immutable
record of what there was at one version. A change never alters what an older view can see:

1. New rows are written behind the last row that any view knows.
2. A row that is replaced or removed gets the version at which it died; views of earlier versions still see it.
3. One reference is swapped to the view of the new version. That costs nothing that grows with the number of items.
4. Now and then the rest is put in order: rows move to a larger array, the dead are left out, a copy of the graph takes
   in the newest rows. Each ends with one more swap.

How a search goes. Up to `exact_below` items the formula of `workers.scoring` is computed for every item: what comes
back equals brute force, always. Above that, FAISS's HNSW graph is asked for each interest's neighbours, more for a
heavier interest, and the rows that the graph does not have yet are all taken; the formula decides among these. Where
the graph cannot tell (nothing but dislikes, too few neighbours), every item is scored after all. What is too near to an
avoided text is no candidate, however well it scores: others take its place.
"""

import math
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import faiss
import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.asked import MARGIN, Asked, kept_away
from workers.ports import Matrix
from workers.scoring import SCORE_DIGITS, Floats, Scoring, contributions, score
from workers.vectors import rows_of

EXACT_BELOW = 10_000
"""Items. At 12,227 the graph is as fast as the scan, and the scan grows with the catalog. One core, 384 components,
50,000 items, a search with 8 and with 24 interests: 24 and 37 ms as a matrix product and the formula. FAISS's
IndexFlatIP takes 40 and 133 ms for each interest's best 200, and the best by the mixture may not be among these. HNSW
takes 0.2 ms an interest and finds 99 of 100 neighbours (docs/decisions/0004)."""

STEP = 2_048
"""Rows that enter the graph at once: 0.3 to 0.7 s (7,000 a second among 12,227 news, 3,000 among 50,000 vectors of
noise), which is the longest that a change holds up the next one. So many rows are searched in 2 ms without it. Before
each step the graph is copied, 1.8 KB an item: 0.2 s for 200,000."""

_LINKS, _BUILD_EFFORT, _SEARCH_EFFORT = 32, 80, 128
"""HNSW's M, efConstruction, efSearch: recall of the best 50 among 12,227 news 0.995, at 64 it is 0.988."""

_OVERFETCH = 8
"""Neighbours asked of the graph for each hit wanted, shared out by weight, on top of one for each hit and interest. Of
60 random profiles (2 to 11 interests, an avoided text) over the news it finds all of the best 10 by the mixture, 0.998
of the best 50 and 0.993 of the best 200; with two dislikes among the interests all, 0.995 and 0.985."""

_MOST_EXTRA = 400
"""Of these for one interest, which rules from 50 hits on: a graph is good at the nearest few hundred."""

_SLICE = 65_536
"""Rows scored at once: 6 MB of cosines with 24 interests. Smaller products make their threads wait for each other."""

_NEVER = np.iinfo(np.int64).max


class Hit(NamedTuple):
    """`interest` is the position of the vector that brought the item."""

    key: str
    score: float
    interest: int


@dataclass(frozen=True, slots=True)
class _View:
    """Rows 0 to `length` are there, and those alive whose `died` is later than `version`. `graph` has the first
    `indexed` of them."""

    vectors: Matrix
    died: NDArray[np.int64]
    keys: list[str]
    length: int = 0
    version: int = 0
    living: int = 0
    graph: Any = None
    indexed: int = 0

    def alive(self, rows: NDArray[np.int64] | slice) -> NDArray[np.bool_]:
        return np.asarray(self.died[rows] > self.version)


class ItemIndex:
    """Change it and search it from any number of threads: changes wait for each other, searches for nothing.

    Memory: 4 bytes a component in the rows (float32, so that a search need not convert) and, above `exact_below`, as
    much again and 0.3 KB an item in the graph."""

    def __init__(self, dimension: int, space: str, exact_below: int = EXACT_BELOW, step: int = STEP) -> None:
        self.dimension = dimension
        self.space = space
        self._exact_below = exact_below
        self._step = step
        self._lock = threading.Lock()
        self._where: dict[str, int] = {}
        self._view = _empty(dimension, step)

    def __len__(self) -> int:
        return self._view.living

    def put(self, keys: Sequence[str], vectors: ArrayLike) -> None:
        """Adds items or replaces them; `vectors` (len(keys), dimension), rows of unit length. All become searchable at
        once. Of a key that is there twice the last counts. Raises `SpaceMismatch` for vectors of another length,
        `ValueError` for more or fewer than keys."""
        matrix = rows_of(vectors, self.dimension)
        if len(matrix) != len(keys):
            raise ValueError(f"needs one vector for each of {len(keys)} keys, not {len(matrix)}")
        last = {key: position for position, key in enumerate(keys)}
        with self._lock:
            view = self._with_room(len(last))
            end = view.length + len(last)
            view.vectors[view.length : end] = matrix[list(last.values())]
            view.keys[view.length :] = last
            self._bury(view, last)
            self._where.update(zip(last, range(view.length, end), strict=True))
            self._view = replace(view, length=end, version=view.version + 1, living=len(self._where))
            self._tidy()

    def row(self, key: str) -> Matrix:
        """(dimension,) float32, as it was put in. Raises `KeyError` where the key is not there."""
        with self._lock:
            row: Matrix = self._view.vectors[self._where[key]].copy()
            return row

    def remove(self, keys: Collection[str]) -> None:
        """Those that are not there are no error."""
        with self._lock:
            view = self._view
            self._bury(view, keys)
            self._view = replace(view, version=view.version + 1, living=len(self._where))
            self._tidy()

    def search(
        self,
        vectors: ArrayLike,
        weights: ArrayLike,
        avoid: ArrayLike = (),
        k: int = 10,
        threshold: float | None = None,
        scoring: Scoring = "mixture",
        keep_away: float | None = None,
    ) -> list[Hit]:
        """At most `k` items that score at least `threshold`, best first, equal scores by key; none whose cosine to an
        avoided vector is `keep_away` (as the person has set it) or more. `vectors` (m, dimension) and `avoid` (a,
        dimension) of unit length, `weights` (m,). Nothing for weights that are all zero: no interest speaks. Raises
        `SpaceMismatch` for vectors of another length, `ValueError` for more or fewer weights."""
        asked = Asked(
            rows_of(vectors, self.dimension),
            np.asarray(weights, np.float64),
            rows_of(avoid, self.dimension),
            scoring,
            kept_away(keep_away),
        )
        if len(asked.vectors) != asked.weights.size:
            raise ValueError(f"needs one weight for each of {len(asked.vectors)} vectors, not {asked.weights.size}")
        view = self._view
        if not asked.weights.any() or not view.living:
            return []
        rows, roughly = _candidates(view, asked, k)
        return _best(view, rows, roughly, asked, k, threshold)

    def _bury(self, view: _View, keys: Collection[str]) -> None:
        """Step 2."""
        rows = [row for key in keys if (row := self._where.pop(key, None)) is not None]
        view.died[rows] = view.version + 1

    def _with_room(self, count: int) -> _View:
        """Step 4: arrays twice as large where these are full, so that a row is copied about once in its life."""
        view = self._view
        needed = view.length + count
        if needed > len(view.died):
            view = self._view = _copied(view, slice(0, view.length), max(needed, 2 * len(view.died)), view.keys)
        return view

    def _tidy(self) -> None:
        """Step 4. The dead may take as many rows as the living. Without them the graph begins anew and catches up one
        step with each change; until then searches are exact and slower."""
        view = self._view
        if view.length - view.living > max(self._step, view.living):
            rows = np.flatnonzero(view.alive(slice(0, view.length)))
            keys = [view.keys[row] for row in rows]
            self._where = {key: row for row, key in enumerate(keys)}
            fresh = _copied(view, rows, 2 * len(keys) + self._step, keys)
            self._view = replace(fresh, length=len(keys), graph=None, indexed=0)
        elif view.living > self._exact_below and view.length - view.indexed > self._step:
            self._view = _indexed_further(view, self._step)


def _empty(dimension: int, capacity: int) -> _View:
    return _View(np.zeros((capacity, dimension), np.float32), np.full(capacity, _NEVER), [])


def _copied(view: _View, rows: NDArray[np.int64] | slice, capacity: int, keys: list[str]) -> _View:
    """These rows of the view at the beginning of arrays of their own."""
    fresh = _empty(view.vectors.shape[1], capacity)
    fresh.vectors[: len(keys)] = view.vectors[rows]
    fresh.died[: len(keys)] = view.died[rows]
    return replace(view, vectors=fresh.vectors, died=fresh.died, keys=keys)


def _indexed_further(view: _View, step: int) -> _View:
    """The view with `step` more rows in the graph. The dead among them go in too, so that the graph's numbers are the
    rows' numbers; searches leave them out."""
    end = min(view.indexed + step, view.length)
    graph = faiss.clone_index(view.graph) if view.graph is not None else _new_graph(view.vectors.shape[1])
    faiss.omp_set_num_threads(1)
    graph.add(view.vectors[view.indexed : end])
    return replace(view, graph=graph, indexed=end)


def _new_graph(dimension: int) -> Any:
    graph = faiss.IndexHNSWFlat(dimension, _LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = _BUILD_EFFORT
    graph.hnsw.efSearch = _SEARCH_EFFORT  # or as many as are asked for, where that is more
    return graph


def _candidates(view: _View, asked: Asked, k: int) -> tuple[NDArray[np.int64], Floats]:
    """Rows alive that may be among the best, each once, and their scores in float32."""
    near = _neighbours(view, asked.probes(), k) if view.graph is not None else None
    if near is not None:
        rows, scores = _allowed(view, asked, near, view.indexed)
        # Where most of the neighbours are too near to an avoided text, the graph has not told who takes their place.
        if len(rows) >= min(k, view.living) or not len(asked.avoid):
            return rows, scores
    return _allowed(view, asked, np.zeros(0, np.int64), 0)


def _allowed(view: _View, asked: Asked, near: NDArray[np.int64], begin: int) -> tuple[NDArray[np.int64], Floats]:
    """Of the rows `near` and all from `begin` on, those that may be shown, with their scores."""
    scores = np.concatenate([asked.scores(piece) for piece in (view.vectors[near], *_slices(view, begin))])
    rows = np.concatenate([near, np.arange(begin, view.length)])
    shown = view.alive(rows) & (scores > -np.inf)
    return rows[shown], scores[shown]


def _slices(view: _View, begin: int) -> Iterator[Matrix]:
    """The rows from `begin` on, few enough at once for the results to stay in the cache."""
    for start in range(begin, view.length, _SLICE):
        yield view.vectors[start : min(start + _SLICE, view.length)]


def _neighbours(view: _View, probes: list[tuple[Matrix, float]], k: int) -> NDArray[np.int64] | None:
    """Rows that the graph finds near the probes, each once, some of them dead. None where it cannot tell: without a
    probe, or where it does not find enough near one of them."""
    faiss.omp_set_num_threads(1)
    found = []
    for probe, share in probes:
        rows = _near(view, probe, k + min(_MOST_EXTRA, math.ceil(_OVERFETCH * k * len(probes) * share)))
        if rows is None:
            return None
        found.append(rows)
    return np.unique(np.concatenate(found)) if found else None


def _near(view: _View, probe: Matrix, wanted: int) -> NDArray[np.int64] | None:
    """None where not even half of those wanted are found alive: a topic that was taken out of the catalog still fills
    its part of the graph, and a tight topic is an island in it, from which there is no way on."""
    depth = min(view.indexed, math.ceil(wanted * view.length / view.living))
    rows = view.graph.search(probe, depth)[1][0]
    rows = rows[rows >= 0]  # -1 stands where the graph found fewer
    return np.asarray(rows) if view.alive(rows).sum() >= min(wanted, view.living) / 2 else None


def _best(
    view: _View, rows: NDArray[np.int64], roughly: Floats, asked: Asked, k: int, threshold: float | None
) -> list[Hit]:
    """The formula again in float64 for those that may be among the `k` best."""
    least = -math.inf if threshold is None else threshold
    near_least = np.partition(roughly, -k)[-k] if len(roughly) > k else -math.inf
    rows = rows[roughly >= max(least, near_least) - MARGIN]
    cosines, avoid = asked.parted(view.vectors[rows].astype(np.float64))
    scores = np.round(score(asked.scoring, cosines, asked.weights, avoid), SCORE_DIGITS)  # like items must tie
    brought = contributions(asked.scoring, cosines, asked.weights).argmax(axis=1)
    hits = [Hit(view.keys[row], float(one), int(by)) for row, one, by in zip(rows, scores, brought, strict=True)]
    return sorted((hit for hit in hits if hit.score >= least), key=lambda hit: (-hit.score, hit.key))[:k]
