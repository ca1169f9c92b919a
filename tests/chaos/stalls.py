"""How long anything stood still, and whether a worker only looks alive: the reckoning, without a clock of its own.

A partition *stalls* while it holds accepted records above its high-water mark and the mark does not move. A worker is a
*zombie* when, for 30 s, it had work and handled nothing of it.

Neither is counted while a fault lasts that no worker can work through (a server away, a link cut). The clocks start
when it has healed.
"""

from dataclasses import dataclass, field

ZOMBIE_SECONDS = 30.0


@dataclass
class Excuses:
    """Whether nobody can make progress now, and since when everybody can again."""

    healed: float = 0.0
    _lasting: int = 0

    def begin(self) -> None:
        self._lasting += 1

    def end(self, now: float) -> None:
        self._lasting -= 1
        self.healed = now

    @property
    def hold(self) -> bool:
        return self._lasting > 0


@dataclass
class Stalls:
    """Told the end and the mark of each partition again and again."""

    excuses: Excuses
    longest: float = 0.0
    during: str = ""
    """What was being done to the parts then."""
    _since: dict[int, tuple[int, float]] = field(default_factory=dict)
    """By partition: the mark, and when it was first seen there with nothing missing or just moved."""
    _now: dict[int, float] = field(default_factory=dict)
    """By partition: how long it has stood still by now."""

    def note(self, partition: int, end: int, mark: int, now: float, doing: str) -> None:
        before, since = self._since.setdefault(partition, (mark, now))
        if mark != before or mark >= end or self.excuses.hold:
            self._since[partition], self._now[partition] = (mark, now), 0.0
            return
        stall = self._now[partition] = now - max(since, self.excuses.healed)
        if stall > self.longest:
            self.longest, self.during = stall, doing

    @property
    def current(self) -> float:
        return max(self._now.values(), default=0.0)

    @property
    def applied(self) -> int:
        """Sum of the marks: it falls where the store loses writes."""
        return sum(mark for mark, _ in self._since.values())


@dataclass
class Zombies:
    """Told what each worker has handled and what it has before it."""

    excuses: Excuses
    found: list[str] = field(default_factory=list)
    _since: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By worker: batches it had handled, and when that changed or it had nothing to do."""

    def note(self, name: str, handled: float, idle: bool, now: float) -> None:
        """A look at a worker that answered."""
        before, _ = self._since.get(name, (handled, now))
        if idle or handled != before or name not in self._since:
            self._since[name] = (handled, now)

    def forgive(self, name: str, now: float) -> None:
        """It was just started or resumed, or is not there to be judged."""
        self._since[name] = (-1.0, now)

    def judge(self, name: str, now: float, doing: str) -> None:
        if self.excuses.hold:
            return
        _, since = self._since.setdefault(name, (-1.0, now))
        if now - max(since, self.excuses.healed) > ZOMBIE_SECONDS:
            self.found.append(f"{name} during {doing}")
            self.forgive(name, now)
