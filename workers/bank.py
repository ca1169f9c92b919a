"""The phrase bank: the interests that a catalog can tell apart, in words a person would use.

Mined from the catalog alone, at several depths: the levels of its categories, and noun phrases of its titles and texts.
A noun phrase is kept where the catalog speaks of it as one thing:

1. it is seen in at least three items, and not nearly always inside one longer phrase ("York" in "New York");
2. its items are about the same: their mean cosine to each other is well above that of any two items. That is what
   "hot seat" and "bumps" fail: what they have in common is a way of speaking;
3. it is whole (ends in a noun, begins with no empty adjective) and no mere person, day or first name;
4. no item has it for a title: that would be the item, not what it is about.

An item shows a phrase if its words contain it: that is literally true, and needs no tagger.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from schemas.catalog import CatalogItem
from workers.noun_phrases import Word, noun_phrases, runs_of, sentences
from workers.phrases import category_levels, distinct, readable
from workers.ports import Matrix

MAX_ITEM_PHRASES = 16
"""Of an item. On MIND one has 3.5 on average, and 1 in 1,000 more than 12."""

MAX_WORDS = 5
MIN_ITEMS = 3
MIN_ITEMS_SINGLE = 5
"""A single noun says less than a phrase, so it takes more to stand for an interest."""

INSIDE = 0.6
"""Share of a phrase's items that show it inside one and the same longer phrase, from which it is a piece of that."""

MOSTLY = 0.6
"""Share of a word's sightings that must be as a noun where a phrase ends in it."""

FIRST_NAME = 0.4
"""Share of a name's sightings with another name behind it, from which alone it names nobody in particular."""

SMALL = 0.25
"""Share of a phrase's sightings in small letters from which it is written so: headlines capitalise everything."""

COHERENT = 0.30
COHERENT_SINGLE = 0.38
"""What the mean cosine of a phrase's items to each other must lie above that of any two items of the catalog. On MIND
any two have 0.06; "climate change" 0.29, "District Attorney" 0.40, "NFL" 0.6, "week" 0.19, "hero" 0.21."""

_READ = 600
"""Characters of an item's text that are read: a few sentences, those that say what it is about."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EMPTY_ADJECTIVES = _words(
    """new old late early big biggest small little top best better good great bad worst first second third last next
    final many more most other same such own several few full whole real possible recent latest major young special
    favorite popular different certain various own live daily weekly free senior minor leading alleged former suspected
    estranged local ready perfect ultimate easy simple amazing incredible beautiful stunning key longtime upcoming
    potential total high low long short hot entire single double"""
)
_EMPTY_NOUNS = _words(
    """man men woman women people person boy girl guy kid kids child children thing things way ways time times day days
    week weeks year years month months hour hours minute minutes moment night tonight today tomorrow yesterday morning
    evening afternoon lot lots one ones part place things stuff news story stories report reports update updates video
    videos photo photos picture pictures image images list guide tip tips idea ideas reason reasons question questions
    thanks look looks fact facts case kind sort bit deal end start home life world number numbers name names word words
    side area group member members monday tuesday wednesday thursday friday saturday sunday january february march april
    may june july august september october november december weekend season fall spring summer winter plan plans change
    changes work job step steps issue issues problem problems line point points left right top edition review reviews
    mr mrs ms dr st jr sr rep sen gov"""
)


@dataclass(frozen=True, slots=True)
class BankPhrase:
    """`items` shows how general it is; `forms` are the casefolded spellings by which an item shows it."""

    text: str
    items: int
    coherence: float
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Bank:
    """Looks up what an item shows."""

    phrases: tuple[BankPhrase, ...]
    labels: Mapping[str, str]
    """Readable words of a category level, where its own are run together ("foodanddrink")."""

    def __post_init__(self) -> None:
        forms = {form: phrase for phrase in self.phrases for form in phrase.forms}
        object.__setattr__(self, "_forms", forms)

    def phrases_of(self, item: CatalogItem) -> tuple[str, ...]:
        """At most 16 of at most 80 characters, general first, each once: category levels, tags, then the phrases in its
        words."""
        forms: dict[str, BankPhrase] = self._forms  # type: ignore[attr-defined]
        found = {forms[gram].text: forms[gram].items for gram in _grams(item) if gram in forms}
        mined = sorted(found, key=lambda text: (-found[text], text))
        return distinct([*self.levels(item), *map(readable, item.tags), *mined], MAX_ITEM_PHRASES)

    def levels(self, item: CatalogItem) -> list[str]:
        """The readable levels of its category, general first."""
        return [self.labels.get(level, level) for level in category_levels(item.category)]

    def save(self, path: Path) -> None:
        rows = [[one.text, one.items, one.coherence, one.forms] for one in self.phrases]
        path.write_text(json.dumps({"labels": dict(self.labels), "phrases": rows}, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, path: Path) -> "Bank":
        data = json.loads(path.read_text("utf-8"))
        rows = [(text, items, coherence, tuple(forms)) for text, items, coherence, forms in data["phrases"]]
        return cls(tuple([BankPhrase(*row) for row in rows]), data["labels"])


def mine(items: Sequence[CatalogItem], vectors: Matrix) -> Bank:
    """`vectors` (n, d) of the items, in their order, unit length."""
    sightings = _Sightings()
    vocabulary: Counter[str] = Counter()
    for position, item in enumerate(items):
        for sentence in (sentence for text in _texts(item) for sentence in sentences(text)):
            sightings.read(position, sentence)
            vocabulary.update(word.text.casefold() for word in sentence)
    titles = {" ".join(runs[0]).casefold() for item in items if len(runs := list(runs_of(item.title))) == 1}
    kept = (phrase for phrase in _kept(sightings, vectors) if titles.isdisjoint(phrase.forms))
    return Bank(tuple(kept), _labels(items, vocabulary))


def shown_by(bank: Bank, items: Sequence[CatalogItem]) -> dict[str, list[int]]:
    """Positions of the items that show each phrase (category levels and tags too)."""
    shown: dict[str, list[int]] = defaultdict(list)
    for position, item in enumerate(items):
        for text in bank.phrases_of(item):
            shown[text].append(position)
    return dict(shown)


class _Sightings:
    """Where each phrase is seen. A phrase is known by its casefolded words, the last one in the singular."""

    def __init__(self) -> None:
        self.items: dict[str, set[int]] = defaultdict(set)
        self.forms: dict[str, Counter[str]] = defaultdict(Counter)
        self.words: Counter[str] = Counter()
        self.nouns: Counter[str] = Counter()
        """How often a word is seen, and how often as a noun."""
        self.before_names: Counter[str] = Counter()
        """How often a name follows a name: a first name nearly always."""

    def read(self, position: int, sentence: Sequence[Word]) -> None:
        for word in sentence:
            self.words[word.text.casefold()] += 1
            self.nouns[word.text.casefold()] += word.is_noun
        for run in noun_phrases(sentence):
            for word, following in pairwise(run):
                self.before_names[word.text.casefold()] += word.is_name and following.is_name
            for begin in range(len(run)):
                for end in range(begin + 1, min(len(run), begin + MAX_WORDS) + 1):
                    self._note(position, run[begin:end])

    def _note(self, position: int, words: Sequence[Word]) -> None:
        if words[-1].is_noun:
            key = " ".join([*(word.text.casefold() for word in words[:-1]), words[-1].singular])
            self.items[key].add(position)
            self.forms[key][" ".join(word.text for word in words)] += 1

    def is_whole(self, key: str) -> bool:
        words = key.split()
        if words[-1] in _EMPTY_NOUNS or any("'" in word for word in words):
            return False
        if words[0] in _EMPTY_ADJECTIVES and any(form[0].islower() for form in self.forms[key]):
            return False  # In "New York" it is a part of the name.
        return min(map(len, words)) > 1 and len(" ".join(words)) > 2 and not words[0][0].isdigit()

    def is_noun(self, key: str) -> bool:
        """Whether what the phrase ends with is as a rule a noun: taggers take "blasts" in a headline for one."""
        ends = {form.casefold().split()[-1] for form in self.forms[key]}
        return sum(self.nouns[end] for end in ends) >= MOSTLY * sum(self.words[end] for end in ends)

    def is_first_name(self, key: str) -> bool:
        return self.before_names[key] >= FIRST_NAME * self.words[key] > 0

    def spelled(self, key: str) -> str:
        """Its most frequent spelling, in small letters if it is often seen so: what is not a name has capitals only in
        headlines."""
        forms = self.forms[key]
        small = [form for form in forms if form == form.lower()]
        often = sum(forms[form] for form in small) >= SMALL * forms.total()
        return max(small if often else forms, key=lambda form: (forms[form], form))

    def inside(self) -> dict[str, int]:
        """Of each phrase, the most items in which one longer phrase, itself whole, contains it."""
        most: dict[str, int] = defaultdict(int)
        for key, items in self.items.items():
            words = key.split()
            if not self.is_whole(key):
                continue
            for begin in range(len(words)):
                for end in range(begin + 1, len(words) + 1):
                    if end - begin < len(words):
                        part = " ".join(words[begin:end])
                        most[part] = max(most[part], len(items))
        return most


def _kept(sightings: _Sightings, vectors: Matrix) -> Iterator[BankPhrase]:
    inside = sightings.inside()
    ground = _coherence(vectors)
    for key in sorted(sightings.items):
        items, words = sightings.items[key], key.split()
        least, coherent = (MIN_ITEMS, COHERENT) if len(words) > 1 else (MIN_ITEMS_SINGLE, COHERENT_SINGLE)
        if len(items) < least or inside.get(key, 0) >= INSIDE * len(items) or not sightings.is_whole(key):
            continue
        if not sightings.is_noun(key) or (len(words) == 1 and sightings.is_first_name(key)):
            continue
        coherence = _coherence(vectors[sorted(items)]) - ground
        if coherence >= coherent:
            forms = {form.casefold() for form in sightings.forms[key]}
            yield BankPhrase(sightings.spelled(key), len(items), round(coherence, 3), tuple(sorted(forms)))


def _coherence(rows: Matrix) -> float:
    """Mean cosine between two different rows."""
    n = len(rows)
    if n < 2:
        return 0.0
    whole = rows.sum(axis=0, dtype=np.float64)
    return float((whole @ whole - n) / (n * (n - 1)))


def _texts(item: CatalogItem) -> list[str]:
    return [item.title, *([item.text[:_READ]] if item.text else [])]


def _grams(item: CatalogItem) -> Iterator[str]:
    for text in _texts(item):
        for run in runs_of(text):
            folded = [word.casefold() for word in run]
            for begin in range(len(folded)):
                for end in range(begin + 1, min(len(folded), begin + MAX_WORDS) + 1):
                    yield " ".join(folded[begin:end])


def _labels(items: Iterable[CatalogItem], vocabulary: Counter[str]) -> dict[str, str]:
    """Category levels that are run together, with their words apart. The level above may stand in front: "autos" in
    "autosownership"."""
    labels: dict[str, str] = {}
    for category in sorted({item.category for item in items if item.category}):
        above = ""
        for level in category_levels(category):
            rest = level.removeprefix(above) if above and level != above else level
            words = " ".join(_apart(word, vocabulary) for word in rest.split())
            readable = words if rest == level else f"{above} {words}"
            if readable != level:
                labels.setdefault(level, readable)
            above = level
    return labels


def _apart(label: str, vocabulary: Counter[str]) -> str:
    """The label cut into words that the catalog itself uses, by their frequency (dynamic programming); as it is where
    that is a word already, or where it cannot be cut."""
    folded = label.casefold()
    total = sum(vocabulary.values())
    if vocabulary[folded] or not folded.isalpha() or not total:
        return label
    best: list[tuple[float, int]] = [(0.0, 0)] + [(-math.inf, 0)] * len(folded)
    for end in range(1, len(folded) + 1):
        for begin in range(max(0, end - 20), end):
            word = folded[begin:end]
            if vocabulary[word] >= _COMMON and (len(word) > 2 or word in _SHORT):
                value = best[begin][0] + math.log(vocabulary[word] / total)
                best[end] = max(best[end], (value, begin))
    if best[-1][0] == -math.inf:
        return label
    cuts = [len(folded)]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    return " ".join(label[begin:end] for begin, end in pairwise(reversed(cuts)))


_COMMON = 5
"""Times a word must stand in the catalog's texts to be taken for one."""

_SHORT = frozenset({"us", "uk", "tv", "of", "in", "to", "or"})
