"""How the bank of a fitted space grows: by what the catalog names that was not known when the space was fitted.

1. Candidates: the noun phrases of a new item that the bank does not have, and that the mined catalog did not show often
   enough to be judged. Whoever shows one is noted as a witness (`workers.ports.Store.sight`).
2. Judgement: a candidate with enough witnesses is judged by the rules of mining (`workers.whole_phrases`), their items
   standing in for the catalog. Items that tell one and the same story count once.
3. Its vector is that of its words in the space, which anybody computes alike at any time. It is not grounded as the
   phrases are that the fit knew: that would depend on when it was done.

Everything here is a pure function of the bank and of what the witnesses show.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from schemas.catalog import CatalogItem
from workers.bank import Bank, Usage
from workers.noun_phrases import Word, noun_phrases, sentences
from workers.phrases import MAX_CHARACTERS
from workers.ports import ItemRecord, Matrix
from workers.sightings import Bounds, GrownPhrase, Sighting
from workers.whole_phrases import (
    EMPTY_ADJECTIVES,
    EMPTY_NOUNS,
    FIRST_NAME,
    INSIDE,
    MAX_WORDS,
    MIN_ITEMS,
    asked_of,
    coherence,
    is_whole,
    key_of,
    spelled,
    texts_of,
    title_of,
)

MAX_GROWN = 10_000
"""Phrases that a bank may grow by. At 300 bytes each an embedder holds 3 MB of them. A fit of MIND's 12,227 news has
1,900: a bank that has grown by five times that wants to be fitted anew."""

MAX_CANDIDATES = 50_000
"""Of a space; those that nothing has shown for longest go. An item has five new ones: they are of the last 10,000 items
and more. 15 MB in Redis, 6 in SQLite."""

MAX_WITNESSES = 12
"""Of a candidate. What is not one thing by then is a way of speaking, and is not looked at again."""

BOUNDS = Bounds(least=MIN_ITEMS, each=MAX_WITNESSES, most=MAX_CANDIDATES)

SAME_STORY = 0.95
"""Cosine from which two items tell one story: a copy by another provider, the same event an hour later."""


_HEADLINE_ADJECTIVES = EMPTY_ADJECTIVES - {"new"}
"""A headline capitalises them too, and three headlines are no proof that "Best Christmas" is a name. Of names that a
later item brings, those with "New" in front are frequent."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The rules, over a bank that knows how its catalog uses words."""

    bank: Bank
    usage: Usage

    def sightings_of(self, item: CatalogItem, content_hash: str) -> list[Sighting]:
        """The candidates that an item shows, each once. Takes milliseconds: it tags every word."""
        found: dict[str, Sighting] = {}
        title = title_of(item)
        for run, begin, end in _noun_runs(item):
            words = run[begin:end]
            key = key_of(words)
            if key not in found and self._may_be(key, words):
                form = " ".join(word.text for word in words)
                found[key] = Sighting(
                    phrase=key,
                    item=item.key,
                    content_hash=content_hash,
                    form=form,
                    before=run[begin - 1].text if begin else "",
                    after=run[end].text if end < len(run) else "",
                    is_title=form.casefold() == title,
                )
        return list(found.values())

    def judge(
        self, phrase: str, sightings: Sequence[Sighting], records: Mapping[str, ItemRecord]
    ) -> tuple[GrownPhrase, list[ItemRecord]] | None:
        """The phrase as the bank takes it, and its witnesses: those of the records that still are as they were seen.
        None where it is not one thing, or not yet known to be."""
        least, coherent = asked_of(phrase)
        seen = [one for one in sightings if _stands(one, records.get(one.item))]
        rows = _stories([records[one.item].vector for one in seen])
        if len(rows) < least or any(one.is_title for one in seen) or _is_piece(phrase, seen):
            return None
        if coherence(rows) - self.usage.ground < coherent:
            return None
        spellings = {phrase, *(one.form.casefold() for one in seen)}
        # Of the first witnesses, so that two embedders which judge it at once write it alike.
        text = spelled(Counter(one.form for one in sightings[:least]))
        grown = GrownPhrase(phrase, text, tuple(sorted(spellings)))
        return grown, [records[one.item] for one in seen]

    def phrases_of(self, item: CatalogItem, grown: Mapping[str, str]) -> tuple[str, ...]:
        """As the bank has it, with what it has grown by: texts by forms."""
        return self.bank.phrases_of(item, grown)

    def _may_be(self, key: str, words: Sequence[Word]) -> bool:
        form = " ".join(word.text for word in words)
        if len(form) > MAX_CHARACTERS or self.bank.knows(key) or self.bank.knows(form.casefold()):
            return False
        if key in self.usage.common or words[-1].text.casefold() in self.usage.unlike_nouns:
            return False
        if words[0].text.casefold() in _HEADLINE_ADJECTIVES or (len(words) == 1 and key in self.usage.first_names):
            return False
        return is_whole(key, [form])


def _noun_runs(item: CatalogItem) -> Iterator[tuple[list[Word], int, int]]:
    """Each run of adjectives and nouns, and where in it a phrase begins and ends."""
    for text in texts_of(item):
        for sentence in sentences(text):
            for run in noun_phrases(sentence):
                for begin in range(len(run)):
                    for end in range(begin + 1, min(len(run), begin + MAX_WORDS) + 1):
                        if run[end - 1].is_noun:
                            yield run, begin, end


def _stands(sighting: Sighting, record: ItemRecord | None) -> bool:
    return record is not None and record.content_hash == sighting.content_hash


def _is_piece(phrase: str, seen: Sequence[Sighting]) -> bool:
    """Nearly always inside one longer phrase, or a first name."""
    before = Counter(one.before.casefold() for one in seen if one.before and one.before not in EMPTY_ADJECTIVES)
    after = Counter(word for one in seen if (word := one.after.casefold()) and word not in EMPTY_NOUNS)
    if max((*before.values(), *after.values()), default=0) >= INSIDE * len(seen):
        return True
    names = sum(one.after[:1].isupper() and one.form[:1].isupper() for one in seen)
    return " " not in phrase and names >= FIRST_NAME * len(seen)


def _stories(vectors: Sequence[bytes]) -> Matrix:
    """(n, d): one row of those that tell the same."""
    kept: list[Matrix] = []
    for vector in vectors:
        row = np.frombuffer(vector, "<f2").astype(np.float32)
        if not kept or float(np.max(np.array(kept) @ row)) < SAME_STORY:
            kept.append(row)
    return np.array(kept, np.float32)
