"""Who may ask next: a bounded number at once, the most urgent first, among equals the one that came first."""

import asyncio
import bisect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from workers.errors import Overloaded


@dataclass(order=True, slots=True)
class _Place:
    priority: int
    number: int
    granted: asyncio.Future[None] = field(compare=False)


class Turns:
    """At most `at_once` hold a turn and at most `most_waiting` wait for one. Not for use from two threads."""

    def __init__(self, at_once: int, most_waiting: int) -> None:
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._numbers = count()
        self._queue: list[_Place] = []
        self._running = 0

    @property
    def running(self) -> int:
        return self._running

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @asynccontextmanager
    async def turn(self, priority: int) -> AsyncIterator[None]:
        """Holds a turn for the block; a lower `priority` comes sooner. Where the queue is full, the least urgent of all
        gets `Overloaded`, waiting already or not."""
        await self._take(priority)
        try:
            yield
        finally:
            self._running -= 1
            self._grant()

    async def _take(self, priority: int) -> None:
        if self._running < self._at_once:  # then nobody waits
            self._running += 1
            return
        place = _Place(priority, next(self._numbers), asyncio.get_running_loop().create_future())
        self._enqueue(place)
        try:
            await place.granted
        except asyncio.CancelledError:
            if place in self._queue:
                self._queue.remove(place)
            elif not place.granted.cancelled():  # granted and cancelled in one moment: the turn goes on to the next
                self._running -= 1
                self._grant()
            raise

    def _enqueue(self, place: _Place) -> None:
        bisect.insort(self._queue, place)
        if len(self._queue) > self._most_waiting:
            # Least urgent and, among those, the latest: whoever waited long keeps the place.
            last = self._queue.pop()
            if not last.granted.done():
                last.granted.set_exception(Overloaded(f"{self._most_waiting} wait for the LLM already: try later"))

    def _grant(self) -> None:
        while self._queue and self._running < self._at_once:
            place = self._queue.pop(0)
            if not place.granted.done():  # cancelled, and not yet run to leave the queue
                self._running += 1
                place.granted.set_result(None)
