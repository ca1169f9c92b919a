"""The phrase bank: the interests that a catalog can tell apart, in words a person would use.

Mined from the catalog alone (`workers.mining`), at several depths: the levels of its categories, and noun phrases of
its titles and texts that it speaks of as one thing (`workers.whole_phrases`). It grows with what comes later
(`workers.growth`).

An item shows a phrase if its words contain it: that is literally true, and needs no tagger.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from schemas.catalog import CatalogItem
from workers.noun_phrases import runs_of
from workers.phrases import category_levels, distinct, readable
from workers.whole_phrases import MAX_WORDS, texts_of

MAX_ITEM_PHRASES = 16
"""Of an item. On MIND one has 3.5 on average, and 1 in 1,000 more than 12."""


@dataclass(frozen=True, slots=True)
class BankPhrase:
    """`items` shows how general it is; `forms` are the casefolded spellings by which an item shows it."""

    text: str
    items: int
    coherence: float
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """How the mined catalog uses its words: by this later phrases are judged (`workers.growth`)."""

    ground: float
    """Mean cosine of any two items."""
    common: frozenset[str]
    """Phrases (`key_of`) that were seen often enough and are not in the bank (ways of speaking, pieces, titles), and
    ordinary words."""
    unlike_nouns: frozenset[str]
    """Words that are taken for a noun now and then and mostly are none."""
    first_names: frozenset[str]


@dataclass(frozen=True)
class Bank:
    """Looks up what an item shows."""

    phrases: tuple[BankPhrase, ...]
    labels: Mapping[str, str]
    """Readable words of a category level, where its own are run together ("foodanddrink")."""
    usage: Usage | None = None
    """None of a space that an earlier release fitted: its bank does not grow."""

    def __post_init__(self) -> None:
        forms = {form: phrase for phrase in self.phrases for form in phrase.forms}
        object.__setattr__(self, "_forms", forms)

    def phrases_of(self, item: CatalogItem, grown: Mapping[str, str] = MappingProxyType({})) -> tuple[str, ...]:
        """At most 16 of at most 80 characters, general first, each once: category levels, tags, then the phrases in its
        words, last those that the bank has grown by (`grown`: their texts by their forms)."""
        forms: dict[str, BankPhrase] = self._forms  # type: ignore[attr-defined]
        grams = dict.fromkeys(grams_of(item))
        found = {forms[gram].text: forms[gram].items for gram in grams if gram in forms}
        mined = sorted(found, key=lambda text: (-found[text], text))
        later = sorted({grown[gram] for gram in grams if gram in grown})
        return distinct([*self.levels(item), *map(readable, item.tags), *mined, *later], MAX_ITEM_PHRASES)

    def knows(self, form: str) -> bool:
        """Whether that spelling, casefolded, is one of a phrase of the bank."""
        return form in self._forms  # type: ignore[attr-defined]

    def levels(self, item: CatalogItem) -> list[str]:
        """The readable levels of its category, general first."""
        return [self.labels.get(level, level) for level in category_levels(item.category)]

    def save(self, path: Path) -> None:
        rows = [[one.text, one.items, one.coherence, one.forms] for one in self.phrases]
        document = {"labels": dict(self.labels), "phrases": rows, "usage": _usage_in_json(self.usage)}
        path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, path: Path) -> "Bank":
        data = json.loads(path.read_text("utf-8"))
        rows = [(text, items, coherence, tuple(forms)) for text, items, coherence, forms in data["phrases"]]
        return cls(tuple([BankPhrase(*row) for row in rows]), data["labels"], _usage_of(data.get("usage")))


def _usage_in_json(usage: Usage | None) -> list[object] | None:
    if usage is None:
        return None
    return [usage.ground, *(sorted(words) for words in (usage.common, usage.unlike_nouns, usage.first_names))]


def _usage_of(row: list[Any] | None) -> Usage | None:
    if row is None:
        return None
    ground, *words = row
    return Usage(float(ground), *map(frozenset, words))


def shown_by(bank: Bank, items: Sequence[CatalogItem]) -> dict[str, list[int]]:
    """Positions of the items that show each phrase (category levels and tags too)."""
    shown: dict[str, list[int]] = defaultdict(list)
    for position, item in enumerate(items):
        for text in bank.phrases_of(item):
            shown[text].append(position)
    return dict(shown)


def grams_of(item: CatalogItem) -> Iterator[str]:
    """Every run of at most five words, casefolded."""
    for text in texts_of(item):
        for run in runs_of(text):
            folded = [word.casefold() for word in run]
            for begin in range(len(folded)):
                for end in range(begin + 1, min(len(folded), begin + MAX_WORDS) + 1):
                    yield " ".join(folded[begin:end])
