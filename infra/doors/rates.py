"""How often one holder of tokens may ask: a token bucket each, kept as one number (the generic cell rate algorithm).

A request with many entries counts as several: one more for every `ENTRIES` of them beyond the first.

The number is the time at which the holder's bucket is full again. A request moves it by one interval; one that would
move it further than the burst lies ahead is refused, and can come when that has passed.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from infra.doors.roles import Holder, Role

MAX_HOLDERS = 65_536
"""Whose buckets are remembered: some 200 bytes each, 13 MiB in all. Who has asked for nothing the longest is forgotten
first; their bucket has most likely filled again."""

ENTRIES = 50
"""At 20 requests a second a person sends 1,000 events a second at most, whatever the form; at 500 a program sends
25,000, more than one gateway takes."""

Name = tuple[Role, str]


@dataclass(frozen=True)
class Rates:
    """Requests a second, for a person and for a program (every other role). `burst`: seconds' worth of them at once."""

    person: float
    program: float
    burst: float
    holders: int = MAX_HOLDERS
    _full_at: "OrderedDict[Name, float]" = field(default_factory=OrderedDict, repr=False)

    def wait(self, holder: Holder, now: float, count: int = 1) -> float:
        """Seconds until the holder may ask; 0.0: they may, and this counted as so many requests. All tokens of one
        subject have one bucket. What is larger than the bucket passes when that is full."""
        name = (holder.role, holder.subject)
        interval = count / (self.person if holder.role is Role.PERSON else self.program)
        full_at = max(now, self._full_at.get(name, now)) + interval
        over = full_at - now - max(self.burst, interval)
        if over > 1e-9:  # what is left of adding up intervals that no float holds exactly
            return over
        self._full_at[name] = full_at
        self._full_at.move_to_end(name)
        if len(self._full_at) > self.holders:
            self._full_at.popitem(last=False)
        return 0.0
