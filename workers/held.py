"""An interest as the agent holds it, and its row in the user's record (`workers.state`)."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from schemas.profile import Interest, Source
from workers.ports import Matrix


class HeldInterest(NamedTuple):
    """An interest with its vector, little-endian float16, (d,), unit length. No re-fit changes a `held_weight`
    (`workers.editing.fit`): the person set it, or it was `kept` as it came, with a version that they went back to or a
    profile that they brought along. (A tuple: a record is read for every event, and a frozen dataclass takes four times
    as long to make.)"""

    id: str
    text: str
    weight: float
    source: Source
    vector: bytes
    pinned: bool = False
    evidence: tuple[str, ...] = ()
    held_weight: float | None = None
    kept: bool = False

    @property
    def is_owned(self) -> bool:
        """Whether a person has a hand in it: what inference must leave as it is."""
        return self.pinned or self.held_weight is not None or self.source in (Source.PERSON, Source.IMPORT)

    @property
    def is_own(self) -> bool:
        """In the person's own words or with a weight that they set, here or wherever they brought it from."""
        is_set = self.held_weight is not None or self.source is Source.IMPORT
        return self.source is Source.PERSON or (is_set and not self.kept)

    @property
    def own_vector(self) -> str:
        """Which vector it was carried in with, in 8 hex digits; empty for a text that has that of its words."""
        return hashlib.blake2b(self.vector, digest_size=4).hexdigest() if self.source is Source.IMPORT else ""

    def let_go(self) -> "HeldInterest":
        """With a weight that is learned again. Whose words they are that were brought along stays known."""
        return self._replace(held_weight=None, kept=self.kept and self.source is Source.IMPORT)

    def shown(self) -> Interest:
        """As the person reads it."""
        return Interest.model_validate({**self._asdict(), "held": self.held_weight is not None})


@lru_cache(4096)
def interest_id(text: str) -> str:
    """12 hex digits, the same for the same words whoever holds them."""
    return hashlib.sha256(text.casefold().encode()).hexdigest()[:12]


def vectors_of(interests: Sequence[HeldInterest]) -> Matrix:
    """(m, d), one row an interest."""
    if not interests:
        return np.zeros((0, 0), np.float32)
    joined = b"".join([interest.vector for interest in interests])
    return np.frombuffer(joined, "<f2").reshape(len(interests), -1).astype(np.float32)


def pack_interest(interest: HeldInterest) -> list[Any]:
    """Without the vector, which stands behind the text, and without `kept`, which few are (an earlier release knows no
    longer row)."""
    row = [interest.id, interest.text, interest.weight, interest.source, interest.pinned, interest.evidence]
    return row if interest.held_weight is None else [*row, interest.held_weight]


def unpack_interest(row: list[Any], vector: bytes) -> HeldInterest:
    return HeldInterest(row[0], row[1], row[2], _SOURCES[row[3]], vector, row[4], tuple(row[5]), *row[6:])


_SOURCES = {source.value: source for source in Source}
