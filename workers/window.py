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
    retractions = [entry for entry in window if entry.signal is Signal.RETRACT]
    if not retractions:
        return window
    until = _withdrawn_until(retractions)
    named = {entry.retracts for entry in retractions if entry.retracts is not None}
    return [
        entry
        for entry in window
        if entry.signal is not Signal.RETRACT and entry.time_ms > until.get(entry.item, -1) and entry.event not in named
    ]


def remember(window: list[Remembered], entry: Remembered, cap: int) -> list[Remembered]:
    """Puts the entry in its place. Returns the live interactions that leave for it, oldest first: at most one, unless
    the cap has been lowered. What a leaving retraction has taken back leaves with it, or it would come back to life."""
    insort(window, entry, key=_place)
    over = max(0, len(window) - cap)
    if not over:
        return []
    leaving = window[:over]
    del window[:over]
    standing = live(leaving + [other for other in window if other.signal is Signal.RETRACT])
    for retraction in (one for one in leaving if one.signal is Signal.RETRACT):
        window[:] = [other for other in window if not _takes_back(retraction, other)]
    return standing


def _place(entry: Remembered) -> tuple[int, str]:
    return entry.time_ms, entry.event


def _takes_back(retraction: Remembered, entry: Remembered) -> bool:
    if entry.signal is Signal.RETRACT:
        return False
    if retraction.retracts is not None:
        return entry.event == retraction.retracts
    return entry.item == retraction.item and entry.time_ms <= retraction.time_ms


def _withdrawn_until(retractions: list[Remembered]) -> dict[str, int]:
    until: dict[str, int] = {}
    for entry in retractions:
        if entry.retracts is None:
            until[entry.item] = max(entry.time_ms, until.get(entry.item, -1))
    return until
