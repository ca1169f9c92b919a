"""In which spaces providers are served: the common ones, and for some one of their own (`streams.own_space`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.space import OwnPhase, SpacePointer
from workers.errors import SpaceMismatch

Lengths = Mapping[str, int]
"""Of vectors, by space, the one that counts first."""


@dataclass(frozen=True, slots=True)
class Serving:
    """`common` of all providers but those in `own`. One on its way to another space stands in both."""

    common: Lengths
    own: Mapping[str, Lengths] = field(default_factory=dict)

    @classmethod
    def of(cls, pointer: SpacePointer) -> "Serving":
        common = {entry.id: entry.dimension for entry in pointer.common}
        own: dict[str, Lengths] = {}
        for one in pointer.own:
            here = {one.space.id: one.space.dimension}
            if one.phase is OwnPhase.SERVED:
                own[one.provider] = here
            else:
                own[one.provider] = here | common if one.is_served else common | here
        return cls(common, own)

    def at(self, provider: str) -> Lengths:
        return self.own.get(provider, self.common)

    @property
    def lengths(self) -> Lengths:
        """All spaces that somebody is served in."""
        return {space: length for lengths in (self.common, *self.own.values()) for space, length in lengths.items()}

    def is_of_others(self, provider: str, space: str) -> bool:
        """Whether others are served in the space and this provider is not."""
        return space not in self.at(provider) and space in self.lengths

    def searched(self, provider: str, space: str | None) -> str:
        """The space of a search by vectors. Raises `SpaceMismatch` where the one it names is not served, or where it
        names none and there are two."""
        served = self.at(provider)
        if space is None and len(served) > 1:
            named = " or ".join(f"'{one}'" for one in served)
            raise SpaceMismatch(f"two spaces are served while one is rolled out: name the vectors' in 'space', {named}")
        first = next(iter(served))
        if space is not None and space not in served:
            raise SpaceMismatch(f"the vectors are of space '{space}' and this provider's items of '{first}'")
        return space or first

    def beside(self, before: "Serving") -> "Serving":
        """What is served now, and what was."""
        providers = self.own.keys() | before.own.keys()
        own = {one: {**self.at(one), **before.at(one)} for one in providers}
        return Serving({**self.common, **before.common}, own)
