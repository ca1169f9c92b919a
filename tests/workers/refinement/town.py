"""A small town for refinements: topics with kinds, items of both, and one person who did something with some of them.

Twenty-four dimensions: an axis for each of four topics, one for each of their four kinds, the rest to tell items apart.
An item of "old jazz" is similar to the text "old jazz", less to "jazz", hardly to "new jazz" and not to "chess".
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.interaction import Signal
from schemas.profile import Source
from workers.knowledge import Knowledge
from workers.ports import ItemRecord, Matrix
from workers.refinement.world import World
from workers.refit import FitRules, interest_id, refit
from workers.reward import held_out
from workers.scoring import Scoring
from workers.state import HeldInterest, Remembered, UserState

DIMENSION = 24
TOPICS = ("chess", "jazz", "rowing", "tea")
KINDS = ("old", "new", "rare", "odd")
NUMBERS = range(10)
NEAR_TO = {"music of old": "old jazz", "games of today": "new chess"}
"""Words that no item has."""

FIT = FitRules(background=np.eye(DIMENSION) / np.sqrt(DIMENSION), sharpen=0.5)
HOUR = 3_600_000


def unit(vector: NDArray[np.floating]) -> Matrix:
    return np.asarray(vector / np.linalg.norm(vector), "<f2").astype(np.float32)


def words_of(text: str) -> Matrix:
    """Of "jazz" and "old jazz"; of "music of old", near to the latter; anything else lies by itself."""
    vector = np.zeros(DIMENSION)
    if text in NEAR_TO:
        aside = np.random.default_rng(zlib.crc32(text.encode())).standard_normal(DIMENSION)
        return unit(words_of(NEAR_TO[text]) + 0.7 * unit(aside))
    kind, _, topic = text.casefold().rpartition(" ")
    if topic in TOPICS:
        vector[TOPICS.index(topic)] = 1.0
    if kind in KINDS and topic in TOPICS:
        vector[4 + 4 * TOPICS.index(topic) + KINDS.index(kind)] = 1.0
    return unit(vector if vector.any() else np.random.default_rng(zlib.crc32(text.encode())).standard_normal(DIMENSION))


def item(kind: str, topic: str, number: int, phrases: tuple[str, ...] | None = None) -> ItemRecord:
    key = f"town:{kind}-{topic}-{number}"
    own = 0.35 * np.random.default_rng(zlib.crc32(key.encode())).standard_normal(DIMENSION) / np.sqrt(6)
    vector = unit(words_of(f"{kind} {topic}") * 1.2 + own)
    said = (topic, f"{kind} {topic}") if phrases is None else phrases
    fits = tuple(max(0, round(100 * float(vector @ words_of(phrase)))) for phrase in said)
    return ItemRecord(key, "town", vector.astype("<f2").tobytes(), f"{kind} {topic} number {number}", said, "", fits)


ITEMS: Mapping[str, ItemRecord] = {
    record.key: record
    for topic in TOPICS
    for kind in KINDS
    for number in NUMBERS
    for record in [item(kind, topic, number)]
}
PHRASES = tuple(sorted({phrase for record in ITEMS.values() for phrase in record.phrases}))


@dataclass(frozen=True)
class Deed:
    """`held` chooses the event's id: in the fifth that is held out, or not."""

    key: str
    signal: Signal = Signal.CLICK
    held: bool = False


def deeds(
    kind: str, topic: str, numbers: Iterable[int], signal: Signal = Signal.CLICK, held: Iterable[int] = ()
) -> list[Deed]:
    out = set(held)
    return [Deed(f"town:{kind}-{topic}-{number}", signal, number in out) for number in numbers]


def held_interest(
    text: str,
    source: Source = Source.REFINEMENT,
    weight: float = 0.5,
    *,
    pinned: bool = False,
    held_weight: float | None = None,
) -> HeldInterest:
    vector = words_of(text).astype("<f2").tobytes()
    return HeldInterest(interest_id(text), text, weight, source, vector, pinned, (), held_weight)


@dataclass(frozen=True)
class Town:
    """Makes worlds. `settled` interests stand in the profile; the rest is named by the first re-fit."""

    did: Sequence[Deed]
    settled: Sequence[HeldInterest] = ()
    avoid: Sequence[HeldInterest] = ()
    removed: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    items: Mapping[str, ItemRecord] = field(default_factory=lambda: ITEMS)
    words: Sequence[str] = PHRASES
    scoring: Scoring = "mixture"
    rules: FitRules = FIT

    def world(self, judges: int = 30, others: int = 30) -> World:
        state = self.state()
        refit(state, self.known(), self.rules)
        state.version = 3
        drawn = [
            key for key in sorted(self.items, key=lambda key: zlib.crc32(key.encode())) if key not in state.items_seen()
        ]
        return World(
            state,
            self.items,
            {text: words_of(text) for text in self.words},
            self.rules,
            self.scoring,
            tuple(drawn[:judges]),
            tuple(drawn[judges : judges + others]),
        )

    def state(self) -> UserState:
        window = [
            Remembered((number + 1) * HOUR, _event(number, one.held), one.key, one.signal)
            for number, one in enumerate(self.did)
        ]
        state = UserState(window=window, removed=self.removed, dropped=self.dropped)
        state.interests, state.avoid = tuple(self.settled), tuple(self.avoid)
        return state

    def known(self) -> Knowledge:
        known = Knowledge()
        known.learn_items({*ITEMS, *self.items}, self.items)
        texts = {*self.words, *self.removed, *self.dropped, *(one.text for one in (*self.settled, *self.avoid))}
        texts |= {phrase for one in self.items.values() for phrase in one.phrases}
        known.learn_phrases(texts, {text: words_of(text).astype("<f2").tobytes() for text in self.words})
        return known


def _event(number: int, held: bool) -> str:
    return next(name for name in (f"event-{number}-{turn}" for turn in range(1_000)) if held_out(name) is held)
