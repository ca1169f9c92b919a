"""A person's remembered interactions: which of them still stand, and what leaves when the window is full.

The window is the latest `cap` interactions by (event time, event id), whatever order they arrived in: what a late event
pushes out is what would have been pushed out had it come in time.
"""

from bisect import insort
from collections.abc import Iterable

from schemas.interaction import Signal
from workers.state import Remembered


def live(window: Iterable[Remembered]) -> list[Remembered]:
    """Those that no retraction takes back: one withdraws what the person did with that item up to its own event time,
    or the one event that it names. Retractions themselves are not in the result."""
    window = list(window)
    until = _withdrawn_until(window)
    named = {entry.retracts for entry in window if entry.retracts is not None}
    return [
        entry
        for entry in window
        if entry.signal is not Signal.RETRACT and entry.time_ms > until.get(entry.item, -1) and entry.event not in named
    ]


def remember(window: list[Remembered], entry: Remembered, cap: int) -> Remembered | None:
    """Puts the entry in its place. Returns the live interaction that leaves for it, if one does."""
    insort(window, entry)
    if len(window) <= cap:
        return None
    standing = live(window[:1] + [other for other in window[1:] if other.signal is Signal.RETRACT])
    leaving = window.pop(0)
    return leaving if leaving in standing else None


def _withdrawn_until(window: list[Remembered]) -> dict[str, int]:
    until: dict[str, int] = {}
    for entry in window:
        if entry.signal is Signal.RETRACT and entry.retracts is None:
            until[entry.item] = max(entry.time_ms, until.get(entry.item, -1))
    return until
