"""The numbers of an ask: products of all texts and items that a search speaks of, made once for all its candidates.

Texts are the profile's, those that candidates have added, and the phrases of the training part's items: of nobody
else's, so that what phrase search finds is true to what the person did.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from schemas.profile import Source
from workers.alike import NEAR
from workers.evidence import evidence
from workers.ports import Matrix
from workers.refinement.asks import Numeric
from workers.refinement.judging import Judging, Trial
from workers.refit import interest_id
from workers.state import HeldInterest
from workers.weights import Array


class Numbers:
    """For one `Judging`; grows by the texts that candidates bring."""

    def __init__(self, judging: Judging) -> None:
        self._judging = judging
        world = judging.world
        self.background = world.rules.background
        self.rows = judging.rows([entry.item for entry in judging.training])
        self.evidence = self._evidence()
        self.other_keys = [key for key in world.others if key in world.items and key not in world.state.items_seen()]
        self._seen = np.concatenate([self.rows, judging.rows(self.other_keys)])  # (n + q, d)
        self._rows_seen = self.rows @ self._seen.T
        self._rows_background = self.rows @ self.background
        self._avoid_seen = self._seen @ self._stacked([_held_vector(one) for one in world.state.avoid]).T
        items = [world.items[entry.item] for entry in judging.training]
        self._said = [{interest_id(phrase) for phrase in item.phrases} for item in items]
        self._texts: list[str] = []
        self._place: dict[str, int] = {}
        self._words = self._stacked([])
        self._products: tuple[Array, ...] = ()
        phrases = own_phrases(judging)
        self._grow([(text, judging.words[text]) for text in phrases])
        self._own = len(self._texts)
        self._barred = self._unwanted()

    def of(self, trial: Trial) -> Numeric:
        """For an ask about this candidate."""
        profile = trial.profile.interests
        self._grow([(one.text, self._judging.words.get(one.text, _held_vector(one))) for one in profile])
        places = [self._place[one.id] for one in profile]
        words_seen, words_words, words_background = self._products
        size = len(self._texts)
        settled, sharpen = np.zeros(size, bool), np.full(size, self._judging.world.rules.sharpen)
        held_weights = np.full(size, np.nan)
        for place, one in zip(places, profile, strict=True):
            settled[place] = one.is_owned or one.source is not Source.BOOTSTRAP
            sharpen[place] *= one.source not in (Source.PERSON, Source.IMPORT)
            held_weights[place] = np.nan if one.held_weight is None else one.held_weight
        return Numeric(
            texts=tuple(self._texts),
            current=tuple(places),
            usable=self._usable(places, trial.candidate.dropped),
            settled=settled,
            sharpen=sharpen,
            held_weights=held_weights,
            evidence=self.evidence,
            shown=self._shown,
            words_seen=words_seen,
            rows_seen=self._rows_seen,
            avoid_seen=self._avoid_seen,
            words_words=words_words,
            words_background=words_background,
            rows_background=self._rows_background,
            scoring=self._judging.world.scoring,
        )

    def _evidence(self) -> Array:
        """(n,) signed and faded to the newest, as in a re-fit."""
        training, state = self._judging.training, self._judging.world.state
        newest = max([entry.time_ms for entry in training], default=0)
        newest = max(newest, state.past_ms) if state.past.mass else newest
        return evidence(training, newest, self._judging.world.rules.half_life_days)

    def _grow(self, texts: Iterable[tuple[str, Matrix]]) -> None:
        new = [(text, vector) for text, vector in texts if interest_id(text) not in self._place]
        if not new and self._products:
            return
        for text, _ in new:
            self._place[interest_id(text)] = len(self._texts)
            self._texts.append(text)
        self._words = np.concatenate([self._words, self._stacked([vector for _, vector in new])])
        words = self._words
        self._shown = np.array([[one in said for said in self._said] for one in self._place], bool).reshape(
            len(self._texts), len(self._said)
        )
        self._products = (words @ self._seen.T, words @ words.T, words @ self.background)

    def _stacked(self, vectors: Sequence[Matrix]) -> Array:
        return np.array(vectors, np.float64).reshape(len(vectors), len(self.background))

    def _unwanted(self) -> NDArray[np.bool_]:
        """(t,) of the own phrases: which say what the person removed or avoids, or stand in the profile as it is, where
        adding them changes nothing."""
        state = self._judging.world.state
        words = self._judging.words
        gone = [words[text] for text in state.removed if text in words] + [_held_vector(one) for one in state.avoid]
        names = {*map(interest_id, state.removed), *(one.id for one in state.avoid + state.interests)}
        alike = (self._words @ self._stacked(gone).T >= NEAR).any(axis=1)
        return np.asarray(alike | np.array([interest_id(text) in names for text in self._texts], bool))

    def _usable(self, places: Sequence[int], dropped: Iterable[str]) -> NDArray[np.bool_]:
        usable = np.zeros(len(self._texts), bool)
        usable[: self._own] = ~self._barred
        usable[list(places)] = False
        usable[[self._place[one] for one in map(interest_id, dropped) if one in self._place]] = False
        return usable


def own_phrases(judging: Judging) -> tuple[str, ...]:
    """Of the training part's items, those that have a vector: each once, in the spelling that stands earliest, the most
    general first."""
    first: dict[str, tuple[int, str]] = {}
    for entry in judging.training:
        for place, spelling in enumerate(judging.world.items[entry.item].phrases):
            folded = spelling.casefold()
            if spelling in judging.words and (folded not in first or (place, spelling) < first[folded]):
                first[folded] = (place, spelling)
    return tuple(spelling for _, spelling in sorted(first.values()))


def _held_vector(one: HeldInterest) -> Matrix:
    return np.frombuffer(one.vector, "<f2").astype(np.float32)
