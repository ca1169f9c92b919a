"""What makes a run of words a phrase that a person would own: the rules that mining (`workers.mining`) and the growth
of the bank (`workers.growth`) share.

1. It is seen in several items, and not nearly always inside one longer phrase ("York" in "New York").
2. Its items are about the same: their mean cosine to each other is well above that of any two items. That is what
   "hot seat" and "bumps" fail: what they have in common is a way of speaking.
3. It is whole (ends in a noun, begins with no empty adjective) and no mere person, day or first name.
4. No item has it for a title: that would be the item, not what it is about.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from schemas.catalog import CatalogItem
from workers.noun_phrases import Word, runs_of
from workers.ports import Matrix

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


EMPTY_ADJECTIVES = _words(
    """new old late early big biggest small little top best better good great bad worst first second third last next
    final many more most other same such own several few full whole real possible recent latest major young special
    favorite popular different certain various own live daily weekly free senior minor leading alleged former suspected
    estranged local ready perfect ultimate easy simple amazing incredible beautiful stunning key longtime upcoming
    potential total high low long short hot entire single double"""
)
EMPTY_NOUNS = _words(
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


def texts_of(item: CatalogItem) -> list[str]:
    """What of an item is searched for phrases: its title, and the beginning of its text."""
    return [item.title, *([item.text[:_READ]] if item.text else [])]


def title_of(item: CatalogItem) -> str:
    """Casefolded, of an item whose title could be a phrase: one run of words; else empty."""
    runs = list(runs_of(item.title))
    return " ".join(runs[0]).casefold() if len(runs) == 1 else ""


def key_of(words: Sequence[Word]) -> str:
    """A phrase is known by its casefolded words, the last one in the singular."""
    return " ".join([*(word.text.casefold() for word in words[:-1]), words[-1].singular])


def is_whole(key: str, forms: Iterable[str]) -> bool:
    """`forms`: how the phrase is written."""
    words = key.split()
    if words[-1] in EMPTY_NOUNS or any("'" in word for word in words):
        return False
    if words[0] in EMPTY_ADJECTIVES and any(form[0].islower() for form in forms):
        return False  # In "New York" it is a part of the name.
    return min(map(len, words)) > 1 and len(" ".join(words)) > 2 and not words[0][0].isdigit()


def spelled(forms: Counter[str]) -> str:
    """Its most frequent spelling, in small letters if it is often seen so: what is not a name has capitals only in
    headlines."""
    small = [form for form in forms if form == form.lower()]
    often = sum(forms[form] for form in small) >= SMALL * forms.total()
    return max(small if often else forms, key=lambda form: (forms[form], form))


def asked_of(key: str) -> tuple[int, float]:
    """How many items must show the phrase, and how much they must be about the same."""
    return (MIN_ITEMS, COHERENT) if " " in key else (MIN_ITEMS_SINGLE, COHERENT_SINGLE)


def coherence(rows: Matrix) -> float:
    """Mean cosine between two different rows."""
    n = len(rows)
    if n < 2:
        return 0.0
    whole = rows.sum(axis=0, dtype=np.float64)
    return float((whole @ whole - n) / (n * (n - 1)))
