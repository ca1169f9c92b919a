"""Vectors between their two forms: float16 bytes on the wire and in the store, float32 matrices to compute with.

float16 costs nothing that can be seen: rounding a unit vector of 384 components moves its cosines by less than 1e-3
at the very worst and by about 1e-5 as a rule, and it halves every message, record and index.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.errors import SpaceMismatch
from workers.ports import Matrix

_WIRE = np.dtype("<f2")


def pack(matrix: Matrix) -> list[bytes]:
    """(n, d) to n times 2 * d bytes, little-endian float16."""
    return [row.tobytes() for row in np.asarray(matrix, dtype=_WIRE)]


def unpack(rows: Sequence[bytes], dimension: int) -> Matrix:
    """n rows of float16 bytes to (n, dimension) float32; (0, dimension) for none. Raises `SpaceMismatch` where a row
    has another length."""
    for row in rows:
        if len(row) != _WIRE.itemsize * dimension:
            raise wrong_length(dimension, len(row) // _WIRE.itemsize)
    return np.frombuffer(b"".join(rows), dtype=_WIRE).reshape(len(rows), dimension).astype(np.float32)


def rows_of(vectors: ArrayLike, dimension: int) -> Matrix:
    """Any (n, d) numbers as (n, dimension) float32; no vectors at all as (0, dimension). Raises `SpaceMismatch` where
    they have another length."""
    return _shaped(vectors, dimension).astype(np.float32, copy=False)


def directions(vectors: ArrayLike, dimension: int) -> Matrix:
    """What somebody sent as vectors: `rows_of` them at unit length, however large or small the numbers are."""
    return unit(_shaped(vectors, dimension))


def unit(matrix: NDArray[np.floating]) -> Matrix:
    """(n, d) with every row brought to length 1. A row of zeros stays: it is similar to nothing."""
    # First to a largest component of 1, in float64: the squares of huge ones would overflow, of tiny ones vanish.
    wide = np.asarray(matrix, dtype=np.float64)
    wide = wide / _nonzero(np.abs(wide).max(axis=1, keepdims=True, initial=0))
    return (wide / _nonzero(np.linalg.norm(wide, axis=1, keepdims=True))).astype(np.float32)


def _nonzero(divisors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(divisors > 0, divisors, 1)


def _shaped(vectors: ArrayLike, dimension: int) -> NDArray[np.floating]:
    """(n, dimension) in the float type they have. Raises `SpaceMismatch`."""
    try:
        matrix = np.asarray(vectors)
    except ValueError as error:
        raise SpaceMismatch(f"vectors must all have {dimension} components: these differ among themselves") from error
    if matrix.size == 0:
        return np.zeros((0, dimension), dtype=np.float32)
    if matrix.ndim != 2 or matrix.shape[1] != dimension:
        raise wrong_length(dimension, matrix.shape[-1])
    return matrix


def wrong_length(expected: int, given: int) -> SpaceMismatch:
    """The error that tells both lengths."""
    return SpaceMismatch(
        f"a vector has {given} components and this space has {expected}: embed with the model that this service runs on"
    )
