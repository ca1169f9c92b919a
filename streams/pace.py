"""How much of a core somebody takes who has time, beside others who have not."""

import asyncio
import time
from collections.abc import Awaitable, Callable


class Pace:
    """Whoever works in pieces rests after each: of the thread's time, `share` (0 to 1) is work. Those who share a pace
    rest one after the other, so that together they keep to it. `clock` counts the seconds that this thread has worked,
    and goes on from whatever thread asks: give each thread a pace of its own."""

    def __init__(
        self,
        share: float,
        *,
        clock: Callable[[], float] = time.thread_time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._share = share
        self._clock = clock
        self._sleep = sleep
        self._counted: float | None = None
        self._resting = asyncio.Lock()

    async def rest(self) -> None:
        """To be called between two pieces of work."""
        if self._share >= 1:
            return
        async with self._resting:
            now = self._clock()
            worked = 0.0 if self._counted is None else now - self._counted
            self._counted = now
            await self._sleep(worked * (1 / self._share - 1))
