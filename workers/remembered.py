"""An interaction as the agent remembers it, and the window's part of the user's record (`workers.state`)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.interaction import Signal


class Remembered(NamedTuple):
    """One interaction in the window."""

    time_ms: int
    event: str
    item: str
    signal: Signal
    retracts: str | None = None
    brief: bool = False  # a click that was left again at once (`workers.evidence`)


def pack_window(window: list[Remembered]) -> list[Any]:
    """By columns: a third of the bytes and of the time of one object an interaction."""
    times, events, items, signals, retracts, _ = zip(*window, strict=True) if window else ((), (), (), (), (), ())
    codes = [_CODES[signal] for signal in signals]
    return [times, events, items, codes, [(at, event) for at, event in enumerate(retracts) if event is not None]]


def pack_brief(window: list[Remembered]) -> dict[str, list[int]]:
    """Beside the columns, where an earlier release passes it over, and only where there is one."""
    return {"brief": brief} if (brief := [at for at, entry in enumerate(window) if entry.brief]) else {}


def unpack_window(columns: list[Any], brief: Sequence[int]) -> list[Remembered]:
    times, events, items, codes, retracts = columns
    signals = map(_SIGNALS.__getitem__, codes)
    window = list(map(Remembered, times, events, items, signals))
    for at, event in retracts:
        window[at] = window[at]._replace(retracts=event)
    for at in brief:
        window[at] = window[at]._replace(brief=True)
    return window


_SIGNALS = tuple(Signal)
_CODES = {signal: code for code, signal in enumerate(_SIGNALS)}
