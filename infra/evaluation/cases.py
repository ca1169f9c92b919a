"""What is put to a profile: a history that makes it, and a list that it has to rank."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schemas.interaction import Interaction


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """`liked` (n,) tells which of the `candidates` the person chose: known to whoever judges, never to a ranker."""

    user: str
    history: tuple[Interaction, ...]
    candidates: tuple[str, ...]
    """Keys of items in the catalog."""
    liked: NDArray[np.bool_]

    def cut_to(self, keeps: Callable[[str], bool]) -> "Case":
        """With the list as it would be of those candidates alone."""
        at = [place for place, key in enumerate(self.candidates) if keeps(key)]
        return replace(self, candidates=tuple(self.candidates[place] for place in at), liked=self.liked[at])

    @property
    def can_be_judged(self) -> bool:
        return bool(self.liked.any()) and not self.liked.all()
