"""A person who did something at two providers that have no item in common, and has a list to rank at the second."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from infra.evaluation.cases import Case
from infra.evaluation.platforms import PLATFORMS, cut_to
from schemas.interaction import Interaction

A, OTHER = PLATFORMS


@dataclass(frozen=True, slots=True, eq=False)
class Trip:
    """What one person did at A and at the other provider, and their list there."""

    case: Case
    at_a: tuple[Interaction, ...]
    at_other: tuple[Interaction, ...]

    @classmethod
    def of(cls, case: Case, side: Mapping[str, str]) -> "Trip | None":
        """None for somebody who did nothing at one of the two, or has no list to rank."""
        at_a, at_other = (tuple(one for one in case.history if side.get(one.item_key) == name) for name in (A, OTHER))
        there = cut_to(case, OTHER, side)
        return cls(there, at_a, at_other) if at_a and at_other and there.can_be_judged else None

    def described(self, known: Collection[str]) -> "Trip | None":
        """As far as the provider has the items."""
        at_other = tuple(one for one in self.at_other if one.item_key in known)
        case = self.case.cut_to(known.__contains__)
        return Trip(case, self.at_a, at_other) if at_other and case.can_be_judged else None

    def with_history(self, history: Sequence[Interaction]) -> Case:
        """The list, after another history."""
        return replace(self.case, history=tuple(history))

    @property
    def keys(self) -> set[str]:
        return {*self.case.candidates, *(one.item_key for one in self.at_other)}
