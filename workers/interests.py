"""First interests: the phrases of a person's own items that together explain what they did.

A pure function of the live window, so the order of arrival does not matter and a retraction takes an interest away
again. Greedy: the phrase that explains most of what is not explained yet comes next. (Issue B replaces it by
clustering, residual pursuit and refinement.)
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple

MAX_FIRST = 12

EXPLAINED = 0.25
"""What is left of an interaction's evidence once an interest explains it. Above 0, so that a narrower phrase can stand
beside its topic: four of ten clicks on "bebop" still bring 4 x 0.25 = 1 click of evidence after "jazz"."""

ENOUGH = 0.6
"""Evidence, in clicks, that a phrase must explain anew: a first click names one interest, and a phrase inside a topic
that is named already takes three clicks (0.75), fresh or up to nine days old at a half-life of 30 (0.75 x 0.81)."""

_PARTS = 1_000_000_000
"""Evidence is counted in whole billionths of a click: such sums are the same in any order and on any machine."""


class Named(NamedTuple):
    """A phrase chosen, and the positions of the evidence behind it, in the order given."""

    text: str
    support: tuple[int, ...]


def first_interests(
    weights: Sequence[float], phrases: Sequence[Sequence[str]], at_most: int = MAX_FIRST
) -> tuple[Named, ...]:
    """At most `at_most` phrases, the most telling first, of equal ones the most general; empty where nothing was said.

    The evidence: of each live interaction the signed and faded weight in clicks, and the readable phrases of its item.
    Spellings that differ in case are one phrase."""
    left = [round(abs(weight) * _PARTS) for weight in weights]
    gains, telling = _telling(left, phrases)
    # What a phrase explains only falls: its last known gain is a bound, and the best bound that still holds is best.
    bounds = [(-gain, rank) for rank, gain in enumerate(gains)]
    heapify(bounds)
    chosen: list[Named] = []
    while bounds and bounds[0][0] <= -ENOUGH * _PARTS and len(chosen) < at_most:
        bound, rank = bounds[0]
        gain = sum([left[position] for position in telling[rank].support])
        if gain < -bound:
            heapreplace(bounds, (-gain, rank))
            continue
        heappop(bounds)
        chosen.append(telling[rank])
        for position in telling[rank].support:
            left[position] = round(left[position] * EXPLAINED)
    return tuple(chosen)


def _telling(left: list[int], phrases: Sequence[Sequence[str]]) -> tuple[list[int], list[Named]]:
    """Those that explain enough while nothing is explained yet (no other will later) and how much, the most general
    first: that is what stands early in some item's list."""
    folded = [list(map(str.casefold, spellings)) for spellings in phrases]
    gains: dict[str, int] = {}
    for gain, one in zip(left, folded, strict=True):
        for phrase in one:
            gains[phrase] = gains.get(phrase, 0) + gain
    support: dict[str, list[int]] = {phrase: [] for phrase, gain in gains.items() if gain >= ENOUGH * _PARTS}
    first: dict[str, tuple[int, str]] = {}
    for position, one in enumerate(folded):
        for place, phrase in enumerate(one):
            if phrase in support:
                support[phrase].append(position)
                spelling = (place, phrases[position][place])
                if phrase not in first or spelling < first[phrase]:
                    first[phrase] = spelling
    telling = sorted(first, key=first.__getitem__)
    return [gains[phrase] for phrase in telling], [Named(first[one][1], tuple(support[one])) for one in telling]
