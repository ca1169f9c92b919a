"""One re-fit: from what a person did, which still stands, to interests with weights.

1. Evidence: every live interaction with its signed weight, faded to the newest one's event time.
2. Interests: while nobody has refined or edited them, the phrases that explain the evidence (`workers.interests`).
3. Vectors: an interest's vector is its words', moved half-way towards the items behind it.
4. Weights: the normal equations of the window, computed anew in event order, plus the faded sums of what has left it
   (`workers.weights`). A retraction therefore restores the earlier weights to the last bit.

All of it is computed in float64, so that all workers write the same bytes whatever processor they have: which numbers
it adds first changes a float32 in the seventh digit (between AVX2 and AVX-512, 37 % of the sample's profiles then had
another weight). Similarities are even exact: float16 are multiples of 2^-24, so sums of their products fit in 53 bits.
Vectors and weights are rounded further than float64 errs.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.profile import MAX_EVIDENCE, Source
from workers.interests import Named, first_interests
from workers.knowledge import Knowledge, KnownItem
from workers.ports import Matrix
from workers.signals import SIGNED, fade
from workers.state import HeldInterest, Remembered, UserState
from workers.weights import Array, Moments, paper_weights, squashed, streaming_weights
from workers.window import live

SHARPEN = 0.5
"""Share of an interest's vector that comes from the items behind it: on MIND words alone reach AUC 64.9, 0.7 from the
items 65.8 (FACTS); half keeps the words in charge. Issue B chooses it from a curve."""

DIGITS = 6
"""Of a weight: enough for any ranking."""

Estimator = Literal["streaming", "paper"]


@dataclass(frozen=True, slots=True)
class FitRules:
    """`background` (d, r): its rows' outer product B = L L' is the second moment of the catalog's items."""

    background: NDArray[np.floating]
    half_life_days: float = 30.0
    estimator: Estimator = "streaming"

    def __post_init__(self) -> None:
        object.__setattr__(self, "background", np.asarray(self.background, np.float64))


def refit(state: UserState, known: Knowledge, rules: FitRules) -> None:
    """Replaces the interests of `state`, strongest first. Raises `Missing` (and changes nothing) for what is not at
    hand."""
    entries, items = _usable(live(state.window), known)
    newest = _newest(entries, state)
    evidence = _faded(entries, newest, rules.half_life_days)
    rows = _stacked([items[entry.item].vector for entry in entries])
    candidates = _candidates(state, entries, evidence, items, rows, known)
    past = _carried(state, candidates.interests)
    if candidates.interests:
        past_now = past.faded(fade(newest - state.past_ms, rules.half_life_days)) if past.mass else None
        _settle(state, candidates.interests, _weights(candidates, rows, evidence, past_now, rules), past)
    else:
        state.interests, state.past, state.past_ms = (), past, 0
    state.updated_ms = entries[-1].time_ms if entries else None


def leave(state: UserState, entry: Remembered, known: Knowledge, rules: FitRules) -> None:
    """Adds an interaction that has left the window to the faded sums. Raises `Missing` like `refit`."""
    item = known.items([entry.item]).get(entry.item)
    if item is None or not state.interests:
        return
    newest = _newest([entry], state)
    signed = SIGNED[entry.signal] * fade(newest - entry.time_ms, rules.half_life_days)
    kept = state.past.faded(fade(newest - state.past_ms, rules.half_life_days))
    similarities = item.vector.astype(np.float64)[None, :] @ state.vectors().astype(np.float64).T
    state.past = kept + Moments.of(similarities, np.array([signed]))
    state.past_ms = newest


@lru_cache(4096)
def interest_id(text: str) -> str:
    """12 hex digits, the same for the same words whoever holds them."""
    return hashlib.sha256(text.casefold().encode()).hexdigest()[:12]


def _usable(entries: list[Remembered], known: Knowledge) -> tuple[list[Remembered], dict[str, KnownItem]]:
    """Without the items that have been deleted since."""
    items = known.items({entry.item for entry in entries})
    return [entry for entry in entries if entry.item in items], items


def _newest(entries: Sequence[Remembered], state: UserState) -> int:
    """The event time that everything is faded to. What has left the window may be newer than what still stands in it
    (a retraction took the rest away), and nothing may fade backwards, which would be to grow."""
    newest = entries[-1].time_ms if entries else 0
    return max(newest, state.past_ms) if state.past.mass else newest


def _faded(entries: Sequence[Remembered], newest: int, half_life_days: float) -> Array:
    """(n,) signed."""
    ages = np.array([float(newest - entry.time_ms) for entry in entries])
    return np.array([SIGNED[entry.signal] for entry in entries]) * fade(ages, half_life_days)


class _Candidates(NamedTuple):
    """The interests to weigh, their vectors (m, d), and what the evidence behind each says by itself (m,) in -1..1."""

    interests: tuple[HeldInterest, ...]
    vectors: Array
    prior: Array


def _candidates(
    state: UserState,
    entries: list[Remembered],
    evidence: Array,
    items: dict[str, KnownItem],
    rows: Array,
    known: Knowledge,
) -> _Candidates:
    if any(interest.source is not Source.BOOTSTRAP for interest in state.interests):
        weights = np.array([interest.weight for interest in state.interests])
        return _Candidates(state.interests, state.vectors().astype(np.float64), weights)
    found = first_interests(evidence.tolist(), [items[entry.item].phrases for entry in entries])
    words = known.phrases({one.text for one in found})
    named = [one for one in found if one.text in words]
    if not named:
        return _Candidates((), np.zeros((0, 0)), np.zeros(0))
    behind = _support(named, len(entries))
    vectors = _sharpened(_stacked([words[one.text] for one in named]), behind * np.abs(evidence), rows)
    held = tuple([_held(*one, entries) for one in zip(named, vectors, strict=True)])
    return _Candidates(held, vectors.astype(np.float64), behind @ evidence / np.abs(evidence).sum())


def _held(named: Named, vector: NDArray[np.float16], entries: list[Remembered]) -> HeldInterest:
    newest = tuple([entries[position].event for position in named.support[-MAX_EVIDENCE:]])
    return HeldInterest(interest_id(named.text), named.text, 0.0, Source.BOOTSTRAP, vector.tobytes(), evidence=newest)


def _support(named: list[Named], entries: int) -> Array:
    """(m, n): 1 where an entry stands behind an interest."""
    behind = np.zeros(len(named) * entries)
    behind[[row * entries + position for row, one in enumerate(named) for position in one.support]] = 1.0
    return behind.reshape(len(named), entries)


def _sharpened(words: Array, strengths: Array, rows: Array) -> NDArray[np.float16]:
    """(m, d), unit length: each phrase's words, moved towards the items behind it. `strengths` (m, n)."""
    centres = strengths @ rows
    mixed = (1 - SHARPEN) * words + SHARPEN * centres / _lengths(centres)
    return (mixed / _lengths(mixed)).astype("<f2")


def _lengths(rows: Array) -> Array:
    """(n, 1); 1 for a row of zeros, which has no direction."""
    lengths: Array = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    lengths[lengths == 0] = 1
    return lengths[:, None]


def _carried(state: UserState, interests: tuple[HeldInterest, ...]) -> Moments:
    """The past, as the new list of interests sees it."""
    if not interests or not state.past.mass:
        return Moments.zero(len(interests))
    before = {interest.id: position for position, interest in enumerate(state.interests)}
    return state.past.select([before.get(interest.id) for interest in interests])


def _weights(candidates: _Candidates, rows: Array, evidence: Array, past: Moments | None, rules: FitRules) -> Array:
    similarities: Array = rows @ candidates.vectors.T if len(rows) else np.zeros((0, len(candidates.interests)))
    if rules.estimator == "paper":
        weights = paper_weights(similarities, (evidence > 0).astype(float))
        return weights / max(1.0, float(np.abs(weights).max()))
    moments = Moments.of(similarities, evidence)
    projected: Array = candidates.vectors @ rules.background
    background = projected @ projected.T
    return squashed(streaming_weights(moments + past if past else moments, background, candidates.prior))


def _stacked(vectors: Sequence[Matrix]) -> Array:
    """(n, d). (`np.stack` takes five times as long.)"""
    if not vectors:
        return np.zeros((0, 0))
    return np.concatenate(vectors, dtype=np.float64).reshape(len(vectors), -1)


def _settle(state: UserState, interests: tuple[HeldInterest, ...], weights: Array, past: Moments) -> None:
    """Strongest first; the past follows the order."""
    rounded = [round(weight, DIGITS) for weight in weights.tolist()]
    order = sorted(range(len(interests)), key=lambda i: (-rounded[i], interests[i].text))
    state.interests = tuple([interests[i]._replace(weight=rounded[i]) for i in order])
    state.past = past.select(order) if past.mass else past
