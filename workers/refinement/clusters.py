"""What belongs together of what a person did: interactions grouped by average linkage over cosines."""

import numpy as np

from schemas.profile import MAX_INTERESTS
from workers.weights import Array

APART = 0.8
"""Mean cosine distance at which two groups stay two."""


def clusters(rows: Array, strength: Array, apart: float = APART, most: int = MAX_INTERESTS) -> list[tuple[int, ...]]:
    """Positions of `rows` (n, d; unit) in groups whose items are nearer than `apart` on average, at most `most` groups,
    the one with most strength (n,) first, of equal ones the one that begins first. A pure function of the rows in their
    order."""
    if len(rows) < 2:
        return [(position,) for position in range(len(rows))]
    from scipy.cluster.hierarchy import fcluster, linkage  # 0.3 s to import: only who refines pays it
    from scipy.spatial.distance import squareform

    distances = np.clip(1 - rows @ rows.T, 0, 2)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), method="average")
    labels = fcluster(tree, apart, criterion="distance")
    if labels.max() > most:
        labels = fcluster(tree, most, criterion="maxclust")
    groups: dict[int, list[int]] = {}
    for position, label in enumerate(labels.tolist()):
        groups.setdefault(label, []).append(position)
    return sorted(map(tuple, groups.values()), key=lambda group: (-float(strength[list(group)].sum()), group))
