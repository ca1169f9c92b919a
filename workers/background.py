"""The background of a space: the second moment of what a catalog holds, for negatives where nobody saw any.

It is frozen with the space (docs/decisions/0002-background.md): it was computed once, over the sample catalog, and is a
file beside the code, so that a re-fit depends on nothing but the mailbox and the items in it.
"""

from pathlib import Path

import numpy as np

from workers.ports import Matrix

_FOLDER = Path(__file__).parent / "backgrounds"

RANK = 64
"""Leading directions kept: they hold 80 % of the second moment of the sample in MiniLM's 384 dimensions."""


def background_of(space: str, dimension: int) -> Matrix:
    """(d, r) factor L of B = L L'. A space without a file of its own gets the moment of random directions, I / d."""
    path = _FOLDER / f"{space}.npy"
    if path.exists():
        return np.asarray(np.load(path), np.float32)
    return np.asarray(np.eye(dimension) / np.sqrt(dimension), np.float32)


def factor(vectors: Matrix) -> Matrix:
    """(d, r) float16, from (n, d) unit rows."""
    values, directions = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors / len(vectors))
    leading = slice(None, -RANK - 1, -1)
    return np.asarray(directions[:, leading] * np.sqrt(np.maximum(values[leading], 0)), np.float16)
