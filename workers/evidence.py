"""How much each interaction of a window says, in clicks: the weight of its signal, but less where nobody can have read.

* A brief click, left again within `BRIEF_MS`, counts a tenth. Where the dwell time is not known it counts in full.
* A burst: all that one person does within one minute of event time counts `BURST` clicks at most, shared in proportion.

Both look at event time and at nothing else, so late and permuted interactions come to the same, and whoever stays
within the bounds is counted to the last bit as if there were none. They stop what sends honest times: a page that
clicks by itself, a script, a child with a tablet. Whoever makes times up can spread a burst over any hour; against that
stand the doors' own limits.
"""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.interaction import Interaction, Signal
from workers.signals import SIGNED, fade
from workers.state import Remembered
from workers.weights import Array
from workers.window import live

BRIEF_MS = 3_000
"""Of a click's dwell time: 30 s are taken for satisfaction as a rule, a few seconds are a wrong turn. (On weighing
clicks by dwell time: Xie et al. 2023, arXiv:2209.09000.)"""

BRIEF = 0.1
"""Clicks: as much as an impression takes away. Not nothing, since what news readers open and leave at once still tells
some of their interest (Homma et al. 2020, arXiv:2012.13992)."""

BURST = 20.0
"""Clicks a minute: 60 s in pieces of `BRIEF_MS`, the most that can be read and counted in full. In the sample's
liveliest minute are 6.5, in a page of 100 impressions 10."""

MINUTE_MS = 60_000

RUSH = 60
"""Interactions in one minute that nobody makes by hand. As they say no more than `BURST`, their re-fits can wait
(`workers.triggers`)."""

_CROWD = round(BURST / max(map(abs, SIGNED.values())))
"""Interactions in one minute that are no burst whatever they are: looking for more of them is all that most pay."""

_PARTS = 10
"""Weights are whole tenths of a click, and sums of whole numbers are the same in any order and on any machine."""


def remembered(interaction: Interaction) -> Remembered:
    """As the window holds it."""
    dwell = interaction.dwell_ms
    return Remembered(
        round(interaction.time.timestamp() * 1000),
        interaction.event_id,
        interaction.item_key,
        interaction.signal,
        interaction.retracts,
        interaction.signal is Signal.CLICK and dwell is not None and dwell < BRIEF_MS,
    )


def evidence(entries: Sequence[Remembered], newest: int, half_life_days: float) -> Array:
    """(n,) signed, in clicks, faded to `newest` (ms since 1970). `entries` are live and in the window's order."""
    times = np.array([entry.time_ms for entry in entries], np.int64)
    said = np.array([_said(entry) for entry in entries])
    faded: Array = said * fade((newest - times).astype(np.float64), half_life_days)
    minutes = times // MINUTE_MS
    if (minutes[_CROWD:] == minutes[:-_CROWD]).any():
        faded *= _shares(minutes, said)
    return faded


def left_behind(entry: Remembered, window: Sequence[Remembered]) -> float:
    """Signed, in clicks: what an interaction says from now on that has left the window for the sums of the past. Where
    the rest of its minute, which is still there, makes `BURST` without it, nothing: so no minute leaves more behind."""
    said, minute = _said(entry), entry.time_ms // MINUTE_MS
    if len(window) < _CROWD or window[_CROWD - 1].time_ms // MINUTE_MS != minute:
        return said
    there = [abs(_said(other)) for other in live(window) if other.time_ms // MINUTE_MS == minute]
    return said if round(_PARTS * (sum(there) + abs(said))) <= _PARTS * BURST else 0.0


def in_a_rush(window: Sequence[Remembered], time_ms: int) -> bool:
    """Whether the minute of event time in which `time_ms` lies is one. `window` is in its order."""
    if len(window) < RUSH:
        return False
    minute = time_ms // MINUTE_MS
    first, end = (bisect_left(window, one * MINUTE_MS, key=lambda entry: entry.time_ms) for one in (minute, minute + 1))
    return end - first >= RUSH


def _said(entry: Remembered) -> float:
    return BRIEF if entry.brief else SIGNED[entry.signal]


def _shares(minutes: NDArray[np.int64], said: Array) -> Array:
    """(n,) what is left of each: 1 but in a burst."""
    _, which = np.unique(minutes, return_inverse=True)
    mass = np.bincount(which, weights=np.rint(_PARTS * np.abs(said)))
    left: Array = np.minimum(1.0, _PARTS * BURST / mass)[which]
    return left
