"""Mining a catalog for the phrases that it speaks of as one thing (`workers.whole_phrases` has the rules)."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from schemas.catalog import CatalogItem
from workers.bank import Bank, BankPhrase, Usage
from workers.noun_phrases import Word, noun_phrases, sentences
from workers.phrases import category_levels
from workers.ports import Matrix
from workers.whole_phrases import (
    FIRST_NAME,
    INSIDE,
    MAX_WORDS,
    MOSTLY,
    asked_of,
    coherence,
    is_whole,
    key_of,
    spelled,
    texts_of,
    title_of,
)


def mine(items: Sequence[CatalogItem], vectors: Matrix) -> Bank:
    """`vectors` (n, d) of the items, in their order, unit length."""
    sightings = _Sightings()
    vocabulary: Counter[str] = Counter()
    for position, item in enumerate(items):
        for sentence in (sentence for text in texts_of(item) for sentence in sentences(text)):
            sightings.read(position, sentence)
            vocabulary.update(word.text.casefold() for word in sentence)
    titles = {title for item in items if (title := title_of(item))}
    ground = coherence(vectors)
    kept = {key: phrase for key, phrase in _kept(sightings, vectors, ground) if titles.isdisjoint(phrase.forms)}
    return Bank(tuple(kept.values()), _labels(items, vocabulary), _usage(sightings, ground, kept))


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
            key = key_of(words)
            self.items[key].add(position)
            self.forms[key][" ".join(word.text for word in words)] += 1

    def is_whole(self, key: str) -> bool:
        return is_whole(key, self.forms[key])

    def is_noun(self, key: str) -> bool:
        """Whether what the phrase ends with is as a rule a noun: taggers take "blasts" in a headline for one."""
        ends = {form.casefold().split()[-1] for form in self.forms[key]}
        return sum(self.nouns[end] for end in ends) >= MOSTLY * sum(self.words[end] for end in ends)

    def is_first_name(self, key: str) -> bool:
        return self.before_names[key] >= FIRST_NAME * self.words[key] > 0

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


def _kept(sightings: _Sightings, vectors: Matrix, ground: float) -> Iterator[tuple[str, BankPhrase]]:
    inside = sightings.inside()
    for key in sorted(sightings.items):
        items = sightings.items[key]
        least, coherent = asked_of(key)
        if len(items) < least or inside.get(key, 0) >= INSIDE * len(items) or not sightings.is_whole(key):
            continue
        if not sightings.is_noun(key) or (" " not in key and sightings.is_first_name(key)):
            continue
        alike = coherence(vectors[sorted(items)]) - ground
        if alike >= coherent:
            forms = {form.casefold() for form in sightings.forms[key]}
            yield key, BankPhrase(spelled(sightings.forms[key]), len(items), round(alike, 3), tuple(sorted(forms)))


def _usage(sightings: _Sightings, ground: float, kept: Collection[str]) -> Usage:
    """What is not seen here often enough to be judged may become a phrase later; but a word that is written in small
    letters here is an ordinary one, and no name of something new."""
    common = (
        key for key in sightings.items if key not in kept and (_is_judged(sightings, key) or _is_plain(sightings, key))
    )
    nouns = sightings.nouns.items()
    return Usage(
        round(ground, 6),
        frozenset(common),
        frozenset(word for word, seen in nouns if 0 < seen < MOSTLY * sightings.words[word]),
        frozenset(filter(sightings.is_first_name, sightings.before_names)),
    )


def _is_judged(sightings: _Sightings, key: str) -> bool:
    return len(sightings.items[key]) >= asked_of(key)[0]


def _is_plain(sightings: _Sightings, key: str) -> bool:
    return " " not in key and any(form.islower() for form in sightings.forms[key])


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
