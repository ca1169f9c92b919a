"""One re-fit: from what a person did, which still stands, to interests with weights.

1. Evidence: every live interaction with its signed weight, faded to the newest one's event time.
2. Interests: while nobody has refined or edited them, the phrases that explain the evidence (`workers.interests`).
3. Vectors: an interest's vector is its words', moved half-way towards the items behind it.
4. Weights: the normal equations of the window, computed anew in event order, plus the faded sums of what has left it
   (`workers.weights`). A retraction therefore restores the earlier weights to the last bit.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from schemas.profile import MAX_EVIDENCE, Source
from workers.interests import Evidence, first_interests
from workers.knowledge import Knowledge
from workers.ports import Matrix
from workers.signals import SIGNED, fade
from workers.state import HeldInterest, Remembered, UserState
from workers.weights import Array, Moments, paper_weights, squashed, streaming_weights
from workers.window import live

SHARPEN = 0.5
"""Share of an interest's vector that comes from the items behind it: on MIND words alone reach AUC 64.9, 0.7 from the
items 65.8 (FACTS); half keeps the words in charge. Issue B chooses it from a curve."""

DIGITS = 6
"""Weights are rounded to this many digits: enough for any ranking, and the same on every machine."""

Estimator = Literal["streaming", "paper"]


@dataclass(frozen=True, slots=True)
class FitRules:
    """`background` (d, r): its rows' outer product B = L L' is the second moment of the catalog's items."""

    background: Matrix
    half_life_days: float = 30.0
    estimator: Estimator = "streaming"


def refit(state: UserState, known: Knowledge, rules: FitRules) -> None:
    """Replaces the interests of `state`, strongest first. Raises `Missing` (and changes nothing) for what is not at
    hand."""
    entries, items = _usable(live(state.window), known)
    evidence = _faded(entries, rules.half_life_days)
    rows = np.stack([items[entry.item] for entry in entries]) if entries else np.zeros((0, 0), np.float32)
    interests, prior = _interests(state, entries, evidence, rows, known)
    past = _carried(state, interests)
    state.interests, state.past = (), Moments.zero(0)
    if interests:
        newest = max((entry.time_ms for entry in entries), default=state.past_ms)
        past_now = past.faded(fade(newest - state.past_ms, rules.half_life_days))
        weights = _weights(interests, rows, evidence, past_now, prior, rules)
        _settle(state, interests, weights, past)
    state.updated_ms = max((entry.time_ms for entry in entries), default=None)


def leave(state: UserState, entry: Remembered, known: Knowledge, rules: FitRules) -> None:
    """Adds an interaction that has left the window to the faded sums. Raises `Missing` like `refit`."""
    item = known.items([entry.item]).get(entry.item)
    if item is None or not state.interests:
        return
    similarities = (item.vector @ state.vectors().T)[None, :].astype(np.float64)
    newest = max(entry.time_ms, state.past_ms) if state.past.mass else entry.time_ms
    signed = SIGNED[entry.signal] * fade(newest - entry.time_ms, rules.half_life_days)
    kept = state.past.faded(fade(newest - state.past_ms, rules.half_life_days)) if state.past.mass else state.past
    state.past = kept + Moments.of(similarities, np.array([signed]))
    state.past_ms = newest


def interest_id(text: str) -> str:
    """12 hex digits, the same for the same words whoever holds them."""
    return hashlib.sha256(text.casefold().encode()).hexdigest()[:12]


def _usable(entries: list[Remembered], known: Knowledge) -> tuple[list[Remembered], dict[str, Matrix]]:
    """Without the items that have been deleted since."""
    items = known.items({entry.item for entry in entries})
    return [entry for entry in entries if entry.item in items], {key: item.vector for key, item in items.items()}


def _faded(entries: Sequence[Remembered], half_life_days: float) -> Array:
    newest = max((entry.time_ms for entry in entries), default=0)
    return np.array([SIGNED[entry.signal] * fade(newest - entry.time_ms, half_life_days) for entry in entries])


def _interests(
    state: UserState, entries: list[Remembered], evidence: Array, rows: Matrix, known: Knowledge
) -> tuple[tuple[HeldInterest, ...], Array]:
    """The interests to weigh, and what the evidence behind each says by itself, in -1..1."""
    if any(interest.source is not Source.BOOTSTRAP for interest in state.interests):
        return state.interests, np.array([interest.weight for interest in state.interests])
    items = known.items({entry.item for entry in entries})
    named = first_interests(
        [
            Evidence(entry.event, float(weight), items[entry.item].phrases)
            for entry, weight in zip(entries, evidence, strict=True)
        ]
    )
    words = known.phrases({one.text for one in named})
    total = float(np.abs(evidence).sum()) or 1.0
    held, prior = [], []
    for one in named:
        if one.text in words:
            support = list(one.support)
            held.append(
                _held(one.text, _sharpened(words[one.text], rows[support], evidence[support]), support, entries)
            )
            prior.append(float(evidence[support].sum()) / total)
    return tuple(held), np.array(prior)


def _held(text: str, vector: Matrix, support: list[int], entries: list[Remembered]) -> HeldInterest:
    newest = tuple(entries[position].event for position in support[-MAX_EVIDENCE:])
    return HeldInterest(interest_id(text), text, 0.0, Source.BOOTSTRAP, vector.astype("<f2").tobytes(), evidence=newest)


def _sharpened(words: Matrix, rows: Matrix, evidence: Array) -> Matrix:
    """(d,) unit length."""
    centre = np.abs(evidence).astype(np.float32) @ rows
    length = float(np.linalg.norm(centre))
    mixed = (1 - SHARPEN) * words + SHARPEN * centre / length if length else words
    return np.asarray(mixed / np.linalg.norm(mixed), np.float32)


def _carried(state: UserState, interests: tuple[HeldInterest, ...]) -> Moments:
    """The past, as the new list of interests sees it."""
    before = {interest.id: position for position, interest in enumerate(state.interests)}
    return state.past.select([before.get(interest.id) for interest in interests])


def _weights(
    interests: tuple[HeldInterest, ...],
    rows: Matrix,
    evidence: Array,
    past: Moments,
    prior: Array,
    rules: FitRules,
) -> Array:
    vectors = UserState(interests=interests).vectors()
    similarities = (rows @ vectors.T).astype(np.float64) if len(rows) else np.zeros((0, len(interests)))
    if rules.estimator == "paper":
        weights = paper_weights(similarities, (evidence > 0).astype(float))
        return weights / max(1.0, float(np.abs(weights).max()))
    projected = (vectors @ rules.background).astype(np.float64)
    return squashed(streaming_weights(Moments.of(similarities, evidence) + past, projected @ projected.T, prior))


def _settle(state: UserState, interests: tuple[HeldInterest, ...], weights: Array, past: Moments) -> None:
    """Strongest first; the past follows the order."""
    rounded = [round(float(weight), DIGITS) for weight in weights]
    order = sorted(range(len(interests)), key=lambda i: (-rounded[i], interests[i].text))
    state.interests = tuple(replace(interests[i], weight=rounded[i]) for i in order)
    state.past = past.select(list(order))
