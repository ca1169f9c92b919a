"""How well a profile foresees what its person takes to next: what drift is told by.

A person's own dislikes are few, so a new item is held against the catalog at large. Its linear score s = v.u, with u
the interests' vectors summed by weight, is compared with the scores of all items of the space, of which the background
gives the second moment: u'Bu = |L'u|^2. Taken as normal, the share of them below s is

    foreseen = Phi(s / |L'u|),

about 1 where the profile speaks for the item and 0.5 where it says nothing about it. That costs one product with the
background, whatever the size of the catalog, and nothing is drawn by chance.
"""

from collections.abc import Sequence
from math import erf, sqrt

import numpy as np

from workers.ports import Matrix
from workers.refit import FitRules
from workers.state import HeldInterest, vectors_of

_NOTHING = 1e-12
"""Below any length that weights of six digits leave: the profile says nothing."""


def foreseen(interests: Sequence[HeldInterest], items: Sequence[Matrix], rules: FitRules) -> list[float]:
    """One figure in 0..1 for each item's vector (d,)."""
    if not interests:
        return [0.5] * len(items)
    weights = np.array([interest.weight for interest in interests])
    direction = weights @ vectors_of(interests).astype(np.float64)
    spread = float(np.linalg.norm(direction @ rules.background))
    if spread < _NOTHING:
        return [0.5] * len(items)
    return [0.5 * (1 + erf(float(item.astype(np.float64) @ direction) / spread / sqrt(2))) for item in items]
