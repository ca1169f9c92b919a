"""One re-fit: from what a person did, which still stands, to interests with weights.

1. Evidence: every live interaction with its signed weight (`workers.evidence`), faded to the newest one's event time;
   but what a person removed takes the interactions that speak of it along, or the same topic would come back under
   other words.
2. Interests: what a person or a refinement has settled keeps its words; beside it stand the phrases that explain what
   is left of the evidence (`workers.interests`). What a person removed or a refinement dropped is not named again, what
   was removed not in other words either (`workers.withdrawn`), and no two interests say nearly the same.
3. Vectors: an interest's vector is its words', moved towards the interactions that are its own (`SHARPEN`). Words of a
   person's own are not moved: what they typed is what is meant.
4. Weights: the normal equations of the window, computed anew in event order, plus the faded sums of what has left it
   (`workers.weights`), pulled towards each interest's share of the evidence.

All four are a pure function of the window and of the texts that are settled: a re-fit twice is a re-fit once, and a
retraction restores the earlier profile to the last bit.

All of it is computed in float64, so that all workers write the same bytes whatever processor they have: which numbers
it adds first changes a float32 in the seventh digit (between AVX2 and AVX-512, 37 % of the sample's profiles then had
another weight). Similarities are even exact: float16 are multiples of 2^-24, so sums of their products fit in 53 bits.
Vectors and weights are rounded further than float64 errs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.profile import MAX_EVIDENCE, MAX_INTERESTS, Source
from workers.alike import ALIKE, below, first_alike, stacked, unlike
from workers.evidence import evidence, left_behind
from workers.held import HeldInterest, interest_id
from workers.interests import PERCENT, Evidence, Named, first_interests
from workers.knowledge import Knowledge, KnownItem
from workers.ports import Matrix
from workers.sharing import BELONGS, shares, sharpened, spoken_for
from workers.signals import fade
from workers.state import Remembered, UserState
from workers.weights import Array, Moments, paper_weights, squashed, streaming_weights
from workers.window import live
from workers.withdrawn import but_not_again, withdrawn

__all__ = ["ALIKE", "DIGITS", "SHARPEN", "FitRules", "interest_id", "leave", "refit", "withdrawn"]

SHARPEN = 0.7
"""Share of an interest's vector that comes from the interactions that are its own. On MIND words alone (0) reach AUC
66.1, 0.5 66.5, 0.7 66.9, 0.8 66.9: more would leave little of the words for nothing (docs/quality.md has the curve)."""

SPARE = 8
"""Phrases named beyond those that there is room for: some of the first turn out to say the same."""

DIGITS = 6
"""Of a weight: enough for any ranking."""

Estimator = Literal["streaming", "paper"]


@dataclass(frozen=True, slots=True)
class FitRules:
    """`background` (d, r): its rows' outer product B = L L' is the second moment of the catalog's items. `sharpen` in
    0..1 is 0 for words alone."""

    background: NDArray[np.floating]
    half_life_days: float = 30.0
    estimator: Estimator = "streaming"
    sharpen: float = SHARPEN

    def __post_init__(self) -> None:
        object.__setattr__(self, "background", np.asarray(self.background, np.float64))


def refit(state: UserState, known: Knowledge, rules: FitRules) -> None:
    """Replaces the interests of `state`, strongest first. Raises `Missing` (and changes nothing) for what is not at
    hand."""
    seen = _look(state, known, rules)
    texts, vectors = _distinct(_texts(state, seen, known), seen, rules.sharpen)
    past = _carried(state, texts.interests)
    if texts.interests:
        past_now = past.faded(fade(seen.newest - state.past_ms, rules.half_life_days)) if past.mass else None
        weights = _weights(vectors.astype(np.float64), texts.support, seen, past_now, rules)
        _settle(state, _held(texts, vectors, seen), weights, past)
    else:
        state.interests, state.past, state.past_ms = (), past, 0
    state.updated_ms = seen.entries[-1].time_ms if seen.entries else None


def leave(state: UserState, entry: Remembered, known: Knowledge, rules: FitRules) -> None:
    """Adds an interaction that has left the window to the faded sums. Raises `Missing` like `refit`."""
    item = known.items([entry.item]).get(entry.item)
    if item is None or not state.interests:
        return
    newest = _newest([entry], state)
    signed = left_behind(entry, state.window) * fade(newest - entry.time_ms, rules.half_life_days)
    kept = state.past.faded(fade(newest - state.past_ms, rules.half_life_days))
    similarities = item.vector.astype(np.float64)[None, :] @ state.vectors().astype(np.float64).T
    state.past = kept + Moments.of(similarities, np.array([signed]))
    state.past_ms = newest


class _Seen(NamedTuple):
    """Step 1. n live interactions with items that still exist, oldest first."""

    entries: list[Remembered]
    items: list[KnownItem]
    rows: Array
    """(n, d)"""
    evidence: Array
    """(n,) signed and faded to `newest`."""
    newest: int


def _look(state: UserState, known: Knowledge, rules: FitRules) -> _Seen:
    entries = live(state.window)
    items = known.items({entry.item for entry in entries})
    gone = withdrawn(state.removed, items, known)
    entries = [entry for entry in entries if entry.item in items and entry.item not in gone]
    newest = _newest(entries, state)
    found = [items[entry.item] for entry in entries]
    return _Seen(
        entries,
        found,
        stacked([item.vector for item in found]),
        evidence(entries, newest, rules.half_life_days),
        newest,
    )


def _newest(entries: Sequence[Remembered], state: UserState) -> int:
    """The event time that everything is faded to. What has left the window may be newer than what still stands in it
    (a retraction took the rest away), and nothing may fade backwards, which would be to grow."""
    newest = entries[-1].time_ms if entries else 0
    return max(newest, state.past_ms) if state.past.mass else newest


class _Texts(NamedTuple):
    """Step 2. The first `settled` interests stay; the others are named anew, the most telling first. `words` (m, d) of
    the interests; `support`, which interactions (positions) each is seen in."""

    interests: tuple[HeldInterest, ...]
    words: Array
    support: tuple[tuple[int, ...], ...]
    settled: int

    def first(self, count: int) -> "_Texts":
        return _Texts(self.interests[:count], self.words[:count], self.support[:count], self.settled)

    def without(self, one: int) -> "_Texts":
        interests, support = ([*rows[:one], *rows[one + 1 :]] for rows in (self.interests, self.support))
        return _Texts(tuple(interests), np.delete(self.words, one, axis=0), tuple(support), self.settled)


def _texts(state: UserState, seen: _Seen, known: Knowledge) -> _Texts:
    settled = [one for one in state.interests if one.is_owned or one.source is not Source.BOOTSTRAP]
    words = _words_of(settled, known)
    named = _named(state, settled, words, seen)
    vectors = known.phrases({one.text for one in named})
    said = [(one, vectors[one.text]) for one in named if one.text in vectors]
    distinct = unlike(words, but_not_again(said, state.removed, known))
    fresh = [_fresh(one.text) for one, _ in distinct]
    support = (*(_shows(one.text, seen.items) for one in settled), *(one.support for one, _ in distinct))
    return _Texts((*settled, *fresh), below(words, [vector for _, vector in distinct]), support, len(settled))


def _distinct(texts: _Texts, seen: _Seen, share: float) -> tuple[_Texts, NDArray[np.float16]]:
    """Those that are not alike once their vectors (m, d) are sharpened: two phrases of one and the same interaction
    come to say the same. Of a pair the later goes, and what was its own falls to the others."""
    while True:
        texts = texts.first(MAX_INTERESTS)
        vectors = _vectors(texts, seen, share)
        later = first_alike(vectors.astype(np.float64), texts.settled)
        if later is None:
            return texts, vectors
        texts = texts.without(later)


def _words_of(settled: Sequence[HeldInterest], known: Knowledge) -> Array:
    """(s, d). A text that came with a vector keeps it; so does one whose words' vector the store has lost."""
    if not settled:
        return np.zeros((0, 0))
    vectors = known.phrases({one.text for one in settled if one.source is not Source.IMPORT})
    return stacked([vectors[one.text] if one.text in vectors else _kept(one) for one in settled])


def _kept(one: HeldInterest) -> Matrix:
    return np.frombuffer(one.vector, "<f2").astype(np.float32)


def _named(state: UserState, settled: list[HeldInterest], words: Array, seen: _Seen) -> tuple[Named, ...]:
    explained = [0] * len(seen.entries)
    if len(words) and len(seen.rows):
        explained = [max(0, round(PERCENT * cosine)) for cosine in (seen.rows @ words.T).max(axis=1).tolist()]
    told = [
        Evidence(weight, item.phrases, item.affinities, already)
        for weight, item, already in zip(seen.evidence.tolist(), seen.items, explained, strict=True)
    ]
    barred = {text.casefold() for text in (*state.removed, *state.dropped, *(one.text for one in settled))}
    return first_interests(told, MAX_INTERESTS - len(settled) + SPARE, barred)


def _shows(text: str, items: Sequence[KnownItem]) -> tuple[int, ...]:
    """The items of which this text is a phrase."""
    folded = text.casefold()
    return tuple([at for at, item in enumerate(items) if folded in map(str.casefold, item.phrases)])


def _fresh(text: str) -> HeldInterest:
    return HeldInterest(interest_id(text), text, 0.0, Source.BOOTSTRAP, b"")


def _vectors(texts: _Texts, seen: _Seen, share: float) -> NDArray[np.float16]:
    """Step 3: (m, d), unit length."""
    if not share or not len(seen.rows) or not texts.interests:
        return texts.words.astype("<f2")
    moved = sharpened(texts.words, shares(seen.rows @ texts.words.T, BELONGS) * np.abs(seen.evidence), seen.rows, share)
    own = [position for position, one in enumerate(texts.interests) if one.source in (Source.PERSON, Source.IMPORT)]
    moved[own] = texts.words[own]
    return moved.astype("<f2")


def _held(texts: _Texts, vectors: NDArray[np.float16], seen: _Seen) -> list[HeldInterest]:
    """With their vectors and the newest events behind each."""
    return [
        one._replace(vector=vector.tobytes(), evidence=tuple([seen.entries[at].event for at in behind[-MAX_EVIDENCE:]]))
        for one, vector, behind in zip(texts.interests, vectors, texts.support, strict=True)
    ]


def _carried(state: UserState, interests: tuple[HeldInterest, ...]) -> Moments:
    """The past, as the new list of interests sees it."""
    if not interests or not state.past.mass:
        return Moments.zero(len(interests))
    before = {interest.id: position for position, interest in enumerate(state.interests)}
    return state.past.select([before.get(interest.id) for interest in interests])


def _weights(
    vectors: Array, support: Sequence[Sequence[int]], seen: _Seen, past: Moments | None, rules: FitRules
) -> Array:
    """Step 4: (m,) in -1..1."""
    similarities: Array = seen.rows @ vectors.T if len(seen.rows) else np.zeros((0, len(vectors)))
    if rules.estimator == "paper":
        weights = paper_weights(similarities, (seen.evidence > 0).astype(float))
        return weights / max(1.0, float(np.abs(weights).max()))
    moments = Moments.of(similarities, seen.evidence)
    projected: Array = vectors @ rules.background
    prior = spoken_for(similarities, support, seen.evidence, past.mass if past else 0.0)
    return squashed(streaming_weights(moments + past if past else moments, projected @ projected.T, prior))


def _settle(state: UserState, interests: Sequence[HeldInterest], weights: Array, past: Moments) -> None:
    """Strongest first; the past follows the order."""
    rounded = [round(weight, DIGITS) for weight in weights.tolist()]
    order = sorted(range(len(interests)), key=lambda i: (-rounded[i], interests[i].text))
    state.interests = tuple([interests[i]._replace(weight=rounded[i]) for i in order])
    state.past = past.select(order) if past.mass else past
