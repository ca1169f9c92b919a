"""Turns: what one busy key may take of what a stage does at once, so that the others' wait is bounded.

1. A turn holds so many records of one key at most. A partition whose next record would be one more of it ends there, in
   order as ever; the other partitions go on.
2. What was fetched and is not in this turn waits for the next one, in order and before anything newer.

A batch lasts as long as its work, and a person with a long history costs a hundred times as much an event as others do
(a re-fit of 256 interactions: 5 ms): 200 of one person's events would hold up everybody for a fifth of a second and
more, 16 for 20 ms. Those who share a partition with them still wait for all that lies before them in the log.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable

from streams.contract import Partition, Record

PER_KEY = 16
"""Of one key in a turn: three re-fits. A turn costs some 5 ms besides, a third of a millisecond for each of them."""


def room_for(per_key: int) -> Callable[[Record], bool]:
    """Step 1: whether a record still belongs to the turn. To be asked in order; a partition that was refused once is
    refused for the rest of the turn."""
    taken: Counter[bytes] = Counter()
    closed: set[Partition] = set()

    def fits(record: Record) -> bool:
        if record.source in closed:
            return False
        if record.key is not None:
            if taken[record.key] >= per_key:
                closed.add(record.source)
                return False
            taken[record.key] += 1
        return True

    return fits


class Turns:
    """What was fetched and not handed over yet. Whoever fetches sees to it that it is bounded (`with_at_least`)."""

    def __init__(self, per_key: int = PER_KEY) -> None:
        self._per_key = per_key
        self._waiting: dict[Partition, deque[Record]] = {}

    @property
    def held(self) -> int:
        return sum(map(len, self._waiting.values()))

    def with_at_least(self, count: int) -> frozenset[Partition]:
        """The partitions of which so much waits that nothing more need be fetched."""
        return frozenset(source for source, waiting in self._waiting.items() if len(waiting) >= count)

    def add(self, records: Iterable[Record]) -> None:
        for record in records:
            self._waiting.setdefault(record.source, deque()).append(record)

    def take(self, limit: int) -> list[Record]:
        """The next turn, of up to `limit` records."""
        fits, turn = room_for(self._per_key), list[Record]()
        first: dict[Partition, deque[Record]] = {}
        after: dict[Partition, deque[Record]] = {}
        for source, waiting in self._waiting.items():
            before = len(turn)
            while waiting and len(turn) < limit and fits(waiting[0]):
                turn.append(waiting.popleft())
            if waiting:
                (first if len(turn) == before else after)[source] = waiting
        self._waiting = first | after  # who was passed over is first in the next turn
        return turn

    def clear(self) -> None:
        """The partitions are given up."""
        self._waiting.clear()
