"""The reward of a profile, as the gate measures it and as a refinement measures it beforehand: fitted to four fifths of
what the person did, scored on the fifth that is held out, against given items and what the person passed over."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workers.editing import fit
from workers.knowledge import Knowledge
from workers.refit import FitRules, withdrawn
from workers.reward import held_out, reward
from workers.scoring import SCORE_DIGITS, Scoring, score
from workers.signals import SIGNED
from workers.state import HeldInterest, Remembered, UserState, vectors_of
from workers.triggers import DIGITS
from workers.weights import Array
from workers.window import live


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Vectors of what is judged by: (p, d) of liked items, (q, d) of others."""

    liked: Array
    others: Array

    @property
    def can_judge(self) -> bool:
        return bool(len(self.liked) and len(self.others))


def training_part(state: UserState) -> list[Remembered]:
    """The live interactions that are not held out."""
    return [entry for entry in live(state.window) if not held_out(entry.event)]


def held_back(state: UserState, known: Knowledge, negatives: Collection[str]) -> HeldBack:
    """Items that are gone, and those that speak of what the person removed, judge nothing. Raises `Missing`."""
    touched = state.items_seen()
    items = known.items(touched | set(negatives))
    gone = withdrawn(state.removed, items, known)
    entries = [entry for entry in live(state.window) if held_out(entry.event)]
    liked = {entry.item for entry in entries if SIGNED[entry.signal] > 0} - gone
    passed = {entry.item for entry in entries if SIGNED[entry.signal] < 0} | (set(negatives) - touched)
    sides = ([items[key].vector for key in sorted(keys) if key in items] for keys in (liked, passed - liked))
    return HeldBack(*(np.array(side, np.float64) for side in sides))


def fitted_reward(state: UserState, held: HeldBack, known: Knowledge, rules: FitRules, scoring: Scoring) -> float:
    """Of these texts, fitted without what is held out. Raises `Missing`."""
    trial = replace(state, window=training_part(state))
    fit(trial, known, rules)
    return reward_of(trial, held, scoring)


def reward_of(state: UserState, held: HeldBack, scoring: Scoring) -> float:
    """Of a fitted profile, in 0..1."""
    liked, others = (_scores(state, rows, scoring) for rows in (held.liked, held.others))
    return round(reward(liked, others).value, DIGITS)


def _scores(state: UserState, rows: Array, scoring: Scoring) -> Array:
    """(n,) of items (n, d)."""
    similarities, avoid = (cosines_to(one, rows) for one in (state.interests, state.avoid))
    weights = np.array([interest.weight for interest in state.interests])
    return np.asarray(np.round(score(scoring, similarities, weights, avoid), SCORE_DIGITS), np.float64)


def cosines_to(interests: Sequence[HeldInterest], rows: Array) -> Array:
    """(n, m) of rows (n, d)."""
    return rows @ vectors_of(interests).astype(np.float64).reshape(-1, rows.shape[1]).T
