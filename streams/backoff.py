"""How long to wait before the same thing is tried again."""

from collections.abc import Iterator

FIRST = 0.1
"""Seconds: a server that restarts is back in one to three, so the first tries cost little."""

CAP = 5.0
"""Seconds: what a server that was away for long waits for at most, and twelve log lines a minute."""


def delays(first: float = FIRST, cap: float = CAP) -> Iterator[float]:
    """Seconds between tries, without end: 0.1, 0.2, 0.4 ... 5, 5, 5."""
    delay = first
    while True:
        yield min(delay, cap)
        delay = min(delay * 2, cap)
