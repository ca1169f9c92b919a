"""How a search goes, and how it may end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from schemas.command import Edit
from schemas.proposal import Cost
from workers.errors import ConfigurationError
from workers.refinement.asks import FREE, ProposerName


class End(StrEnum):
    """Why a search ended; a metric label."""

    IMPROVED = "improved"
    KEPT = "kept"
    """Nothing better was found: the profile stays as it is."""
    CANCELLED = "cancelled"
    """The checkpoint said so: the lease is lost, or the person has edited the profile."""
    REFUSED = "refused"
    """A budget would have been exceeded, and nothing better had been found by then."""
    FAILED = "failed"
    """The proposer could not be asked, not once. That is no word about the profile."""
    UNJUDGED = "unjudged"
    """Nothing to learn from, or nothing liked, or nothing else, held out to judge by."""


@dataclass(frozen=True, slots=True)
class RefinementRules:
    """`temperature` of the draw among candidates: 0 takes the best, inf any with the same chance, between them in
    proportion to exp(reward / temperature). The paper found inf best. Raises `ConfigurationError`."""

    iterations: int = 10
    patience: int = 3
    """Iterations without a gain after which it ends."""
    temperature: float = inf
    max_edits: int = 6
    """Of one answer."""
    describe_first: bool = False
    """Whether to begin with a description of each group of interactions (Algorithm 1)."""

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.patience < 1 or self.max_edits < 1:
            raise ConfigurationError("a refinement needs at least one iteration, a patience of 1 and one edit")
        if not self.temperature >= 0:
            raise ConfigurationError("the temperature of a refinement is 0 or above, or inf")


@dataclass(frozen=True, slots=True)
class Refined:
    """`edits` are there only where the profile was improved. Rewards are None where nothing could be judged, and
    `after` is never less than `before`."""

    end: End
    edits: tuple[Edit, ...] = ()
    before: float | None = None
    after: float | None = None
    iterations: int = 0
    cost: Cost = FREE
    curve: tuple[float, ...] = ()
    """The best reward so far: at the start, and after each iteration."""
    outcomes: Mapping[str, int] = field(default_factory=dict)
    """How many asks had which outcome."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Edits that did not pass the gate, by reason."""
    proposer: ProposerName | None = None
    """Whose edits made the profile better, or would have."""
