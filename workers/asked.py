"""What one search asks for: by which vectors, with which weights, and how far from what."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.ports import Matrix
from workers.scoring import SCORE_DIGITS, Floats, Scoring, score

KEEP_AWAY = 0.35
"""Cosine to an avoided text from which nothing is recommended, where the person has not said how far. Of a topic whose
name is avoided 90 % of the sample's items are at least so near, and 2 % of all others; in a space fitted to the catalog
100 and 9 % (0.25: 98 and 8, fitted 100 and 19; `attune eval editability` has the curve). On MIND, whose subcategories
are vaguer ("newsus"), 35 and 0.2 % in the plain space."""

MARGIN = 1e-4
"""What float32 may have wrong in a score, and a hundred times more: so many more rows are scored in float64."""


def kept_away(as_set: float | None) -> float:
    """The cosine that holds for a person who has set this one, or none."""
    return KEEP_AWAY if as_set is None else as_set


@dataclass(frozen=True, slots=True)
class Asked:
    """Vectors (m, d), weights (m,), avoid (a, d), all of unit length; `keep_away` is a cosine."""

    vectors: Matrix
    weights: NDArray[np.float64]
    avoid: Matrix
    scoring: Scoring
    keep_away: float

    def scores(self, rows: Matrix) -> Floats:
        """(n,), minus infinity for what is too near to an avoided text."""
        cosines, avoid = self.parted(rows)
        found = score(self.scoring, cosines, self.weights, avoid)
        return np.where(self._too_near(rows, avoid), -np.inf, found) if len(self.avoid) else found

    def _too_near(self, rows: Matrix, avoid: Floats) -> NDArray[np.bool_]:
        """Where float32 cannot tell, float64 does: what is left out must not depend on the size of a product."""
        nearest = avoid.max(axis=1).astype(np.float64)
        unsure = np.flatnonzero(np.abs(nearest - self.keep_away) <= MARGIN)
        nearest[unsure] = self.parted(rows[unsure].astype(np.float64))[1].max(axis=1, initial=-1)
        return np.asarray(np.round(nearest, SCORE_DIGITS) >= self.keep_away)

    def parted(self, rows: Matrix) -> tuple[Floats, Floats]:
        """Cosines of the rows (n, d) to the interests (n, m) and to what is avoided (n, a), in the rows' float type."""
        cosines = rows @ np.concatenate([self.vectors, self.avoid]).astype(rows.dtype).T
        return cosines[:, : len(self.vectors)], cosines[:, len(self.vectors) :]

    def probes(self) -> list[tuple[Matrix, float]]:
        """What to ask the graph for, (1, d) each, with its share of the places. The linear score is itself one inner
        product, but for what avoid takes off. None where no interest is wanted: a graph finds near ones only."""
        if self.scoring == "linear":
            return [((self.weights @ self.vectors)[None, :].astype(np.float32), 1.0)]
        total = self.weights[self.weights > 0].sum()
        wanted = np.flatnonzero(self.weights > 0)
        return [(self.vectors[[one]], float(self.weights[one] / total)) for one in wanted]
