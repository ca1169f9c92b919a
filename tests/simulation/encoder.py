"""A space of sixteen dimensions: texts are similar as they share words. What was made once is kept for all seeds."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from schemas.catalog import CatalogItem
from tests.fakes import HashEncoder
from workers.growth import Growth
from workers.phrases import phrases_of
from workers.ports import Matrix
from workers.refit import FitRules

DIMENSION = 16
SPACE = "simulated-1"
_BAGS = HashEncoder(DIMENSION, SPACE)


@lru_cache(maxsize=4_096)
def _vector(text: str) -> bytes:
    return bytes(_BAGS.encode([text])[0].astype(np.float32).tobytes())


@lru_cache(maxsize=1_024)
def _phrases(item: CatalogItem) -> tuple[str, ...]:
    return phrases_of(item)


class SimEncoder:
    """`workers.ports.Encoder`"""

    space = SPACE
    dimension = DIMENSION

    def encode(self, texts: Sequence[str]) -> Matrix:
        rows = b"".join(map(_vector, texts))
        return np.frombuffer(rows, np.float32).reshape(len(texts), DIMENSION)

    def encode_interests(self, texts: Sequence[str]) -> Matrix:
        return self.encode(texts)

    def phrases_of(self, item: CatalogItem) -> tuple[str, ...]:
        return _phrases(item)

    @property
    def growth(self) -> Growth | None:
        return None


FIT = FitRules(background=np.asarray(np.eye(DIMENSION) / np.sqrt(DIMENSION), np.float32))
