"""How many requests of one holder of tokens are in hand at once: a rate says nothing of those that last."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from infra.doors.rates import Name
from infra.doors.roles import Holder, Role

PERSON = 16
"""Two browsers with six connections each, and some room: a quarter of the live streams (64), an eighth of the bodies
that are read (128)."""

PROGRAM = 128
"""Half of all that is answered at once (256): one importer does not shut the others out."""


@dataclass(frozen=True)
class AtOnce:
    """For a person and for a program (every other role). All tokens of one subject count together, in each process by
    itself."""

    person: int = PERSON
    program: int = PROGRAM
    _inside: "Counter[Name]" = field(default_factory=Counter, repr=False)

    @contextmanager
    def hold(self, holder: Holder | None) -> Iterator[bool]:
        """Whether there is room for one more, until the end of the block; always for nobody in particular."""
        if holder is None:
            yield True
            return
        name = (holder.role, holder.subject)
        if self._inside[name] >= (self.person if holder.role is Role.PERSON else self.program):
            yield False
            return
        self._inside[name] += 1
        try:
            yield True
        finally:
            self._inside[name] -= 1
            if not self._inside[name]:
                del self._inside[name]
