"""What an agents process knows of items and phrases at the moment: a bounded cache in front of the store.

A fold never waits. It asks here, and where something is not at hand it raises `Missing` with everything it lacks; the
stage fetches that in one round trip and folds again. So the fold stays a pure function of mailbox and catalog.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from workers.ports import ItemRecord, Matrix

MAX_ITEMS = 20_000
"""384 float32 are 1.5 KB: 30 MB."""

MAX_PHRASES = 20_000

MAX_AGE = 60.0
"""Seconds. A provider may describe an item anew or take it out of the catalog, and every agents process shall find the
same then, however long it has lived. Looking everything up again costs a round trip a minute."""


UNKNOWN_AFFINITY = 50
"""Percent, of every phrase of a record that an earlier release wrote: none says more of its item than another, so the
general ones, which come first, are named."""


@dataclass(frozen=True, slots=True)
class KnownItem:
    vector: Matrix
    """(d,)"""
    phrases: tuple[str, ...]
    affinities: tuple[int, ...]
    """In percent, one a phrase."""


class Missing(Exception):
    """Not at hand: fetch these and fold again."""

    def __init__(self, items: Collection[str] = (), phrases: Collection[str] = (), space: str = "") -> None:
        super().__init__(f"{len(items)} items and {len(phrases)} phrases are not at hand")
        self.space = space
        self.items = frozenset(items)
        self.phrases = frozenset(phrases)


class Knowledge:
    """Least recently used entries leave first. What the store does not know is remembered as absent until
    `between_batches`, so that a fold ends after one fetch."""

    def __init__(self, max_items: int = MAX_ITEMS, max_phrases: int = MAX_PHRASES, space: str = "") -> None:
        self.space = space
        self._items: OrderedDict[str, KnownItem] = OrderedDict()
        self._phrases: OrderedDict[str, Matrix] = OrderedDict()
        self._absent: set[str] = set()
        self._wordless: set[str] = set()
        self._stale_at = 0.0
        self._max_items = max_items
        self._max_phrases = max_phrases

    @classmethod
    def of(
        cls, space: str, items: Mapping[str, KnownItem], phrases: Mapping[str, Matrix], absent: Iterable[str]
    ) -> "Knowledge":
        """That knows these, and that there is nothing under the `absent` keys."""
        known = cls(space=space)
        known._items.update(items)
        known._phrases.update(phrases)
        known._absent.update(absent)
        return known

    def learn_items(self, asked: Iterable[str], records: Mapping[str, ItemRecord]) -> None:
        """Takes the store's answer: what was asked for and is not in `records` is absent."""
        for key in asked:
            record = records.get(key)
            if record is None:
                self._absent.add(key)
                self._items.pop(key, None)
            else:
                self._items[key] = _known(record)
                self._items.move_to_end(key)

    def learn_phrases(self, asked: Iterable[str], vectors: Mapping[str, bytes]) -> None:
        """A phrase that the store has no vector for is left out: it cannot name an interest."""
        for phrase in asked:
            raw = vectors.get(phrase)
            if raw is None:
                self._wordless.add(phrase)
                self._phrases.pop(phrase, None)
            else:
                self._phrases[phrase] = _row(raw)
                self._phrases.move_to_end(phrase)

    def between_batches(self, now: float) -> None:
        """What was absent may have come, and what was known may have changed. Also the moment to keep within bounds.
        `now` is in seconds, of any clock."""
        self._absent.clear()
        self._wordless.clear()
        if now >= self._stale_at:
            self._items.clear()
            self._stale_at = now + MAX_AGE
        _trim(self._items, self._max_items)
        _trim(self._phrases, self._max_phrases)

    def unknown(self, keys: Iterable[str]) -> set[str]:
        """Those neither at hand nor known to be absent."""
        return {key for key in keys if key not in self._items and key not in self._absent}

    def require(self, items: Collection[str], phrases: Collection[str]) -> None:
        """Raises `Missing` with all that has not been looked up of both, so that one fetch brings it."""
        unknown, wordless = self.unknown(items), self._unknown_phrases(phrases)
        if unknown or wordless:
            raise Missing(unknown, wordless, self.space)

    def items(self, keys: Collection[str]) -> dict[str, KnownItem]:
        """Those of the keys that exist. Raises `Missing` where one has not been looked up."""
        found = {}
        for key in keys:
            item = self._items.get(key)
            if item is not None:
                self._items.move_to_end(key)
                found[key] = item
        if len(found) < len(keys) and (unknown := self.unknown(keys)):
            raise Missing(items=unknown, space=self.space)
        return found

    def phrases(self, texts: Collection[str]) -> dict[str, Matrix]:
        """(d,) of each phrase that has a vector. Raises `Missing` where one has not been looked up."""
        found = {}
        for text in texts:
            vector = self._phrases.get(text)
            if vector is not None:
                self._phrases.move_to_end(text)
                found[text] = vector
        if len(found) < len(texts) and (unknown := self._unknown_phrases(texts)):
            raise Missing(phrases=unknown, space=self.space)
        return found

    def _unknown_phrases(self, texts: Iterable[str]) -> set[str]:
        return {text for text in texts if text not in self._phrases and text not in self._wordless}


def _known(record: ItemRecord) -> KnownItem:
    affinities = record.affinities or (UNKNOWN_AFFINITY,) * len(record.phrases)
    return KnownItem(_row(record.vector), record.phrases, affinities)


def _row(raw: bytes) -> Matrix:
    return np.frombuffer(raw, "<f2").astype(np.float32)


def _trim(entries: "OrderedDict[str, KnownItem] | OrderedDict[str, Matrix]", most: int) -> None:
    while len(entries) > most:
        entries.popitem(last=False)
