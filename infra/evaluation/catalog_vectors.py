"""A catalog's items as rows of one matrix."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from workers.ports import ItemRecord, Matrix
from workers.vectors import unpack


@dataclass(frozen=True)
class CatalogVectors:
    """`matrix` (n, d) float32 of the float16 that providers search; row i is the item `keys[i]`."""

    keys: tuple[str, ...]
    rows: Mapping[str, int]
    matrix: Matrix

    @classmethod
    def of(cls, records: Mapping[str, ItemRecord], dimension: int) -> "CatalogVectors":
        keys = tuple(records)
        matrix = unpack([records[key].vector for key in keys], dimension)
        return cls(keys, {key: row for row, key in enumerate(keys)}, matrix)

    def of_items(self, keys: Iterable[str]) -> Matrix:
        """(len(keys), d) in the order given; all must be there."""
        return self.matrix[np.array([self.rows[key] for key in keys], np.intp)]
