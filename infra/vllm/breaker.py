"""A circuit breaker: after failures in a row nobody asks any more, until a probe has gone well.

It opens at the start too: what was never probed is not asked (a server that ignores the JSON schema answers all the
same). So CLOSED always means: probed, and well since.
"""

import time
from collections.abc import Callable
from enum import StrEnum

FAILURES = 5
"""Questions in a row. Each is tried for some seconds, so that a server that is full for a moment fails none."""

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 60.0
"""Seconds between probes, doubling. vLLM takes from half a minute (small) to minutes to start: it is noticed at most a
minute late, for one short request a minute."""


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"
    """Half-open: one probe is under way."""


class Breaker:
    """`clock` in seconds. Not for use from two threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._state = BreakerState.OPEN
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._next_probe = clock()  # the first at once

    @property
    def state(self) -> BreakerState:
        return self._state

    @property
    def closed(self) -> bool:
        return self._state is BreakerState.CLOSED

    def begin_probe(self) -> bool:
        """Whether the caller is the one who probes now; then `probed` or `leave` must follow."""
        if self._state is not BreakerState.OPEN or self._clock() < self._next_probe:
            return False
        self._state = BreakerState.PROBING
        return True

    def probed(self, well: bool) -> None:
        """How a probe ended, whoever began it."""
        if not well:
            self._open()
            return
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._pause = FIRST_PAUSE

    def leave(self) -> None:
        """The probe was given up without a result: the next caller may probe at once."""
        if self._state is BreakerState.PROBING:
            self._state = BreakerState.OPEN

    def succeeded(self) -> None:
        """A question went well. One that was under way while the breaker opened does not close it."""
        self._failures = 0

    def failed(self) -> None:
        """A question failed, all its tries together. One that was under way while the breaker opened adds nothing."""
        self._failures += 1
        if self.closed and self._failures >= FAILURES:
            self._open()

    def _open(self) -> None:
        self._state = BreakerState.OPEN
        self._next_probe = self._clock() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
