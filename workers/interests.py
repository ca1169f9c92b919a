"""First interests: the phrases of a person's own items that together explain what they did.

A pure function of the live window, so the order of arrival does not matter and a retraction takes an interest away
again. Greedy: the phrase that explains most of what is not explained yet comes next. (Issue B replaces it by
clustering, residual pursuit and refinement.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_FIRST = 12

EXPLAINED = 0.25
"""What is left of an interaction's evidence once an interest explains it. Above 0, so that a narrower phrase can stand
beside its topic: four of ten clicks on "bebop" still bring 4 x 0.25 = 1 click of evidence after "jazz"."""

ENOUGH = 0.6
"""Evidence, in clicks, that a phrase must explain anew: a first click names one interest, and a phrase inside a topic
that is named already takes three clicks (0.75), fresh or up to nine days old at a half-life of 30 (0.75 x 0.81)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One live interaction: its event id, its signed and faded weight in clicks, the readable phrases of its item."""

    event: str
    weight: float
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A phrase chosen, and the positions of the evidence behind it, in the order given."""

    text: str
    support: tuple[int, ...]


def first_interests(evidence: Sequence[Evidence], at_most: int = MAX_FIRST) -> tuple[Named, ...]:
    """At most `at_most` phrases, the most telling first; empty where nothing was said."""
    phrases = _by_generality(evidence)
    behind = _incidence(evidence, phrases)
    left = np.array([abs(one.weight) for one in evidence])
    chosen: list[Named] = []
    while phrases and len(chosen) < at_most:
        # Rounded, so that equal gains are equal: the first of them, the most general, wins.
        gains = np.round(behind @ left, 9)
        best = int(gains.argmax())
        if gains[best] < ENOUGH:
            break
        support = np.flatnonzero(behind[best])
        chosen.append(Named(phrases[best], tuple(support.tolist())))
        left[support] *= EXPLAINED
        behind[best] = 0.0
    return tuple(chosen)


def _by_generality(evidence: Sequence[Evidence]) -> list[str]:
    """All phrases; those that stand early in some item's list, where the general come first, before the others."""
    place: dict[str, int] = {}
    for one in evidence:
        for position, phrase in enumerate(one.phrases):
            place[phrase] = min(position, place.get(phrase, position))
    return sorted(place, key=lambda phrase: (place[phrase], phrase))


def _incidence(evidence: Sequence[Evidence], phrases: list[str]) -> NDArray[np.float64]:
    """(phrases, evidence): 1 where the item carries the phrase."""
    row = {phrase: number for number, phrase in enumerate(phrases)}
    cells = [(row[phrase], column) for column, one in enumerate(evidence) for phrase in one.phrases]
    matrix = np.zeros((len(phrases), len(evidence)))
    if cells:
        matrix[tuple(np.array(cells).T)] = 1.0
    return matrix
