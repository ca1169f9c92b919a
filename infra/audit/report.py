"""What was looked at, and what was found: places only, never what stands there."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Place:
    """One kind of place. `looked_at` counts `what`; `found` are the places within it, at most `MOST_NAMED`, and
    `left_out` is how many more there are."""

    name: str
    what: str
    looked_at: int = 0
    found: list[str] = field(default_factory=list)
    left_out: int = 0

    def look(self, hit: bool, where: str) -> None:
        self.looked_at += 1
        if hit:
            self.add(where)

    def add(self, where: str) -> None:
        if where in self.found:
            return
        if len(self.found) < MOST_NAMED:
            self.found.append(where)
        else:
            self.left_out += 1


MOST_NAMED = 100


@dataclass(slots=True)
class Report:
    """`not_looked_at` says why, and what to do about it."""

    places: list[Place] = field(default_factory=list)
    not_looked_at: list[str] = field(default_factory=list)

    def place(self, name: str, what: str) -> Place:
        """The one of that name; made where it is new."""
        for one in self.places:
            if one.name == name:
                return one
        self.places.append(made := Place(name, what))
        return made

    @property
    def findings(self) -> Iterator[str]:
        return (f"{place.name}: {where}" for place in self.places for where in place.found)

    @property
    def is_clean(self) -> bool:
        return not any(place.found for place in self.places)
