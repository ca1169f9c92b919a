"""The store loses what it had confirmed: the last seconds of its append-only file, or everything.

1. While the weather is bad a copy of the store is kept every second, the newest few of them.
2. A loss puts one of the copies, or an empty store, in its place: states, marks, outboxes, items, jobs and times
   together. Requests that are under way are cut off with the server's connections (`tests.simulation.store`).
3. What was kept before is gone with it: the next loss goes back no further than to this one.
"""

import asyncio
from collections import deque
from random import Random

from tests.simulation.plan import Plan
from tests.simulation.process import Weather
from tests.simulation.store import Copy, SimStore
from tests.simulation.trace import Trace

EVERY, KEPT = 1.0, 5
"""Virtual seconds, and copies: an append-only file that is flushed every second may lose two; a stalled disk more."""


class Losses:
    def __init__(self, store: SimStore, weather: Weather, trace: Trace, chance: Random) -> None:
        self._store = store
        self._weather = weather
        self._trace = trace
        self._chance = chance
        self._empty = SimStore().copied()
        self._copies: deque[Copy] = deque(maxlen=KEPT)

    def expected(self, plan: Plan) -> bool:
        return any(plan.happenings.get(what) for what in ("store loses writes", "store wiped"))

    async def keep(self) -> None:
        """Step 1."""
        while self._weather.bad:
            self._copies.append(self._store.copied())
            await asyncio.sleep(EVERY)

    def lose_writes(self) -> None:
        if self._copies:
            self._trace.fault("store", "store loses writes")
            self._put(self._chance.choice(self._copies))

    def wipe(self) -> None:
        self._trace.fault("store", "store wiped")
        self._put(self._empty)

    def _put(self, copy: Copy) -> None:
        """Steps 2 and 3."""
        self._store.become(copy)
        self._copies.clear()
        self._copies.append(copy)
