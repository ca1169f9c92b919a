"""The embedder stage: each catalog entry becomes a vector, kept in the store for the agents and published.

1. Read: parse the batch, the last entry of an item counts; what cannot be read becomes a dead-letter.
2. Compare with the store: an item whose text has not changed keeps its vector, a phrase has one for good.
3. Embed what is left, in a thread, a piece at a time.
4. Store: phrases first, so that whoever finds an item finds its phrases, then items and deletions.
5. Publish: an embedding or a tombstone for every item of the batch, also for the unchanged: after a crash between 4 and
   5 the batch comes again, and its readers take the same twice.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from schemas.catalog import CatalogItem, ItemEmbedding
from schemas.dead_letter import Reason
from streams.contract import Outgoing, Partition, Producer, Record, Timer
from streams.dead_letters import dead_letter, summarize
from streams.metrics import Metrics
from streams.topics import CATALOG, ITEM_EMBEDDINGS
from workers.phrases import phrases_of
from workers.ports import Encoder, ItemRecord, Store
from workers.space import content_hash, item_text
from workers.vectors import pack

PIECE = 64
"""Texts in one call of the model: at most 1.4 s on one core, which is what a stop may have to wait for."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A catalog entry with what is made of it."""

    item: CatalogItem
    text: str
    content_hash: str
    phrases: tuple[str, ...]
    accepted_ms: int


class EmbedderStage:
    """`now` is in epoch seconds."""

    name = "embedder"
    group = "attune-embedder"
    topics = (CATALOG,)
    timers: tuple[Timer, ...] = ()

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        producer: Producer,
        metrics: Metrics,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._producer = producer
        self._metrics = metrics
        self._now = now

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        return {}

    async def handle(self, batch: Sequence[Record]) -> None:
        # 1. Read
        entries, deleted, letters = self._sort(batch)
        # 2. Compare
        known = await self._known(entries)
        phrases = {phrase for entry in entries.values() for phrase in entry.phrases}
        new_phrases = phrases - (await self._store.read_phrases(self._encoder.space, phrases)).keys()
        new = [entry for key, entry in entries.items() if key not in known]
        # 3. Embed
        vectors = await self._embed({entry.text for entry in new} | new_phrases)
        records = [
            self._record(entry, known[key].vector if key in known else vectors[entry.text])
            for key, entry in entries.items()
        ]
        # 4. Store
        await self._store.put_phrases(self._encoder.space, {phrase: vectors[phrase] for phrase in new_phrases})
        await self._store.put_items(records, deleted)
        # 5. Publish
        published = [self._embedding(entry, one.vector) for entry, one in zip(entries.values(), records, strict=True)]
        tombstones = [Outgoing(ITEM_EMBEDDINGS, key.encode(), None) for key in deleted]
        await self._producer.send([*published, *tombstones, *letters])
        self._count(embedded=len(new), unchanged=len(known), deleted=len(deleted))

    def _sort(self, batch: Sequence[Record]) -> tuple[dict[str, _Entry], list[str], list[Outgoing]]:
        """Entries by key, deleted keys, and letters."""
        entries: dict[str, _Entry] = {}
        deleted: dict[str, None] = {}
        letters: list[Outgoing] = []
        for record in batch:
            key = (record.key or b"").decode(errors="replace")
            entry = self._read(record, key)
            if isinstance(entry, Outgoing):
                letters.append(entry)
            elif entry is None:
                entries.pop(key, None)
                deleted[key] = None
            else:
                deleted.pop(key, None)
                entries[key] = entry
        return entries, list(deleted), letters

    def _read(self, record: Record, key: str) -> _Entry | Outgoing | None:
        """None for a tombstone, a dead-letter for what is no entry."""
        if record.value is None:
            return None if ":" in key else self._letter(record, Reason.WRONG_KEY, "key it by provider:item")
        try:
            item = CatalogItem.model_validate_json(record.value)
        except ValidationError as error:
            return self._letter(record, Reason.INVALID, summarize(error))
        if key != item.key:
            return self._letter(record, Reason.WRONG_KEY, "key it by the provider:item that it describes")
        text = item_text(item)
        return _Entry(item, text, content_hash(text, self._encoder.space), phrases_of(item), record.timestamp_ms)

    async def _known(self, entries: Mapping[str, _Entry]) -> dict[str, ItemRecord]:
        """What the store has of them with the very same text."""
        stored = (await self._store.read((), entries, self._encoder.space)).items
        return {key: one for key, one in stored.items() if one.content_hash == entries[key].content_hash}

    async def _embed(self, texts: Collection[str]) -> dict[str, bytes]:
        """Each text once, those of like length together, in an order that does not change from run to run."""
        ordered = sorted(texts, key=lambda text: (len(text), text))
        vectors: list[bytes] = []
        for start in range(0, len(ordered), PIECE):
            with self._metrics.embed_seconds.time():
                piece = await asyncio.to_thread(self._encoder.encode, ordered[start : start + PIECE])
            vectors += pack(piece)
        return dict(zip(ordered, vectors, strict=True))

    def _record(self, entry: _Entry, vector: bytes) -> ItemRecord:
        return ItemRecord(
            entry.item.key, self._encoder.space, vector, entry.item.title, entry.phrases, entry.content_hash
        )

    def _embedding(self, entry: _Entry, vector: bytes) -> Outgoing:
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
        )
        return Outgoing(ITEM_EMBEDDINGS, item.key.encode(), body.to_bytes())

    def _letter(self, record: Record, reason: Reason, detail: str) -> Outgoing:
        self._metrics.dead_letters.labels(self.name, reason.value).inc()
        return dead_letter(record, reason, detail, self.name, self._now())

    def _count(self, **results: int) -> None:
        for result, count in results.items():
            self._metrics.embedded.labels(result).inc(count)
