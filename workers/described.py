"""What is made of a catalog entry: the text that is embedded, the phrases that it is evidence for, and in the end the
store's record. One place, so that whoever replays a catalog (evaluation) has the very records that the embedder makes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from schemas.catalog import CatalogItem
from workers.bank import MAX_ITEM_PHRASES
from workers.phrases import phrases_of
from workers.ports import ItemRecord
from workers.space import content_hash, item_text


@dataclass(frozen=True, slots=True)
class Described:
    """A catalog entry as far as it goes without a model. `content_hash` is of text and space."""

    item: CatalogItem
    text: str
    content_hash: str
    phrases: tuple[str, ...]

    def record(self, space: str, vector: bytes, words: Mapping[str, bytes]) -> ItemRecord:
        """With its text's vector and those of its phrases, float16. A phrase without one is left out."""
        known = tuple(phrase for phrase in self.phrases if phrase in words)
        fits = _affinities(vector, [words[phrase] for phrase in known])
        return ItemRecord(self.item.key, space, vector, self.item.title, known, self.content_hash, fits)


def describe(
    item: CatalogItem, space: str, phrases: Callable[[CatalogItem], tuple[str, ...]] = phrases_of
) -> Described:
    """`phrases` are what the space can say of an item (`workers.ports.Encoder.phrases_of`)."""
    text = item_text(item)
    return Described(item, text, content_hash(text, space), phrases(item))


def with_phrase(record: ItemRecord, phrase: str, word: bytes) -> ItemRecord | None:
    """The record that shows the phrase too, whose vector is `word`; None where it does already, or has no place for
    it."""
    shown = {one.casefold() for one in record.phrases}
    if phrase.casefold() in shown or not len(record.affinities) == len(record.phrases) < MAX_ITEM_PHRASES:
        return None
    fits = (*record.affinities, *_affinities(record.vector, [word]))
    return replace(record, phrases=(*record.phrases, phrase), affinities=fits)


def _affinities(vector: bytes, words: list[bytes]) -> tuple[int, ...]:
    """Cosines in whole percents, at least 0. Of float16, whose products add up to the same everywhere."""
    if not words:
        return ()
    rows = np.frombuffer(b"".join(words), "<f2").astype(np.float64).reshape(len(words), -1)
    cosines = rows @ np.frombuffer(vector, "<f2").astype(np.float64)
    return tuple([min(100, max(0, round(100 * cosine))) for cosine in cosines.tolist()])
