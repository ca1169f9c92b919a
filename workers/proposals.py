"""What becomes of a proposal: the one gate between a refiner and a person's profile.

1. In time. An older worker's comes too late, and a person's newer edit cancels it.
2. Owned. Of its edits those are carried out that touch nothing a person owns (`workers.editing.proposed`).
3. Judged. Both profiles, the one that stands now and the proposed one, are fitted to four fifths of what the person did
   and scored on the fifth that is held out, against the items it was made against and what the person passed over.
   Whatever the refiner measured, and at whatever version: this is measured here, on what is known now.
4. Accepted only if the reward rises. (The caller then re-fits on everything.)
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from schemas.proposal import Outcome, Proposal
from workers.editing import fit, proposed, texts_of
from workers.knowledge import Knowledge
from workers.refit import FitRules
from workers.reward import held_out, reward
from workers.scoring import Scoring, score
from workers.signals import SIGNED
from workers.state import UserState, vectors_of
from workers.triggers import DIGITS
from workers.weights import Array
from workers.window import live

_SCORE_DIGITS = 9
"""Of a score: what differs by less differs by the processor's order of adding, and stands in no order."""


class Verdict(StrEnum):
    """How a refinement ended; a metric label."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """The reward did not rise."""
    UNJUDGED = "unjudged"
    """Nothing that the person liked, or nothing else, is held out to judge by."""
    NOTHING = "nothing"
    """Nothing in it could be done, or there was nothing to refine from."""
    CANCELLED = "cancelled"
    """The person has edited the profile since."""
    STALE = "stale"
    """From a worker whose lease had passed to another."""
    EMPTY = "empty"
    FAILED = "failed"
    UNKNOWN_WORDS = "unknown_words"
    """Its texts were not embedded in time."""
    TOO_MANY_WAITING = "too_many_waiting"


@dataclass(frozen=True, slots=True)
class Decision:
    """`state` is the accepted one, its texts changed and not yet re-fitted. Rewards, where measured, lie in 0..1."""

    verdict: Verdict
    state: UserState | None = None
    before: float | None = None
    after: float | None = None


def decide(state: UserState, proposal: Proposal, known: Knowledge, rules: FitRules, scoring: Scoring) -> Decision:
    """Pure. Raises `Missing` for what has not been looked up; the texts of the proposal must have been."""
    # 1. In time
    if (verdict := _at_sight(state, proposal)) is not None:
        return Decision(verdict)
    # 2. Owned
    candidate = proposed(state, proposal.edits, known.phrases(texts_of(proposal.edits)))
    if candidate is None:
        return Decision(Verdict.NOTHING)
    # 3. Judged
    held = _held_out(state, proposal.negatives, known)
    if held is None:
        return Decision(Verdict.UNJUDGED)
    before, after = (_reward(one, held, known, rules, scoring) for one in (state, candidate))
    # 4. Accepted
    if after <= before:
        return Decision(Verdict.REJECTED, before=before, after=after)
    return Decision(Verdict.ACCEPTED, candidate, before, after)


def _at_sight(state: UserState, proposal: Proposal) -> Verdict | None:
    """What needs no measuring."""
    if proposal.outcome is not Outcome.OK:
        return Verdict(proposal.outcome.value)
    if proposal.fencing_token < state.refine.token:
        return Verdict.STALE
    return Verdict.CANCELLED if state.edited_version > proposal.base_version else None


@dataclass(frozen=True, slots=True)
class _Held:
    """Vectors of what is judged by: (p, d) of liked items, (q, d) of others."""

    liked: Array
    others: Array


def _held_out(state: UserState, negatives: tuple[str, ...], known: Knowledge) -> _Held | None:
    """None where there is nothing on one of the sides."""
    touched = state.items_seen()
    items = known.items(touched | set(negatives))
    entries = [entry for entry in live(state.window) if held_out(entry.event)]
    liked = {entry.item for entry in entries if SIGNED[entry.signal] > 0}
    passed = {entry.item for entry in entries if SIGNED[entry.signal] < 0} | (set(negatives) - touched)
    sides = [[items[key].vector for key in sorted(keys) if key in items] for keys in (liked, passed - liked)]
    if not all(sides):
        return None
    return _Held(*(np.array(side, np.float64) for side in sides))


def _reward(state: UserState, held: _Held, known: Knowledge, rules: FitRules, scoring: Scoring) -> float:
    """Of these texts, fitted without what is held out."""
    trial = replace(state, window=[entry for entry in live(state.window) if not held_out(entry.event)])
    fit(trial, known, rules)
    liked, others = (_scores(trial, rows, scoring) for rows in (held.liked, held.others))
    return round(reward(liked, others).value, DIGITS)


def _scores(state: UserState, rows: Array, scoring: Scoring) -> Array:
    """(n,) of items (n, d)."""
    similarities, avoid = (
        rows @ vectors_of(held).astype(np.float64).reshape(-1, rows.shape[1]).T
        for held in (state.interests, state.avoid)
    )
    weights = np.array([interest.weight for interest in state.interests])
    return np.asarray(np.round(score(scoring, similarities, weights, avoid), _SCORE_DIGITS), np.float64)
