"""The embedder stage: each catalog entry becomes a vector, kept in the store for the agents and published; the texts of
edits and proposals too, which wait in the agents meanwhile.

1. Read: parse the batch, one entry of an item counts (`streams.catalog_batch`); what cannot be read becomes a
   dead-letter (a command or a proposal that cannot is the agents' to set aside).
2. Compare with the store: an item whose text has not changed keeps its vector, a phrase has one for good.
3. Embed what is left, in a thread, a piece at a time; texts that somebody waits for are stored before the rest begins.
   What new items name that the bank does not have may become a phrase of it (`streams.bank_growth`).
4. Store: phrases first, so that whoever finds an item finds its phrases, then items and deletions, as far as the store
   has nothing that counts more: another embedder may have gone on with the partition meanwhile, and descriptions come
   in any order (`workers.standing`).
5. Publish: an embedding or a tombstone for every item that 4 has changed, also for the unchanged text: after a crash
   between 4 and 5 the batch comes again, and its readers take the same twice. What only a person brought is not
   published (`workers.mine`). And what keeps descriptions in their place (`streams.descriptions`). What another
   embedder has deleted meanwhile gets its tombstone again, behind the embedding: readers could not tell which of the
   two counts.
6. Mark how far the store has it all: where it loses that, it has lost items and words too, and they are embedded again.
   A store that was lost since the batch began takes no mark (`streams.watermarks`), and the batch is handled again.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from schemas.catalog import ItemEmbedding, embedding_key
from schemas.dead_letter import Reason
from streams.bank_growth import BankGrowth
from streams.catalog_batch import CatalogBatch, Entry, read_catalog
from streams.contract import Outgoing, Partition, Producer, Record
from streams.dead_letters import dead_letter
from streams.descriptions import Descriptions
from streams.mailboxes import following
from streams.metrics import Metrics
from streams.progress import made_progress
from streams.topics import CATALOG, COMMANDS, ITEM_EMBEDDINGS, PROPOSALS
from streams.typed_texts import typed_texts
from streams.watermarks import Watermarks
from workers.described import Described, describe
from workers.mine import is_mine
from workers.ports import Encoder, ItemRecord, Matrix, Store
from workers.standing import is_description, time_of
from workers.vectors import pack

PIECE = 64
PIECE_LETTERS = 20_000
LETTERS = 1_200
"""Texts in one call of the model, and letters in all (of a text the model reads 256 tokens, some 1,200 letters): 1.4 s
on one core, which is what a stop may have to wait for."""


_NO_VECTOR = pack(np.ones((1, 1), np.float32))[0]
"""Of an item that is gone: no space has vectors of one component, so that an earlier release's readers pass over it."""


def embedder_group(space: str, generation: int = 0) -> str:
    """One for each space, and another each time that it was retired in between (`SpacePointer.generation`): whoever
    has none of its vectors reads the whole catalog (`streams.rollout`)."""
    return f"attune-embedder{generation or ''}-{space}"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A catalog entry with what is made of it."""

    said: Entry
    described: Described

    def record(self, space: str, vector: bytes, words: Mapping[str, bytes]) -> ItemRecord:
        return replace(self.described.record(space, vector, words), standing=self.said.standing)


class EmbedderStage:
    """`now` is in epoch seconds."""

    name = "embedder"
    topics = (CATALOG, COMMANDS, PROPOSALS)

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        producer: Producer,
        metrics: Metrics,
        *,
        generation: int = 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.group = embedder_group(encoder.space, generation)
        self._store = store
        self._encoder = encoder
        self._producer = producer
        self._metrics = metrics
        self._now = now
        self._growth = BankGrowth(store, encoder, metrics)
        self._descriptions = Descriptions()
        self._watermarks = Watermarks(store, self.group)
        self.timers = (self._watermarks.timer,)

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        """Its own high-water marks, as the agents' stage has its: behind the broker after a loss."""
        return await self._watermarks.resume(assigned)

    async def handle(self, batch: Sequence[Record]) -> None:
        life = await self._store.life()
        catalog = [record for record in batch if record.topic == CATALOG]
        texts = typed_texts(record for record in batch if record.topic != CATALOG)
        await self._embed_texts(texts)
        if catalog:
            await self._embed_items(catalog)
        # 6. Mark
        marks, floors = self._watermarks.to_write(following(batch))
        await self._store.mark(marks, floors, life)
        self._watermarks.written(marks)

    async def _embed_texts(self, texts: Collection[str]) -> None:
        known = await self._known_phrases(texts)
        if new := set(texts) - known.keys():
            await self._store.put_phrases(self._encoder.space, await self._embed(new, self._encoder.encode_interests))

    async def _embed_items(self, batch: Sequence[Record]) -> None:
        # 1. Read
        await self._growth.refresh()
        said = await asyncio.to_thread(read_catalog, batch, self._letter)
        entries = await asyncio.to_thread(self._described, said)  # long texts take seconds to describe
        # 2. Compare
        stored = (await self._store.read((), {*entries, *said.deleted}, self._encoder.space)).items
        known = _with_the_same_text(entries, stored)
        phrases = {phrase for entry in entries.values() for phrase in entry.described.phrases}
        known_words = await self._known_phrases(phrases)
        new = [entry for key, entry in entries.items() if key not in known]
        # 3. Embed
        vectors = await self._embed({entry.described.text for entry in new}, self._encoder.encode)
        new_words = await self._embed(phrases - known_words.keys(), self._encoder.encode_interests)
        words = known_words | new_words
        records = [
            one.record(self._encoder.space, known[key].vector if key in known else vectors[one.described.text], words)
            for key, one in entries.items()
        ]
        public = [entry.described for entry in new if not is_mine(entry.described.item.provider)]
        records = await self._growth.take(public, records)
        # 4. Store
        await self._store.put_phrases(self._encoder.space, new_words)
        kept = await self._store.put_items(records, said.deleted)
        # 5. Publish
        before = {key: one.standing for key, one in stored.items()}
        published = [
            self._embedding(entry.said, one.vector)
            for entry, one in zip(entries.values(), records, strict=True)
            if one.key not in kept and not is_mine(one.key)
        ]
        gone = [key for key in _public(said.deleted.keys() - kept) if _was_there(said.deleted[key], before.get(key))]
        tombstones = [one for key in sorted(gone) for one in self._ended(key, said.deleted[key])]
        counting = await self._stored(kept)
        settled = self._descriptions.settle(said, before, {key: _standing_of(counting.get(key)) for key in kept})
        published += self._told_before(entries, {key: counting[key] for key in _public(counting)})
        await self._producer.send([*published, *tombstones, *settled, *said.letters, *said.nulls])
        await self._take_back(_public(entries.keys() - kept))
        self._count(embedded=len(new), unchanged=len(known), deleted=len(gone))

    def _described(self, said: CatalogBatch) -> dict[str, _Entry]:
        space, phrases_of = self._encoder.space, self._growth.phrases_of
        return {key: _Entry(one, describe(one.item, space, phrases_of)) for key, one in said.entries.items()}

    async def _take_back(self, published: Set[str]) -> None:
        if gone := sorted(published - (await self._stored(published)).keys()):
            await self._producer.send([Outgoing(ITEM_EMBEDDINGS, self._key(key), None) for key in gone])

    async def _stored(self, items: Collection[str]) -> Mapping[str, ItemRecord]:
        return (await self._store.read((), items, self._encoder.space)).items if items else {}

    def _told_before(self, entries: Mapping[str, _Entry], counting: Mapping[str, ItemRecord]) -> list[Outgoing]:
        """The embeddings of earlier descriptions, which count before those of the batch. After a crash between 4 and 5
        they do not come again where compaction has taken them: the later ones stand in for them."""
        told = [
            (entries[key].said, record)
            for key, record in counting.items()
            if key in entries and is_description(entries[key].said.standing) and is_description(record.standing)
        ]
        return [self._embedding(said.counting_as(one.title, one.standing), one.vector) for said, one in told]

    async def _known_phrases(self, phrases: Collection[str]) -> dict[str, bytes]:
        return await self._store.read_phrases(self._encoder.space, phrases) if phrases else {}

    async def _embed(self, texts: Collection[str], encode: Callable[[Sequence[str]], Matrix]) -> dict[str, bytes]:
        """Each text once, those of like length together, in an order that does not change from run to run."""
        ordered = sorted(texts, key=lambda text: (len(text), text))
        vectors: list[bytes] = []
        for piece in _pieces(ordered):
            with self._metrics.embed_seconds.time():
                rows = await asyncio.to_thread(encode, piece)
            vectors += pack(rows)
            made_progress()
        return dict(zip(ordered, vectors, strict=True))

    def _embedding(self, entry: Entry, vector: bytes) -> Outgoing:
        item = entry.item
        body = ItemEmbedding.model_construct(
            provider=item.provider,
            item=item.item,
            title=item.title,
            category=item.category,
            time=item.time,
            space=self._encoder.space,
            vector=vector,
            accepted_ms=entry.accepted_ms,
            standing=entry.standing,
        )
        return Outgoing(ITEM_EMBEDDINGS, self._key(item.key), body.to_bytes())

    def _ended(self, key: str, tombstone: str) -> tuple[Outgoing, Outgoing]:
        """The tombstone, and before it what says as of when (`streams.gone`)."""
        provider, _, item = key.partition(":")
        dated = ItemEmbedding.model_construct(
            provider=provider,
            item=item,
            title=item,
            space=self._encoder.space,
            vector=_NO_VECTOR,
            accepted_ms=time_of(tombstone),
            standing=tombstone,
            gone=True,
        )
        place = self._key(key)
        return Outgoing(ITEM_EMBEDDINGS, place, dated.to_bytes()), Outgoing(ITEM_EMBEDDINGS, place, None)

    def _key(self, item: str) -> bytes:
        return embedding_key(self._encoder.space, item).encode()

    def _letter(self, record: Record, reason: Reason, detail: str) -> Outgoing:
        self._metrics.dead_letters.labels(self.name, reason.value).inc()
        return dead_letter(record, reason, detail, self.name, self._now())

    def _count(self, **results: int) -> None:
        for result, count in results.items():
            self._metrics.embedded.labels(result).inc(count)


def _pieces(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """In order. A longer text comes later, so each piece is as long as its last text many times over."""
    start = 0
    while start < len(texts):
        end = start + 1
        while end < len(texts) and end - start < PIECE and (end + 1 - start) * _letters(texts[end]) <= PIECE_LETTERS:
            end += 1
        yield texts[start:end]
        start = end


def _letters(text: str) -> int:
    return min(len(text), LETTERS)


def _with_the_same_text(entries: Mapping[str, _Entry], stored: Mapping[str, ItemRecord]) -> dict[str, ItemRecord]:
    """What the store has of them with the very same text."""
    return {
        key: stored[key]
        for key, entry in entries.items()
        if key in stored and stored[key].content_hash == entry.described.content_hash
    }


def _public(items: Iterable[str]) -> set[str]:
    """Without those that only a person brought."""
    return {key for key in items if not is_mine(key)}


def _standing_of(record: ItemRecord | None) -> str | None:
    return None if record is None else record.standing


def _was_there(tombstone: str, before: str | None) -> bool:
    """Whether readers are to be told. The descriptions' tombstone follows what the provider has said, which its own
    embedding or tombstone tells: after that it must not come."""
    return not is_description(tombstone) or is_description(before or "")
