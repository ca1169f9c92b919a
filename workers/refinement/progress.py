"""How far a search has come, after each iteration: all that another worker needs to go on as if nothing had happened.

Nothing of it is random (every iteration draws from its own seed) and no vector is in it: profiles are made again from
the texts, to the same bits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from schemas.proposal import Cost
from workers.refinement.asks import FREE, ProposerName
from workers.refinement.candidate import Candidate

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """Immutable; the search makes a new one after each iteration. `world` is the fingerprint of what it was made in,
    `judges` and `others` the negatives it drew."""

    world: str
    judges: tuple[str, ...]
    others: tuple[str, ...]
    iterations: int = 0
    """Asks answered, the description of groups included."""
    described: bool = False
    since_gain: int = 0
    candidates: tuple[Candidate, ...] = ()
    """The first is the profile as it stands."""
    rewards: tuple[float, ...] = ()
    """One a candidate."""
    curve: tuple[float, ...] = ()
    """The best reward so far, at the start and after each iteration."""
    cost: Cost = FREE
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """How many asks had which outcome."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Edits that did not pass the gate, by reason."""
    proposers: tuple[ProposerName | None, ...] = ()
    """Who edited each candidate; None for the first."""

    def to_bytes(self) -> bytes:
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["candidates"] = [[one.added, one.dropped] for one in self.candidates]
        fields["cost"] = self.cost.model_dump()
        return orjson.dumps({"format": _FORMAT, **fields})

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Progress | None":
        """None for what another release has written: the search then starts anew."""
        fields: dict[str, Any] = orjson.loads(raw)
        if fields.pop("format", None) != _FORMAT:
            return None
        for name in ("judges", "others", "rewards", "proposers", "curve"):
            fields[name] = tuple(fields[name])
        fields["candidates"] = tuple(Candidate(tuple(added), tuple(dropped)) for added, dropped in fields["candidates"])
        fields["cost"] = Cost.model_validate(fields["cost"])
        return cls(**fields)
