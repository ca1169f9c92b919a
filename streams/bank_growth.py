"""The bank of a fitted space grows while its embedder works (`workers.growth` has the rules, the store what all
embedders of the space have seen).

1. Refresh: what the bank has grown by so far, whoever found it. Every item described from now on shows it.
2. Sight: new items tell their candidates; the store says who else has shown those.
3. Judge them by the vectors of their witnesses.
4. Store: the vectors of what is taken, then the witnesses that are in the store already, each only where it is still
   what was judged. The new ones go on with the phrase.
5. Grow: now the bank has it.

A crash before the new items are stored leads through all of it again: they are still new then, and an item is a witness
once however often it comes. Items that were embedded earlier and were not among the witnesses kept show the phrase when
they are next described. Where two embedders meet the items of one candidate at the same moment, either may find too few
of them in the store; the next item that shows it decides then.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.catalog import CatalogItem
from streams.metrics import Metrics
from workers.described import Described, with_phrase
from workers.growth import BOUNDS, MAX_GROWN, Growth
from workers.mine import is_mine
from workers.ports import Encoder, ItemRecord, Store
from workers.sightings import GrownPhrase, Sighting
from workers.vectors import pack

PIECE = 64
"""Items tagged in one go: 0.15 s, which is what a stop may have to wait for."""

_ATTEMPTS = 3
"""Times that a witness is read and replaced. Only another embedder of the space writes it meanwhile, and what that one
writes shows the phrase if it began after step 5."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A candidate that is a phrase, and who shows it."""

    phrase: GrownPhrase
    witnesses: list[ItemRecord]


class BankGrowth:
    """Of one embedder. `most` is what a bank may grow by: then it stays as it is until the space is fitted anew, and
    costs nothing more."""

    def __init__(self, store: Store, encoder: Encoder, metrics: Metrics, most: int = MAX_GROWN) -> None:
        self._store = store
        self._encoder = encoder
        self._metrics = metrics
        self._most = most
        self._rules = encoder.growth
        self._count = 0
        self._forms: dict[str, str] = {}

    # 1. Refresh
    async def refresh(self) -> None:
        if self._rules is None:
            return
        rows = await self._store.grown(self._encoder.space, self._count)
        self._count += len(rows)
        self._forms.update({form: row.text for row in rows for form in row.forms})
        self._metrics.bank_phrases.labels(self._encoder.space, "mined").set(len(self._rules.bank.phrases))
        self._metrics.bank_phrases.labels(self._encoder.space, "grown").set(self._count)

    def phrases_of(self, item: CatalogItem) -> tuple[str, ...]:
        """What the space can say of the item by now."""
        if self._rules is None:
            return self._encoder.phrases_of(item)
        return self._rules.phrases_of(item, self._forms)

    async def take(self, new: Sequence[Described], records: Sequence[ItemRecord]) -> list[ItemRecord]:
        """The records of a batch with the phrases that they have brought into the bank. `new` are those of them that
        are new or say something else than before."""
        public = [one for one in new if not is_mine(one.item.provider)]  # what a person brought is nobody else's word
        if self._rules is None or not public or self._count >= self._most:
            return list(records)
        own = {record.key: record for record in records}
        # 2. Sight
        told = await self._store.sight(self._encoder.space, await self._sightings(self._rules, public), BOUNDS)
        others = {one.item for seen in told.values() for one in seen} - own.keys()
        stored = (await self._store.read((), others, self._encoder.space)).items if others else {}
        # 3. Judge
        taken = _judged(self._rules, told, {**stored, **own})[: self._most - self._count]
        if not taken:
            return list(records)
        # 4. Store
        words = await self._words(taken)
        await self._store.put_phrases(self._encoder.space, words)
        gained = _gained(taken)
        await self._extend({key: one for key, one in stored.items() if key in gained}, gained, words)
        # 5. Grow
        added = await self._store.grow(self._encoder.space, [one.phrase for one in taken], self._most)
        self._metrics.bank_grown.inc(added)
        return [_with_all(record, gained.get(record.key, ()), words) for record in records]

    async def _sightings(self, rules: Growth, new: Sequence[Described]) -> list[Sighting]:
        found: list[Sighting] = []
        for start in range(0, len(new), PIECE):
            piece = new[start : start + PIECE]
            found += await asyncio.to_thread(
                lambda some: [seen for one in some for seen in rules.sightings_of(one.item, one.content_hash)], piece
            )
        return found

    async def _words(self, taken: Sequence[_Taken]) -> dict[str, bytes]:
        texts = sorted({one.phrase.text for one in taken})
        vectors = await asyncio.to_thread(self._encoder.encode_interests, texts)
        return dict(zip(texts, pack(vectors), strict=True))

    async def _extend(
        self, stored: Mapping[str, ItemRecord], gained: Mapping[str, Sequence[str]], words: Mapping[str, bytes]
    ) -> None:
        """Those whose text changed meanwhile are left to whoever changed it."""
        left = dict(stored)
        for _ in range(_ATTEMPTS):
            changes = [(record, _with_all(record, gained[key], words)) for key, record in left.items()]
            changes = [(before, after) for before, after in changes if before != after]
            if not changes:
                return
            outcomes = await self._store.replace_items(changes)
            lost = [before.key for (before, _), done in zip(changes, outcomes, strict=True) if not done]
            again = (await self._store.read((), lost, self._encoder.space)).items if lost else {}
            left = {key: one for key, one in again.items() if one.content_hash == stored[key].content_hash}


def _judged(rules: Growth, told: Mapping[str, Sequence[Sighting]], records: Mapping[str, ItemRecord]) -> list[_Taken]:
    judged = (rules.judge(phrase, seen, records) for phrase, seen in sorted(told.items()))
    return [_Taken(*one) for one in judged if one is not None]


def _gained(taken: Iterable[_Taken]) -> dict[str, list[str]]:
    """The texts that each item has come to show."""
    gained: dict[str, list[str]] = defaultdict(list)
    for one in taken:
        for record in one.witnesses:
            gained[record.key].append(one.phrase.text)
    return dict(gained)


def _with_all(record: ItemRecord, texts: Iterable[str], words: Mapping[str, bytes]) -> ItemRecord:
    for text in texts:
        record = with_phrase(record, text, words[text]) or record
    return record
