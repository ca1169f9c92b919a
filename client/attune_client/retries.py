"""Trying again: when, after how long, and until when."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
"""Seconds. A restarted service is back within a few: 0.1 doubling to 2 meets it at most 2 s late."""


class Again(Exception):
    """Raised by an attempt that may be repeated. `error` is what the caller sees when no time is left; `after` is how
    many seconds the gateway asked to wait, if it did."""

    def __init__(self, error: Exception, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


@dataclass(frozen=True)
class Patience:
    """`sleep` and `clock` in seconds, as `time.sleep` and `time.monotonic`."""

    sleep: Callable[[float], None]
    clock: Callable[[], float]

    def attempt(self, call: Callable[[], T], deadline: float) -> T:
        """Calls until it does not raise `Again`, for at most `deadline` seconds; 0 means once."""
        end = self.clock() + deadline
        pause = FIRST_PAUSE
        while True:
            try:
                return call()
            except Again as again:
                wait = _jittered(pause) if again.after is None else again.after
                if self.clock() + wait >= end:
                    raise again.error from again
            self.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE)


def _jittered(pause: float) -> float:
    """Half to the whole of it, so that many clients do not come back at one moment."""
    return pause * random.uniform(0.5, 1.0)
