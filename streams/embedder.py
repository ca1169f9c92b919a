"""The embedder stage: each catalog entry becomes a vector, kept in the store for the agents and published; the texts of
edits and proposals too, which wait in the agents meanwhile.

1. Read: parse the batch, the last entry of an item counts; what cannot be read becomes a dead-letter (a command or a
   proposal that cannot is the agents' to set aside).
2. Compare with the store: an item whose text has not changed keeps its vector, a phrase has one for good.
3. Embed what is left, in a thread, a piece at a time; texts that somebody waits for are stored before the rest begins.
4. Store: phrases first, so that whoever finds an item finds its phrases, then items and deletions.
5. Publish: an embedding or a tombstone for every item of the batch, also for the unchanged: after a crash between 4 and
   5 the batch comes again, and its readers take the same twice.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pydantic import ValidationError

from schemas.catalog import CatalogItem, ItemEmbedding, embedding_key
from schemas.command import EditCommand
from schemas.dead_letter import Reason
from schemas.proposal import Proposal
from streams.contract import Outgoing, Partition, Producer, Record, Timer
from streams.dead_letters import dead_letter, summarize
from streams.messages import parse_message
from streams.metrics import Metrics
from streams.topics import CATALOG, COMMANDS, ITEM_EMBEDDINGS, PROPOSALS
from workers.described import Described, describe
from workers.editing import texts_of
from workers.ports import Encoder, ItemRecord, Matrix, Store
from workers.vectors import pack

PIECE = 64
"""Texts in one call of the model: at most 1.4 s on one core, which is what a stop may have to wait for."""


def embedder_group(space: str) -> str:
    """One for each space: an embedder of a new one reads the whole catalog (`streams.rollout`)."""
    return f"attune-embedder-{space}"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A catalog entry with what is made of it."""

    described: Described
    accepted_ms: int


class EmbedderStage:
    """`now` is in epoch seconds."""

    name = "embedder"
    topics = (CATALOG, COMMANDS, PROPOSALS)
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
        self.group = embedder_group(encoder.space)
        self._store = store
        self._encoder = encoder
        self._producer = producer
        self._metrics = metrics
        self._now = now

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        return {}

    async def handle(self, batch: Sequence[Record]) -> None:
        catalog = [record for record in batch if record.topic == CATALOG]
        await self._embed_texts(_texts(record for record in batch if record.topic != CATALOG))
        if catalog:
            await self._embed_items(catalog)

    async def _embed_texts(self, texts: Collection[str]) -> None:
        known = await self._known_phrases(texts)
        if new := set(texts) - known.keys():
            await self._store.put_phrases(self._encoder.space, await self._embed(new, self._encoder.encode_interests))

    async def _embed_items(self, batch: Sequence[Record]) -> None:
        # 1. Read
        entries, deleted, letters = self._sort(batch)
        # 2. Compare
        known = await self._known(entries)
        phrases = {phrase for entry in entries.values() for phrase in entry.described.phrases}
        known_words = await self._known_phrases(phrases)
        new = [entry for key, entry in entries.items() if key not in known]
        # 3. Embed
        vectors = await self._embed({entry.described.text for entry in new}, self._encoder.encode)
        new_words = await self._embed(phrases - known_words.keys(), self._encoder.encode_interests)
        words = known_words | new_words
        records = [
            described.record(self._encoder.space, known[key].vector if key in known else vectors[described.text], words)
            for key, described in ((key, entry.described) for key, entry in entries.items())
        ]
        # 4. Store
        await self._store.put_phrases(self._encoder.space, new_words)
        await self._store.put_items(records, deleted)
        # 5. Publish
        published = [self._embedding(entry, one.vector) for entry, one in zip(entries.values(), records, strict=True)]
        tombstones = [Outgoing(ITEM_EMBEDDINGS, self._key(key), None) for key in deleted]
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
        return _Entry(describe(item, self._encoder.space, self._encoder.phrases_of), record.timestamp_ms)

    async def _known(self, entries: Mapping[str, _Entry]) -> dict[str, ItemRecord]:
        """What the store has of them with the very same text."""
        stored = (await self._store.read((), entries, self._encoder.space)).items
        return {key: one for key, one in stored.items() if one.content_hash == entries[key].described.content_hash}

    async def _known_phrases(self, phrases: Collection[str]) -> dict[str, bytes]:
        return await self._store.read_phrases(self._encoder.space, phrases) if phrases else {}

    async def _embed(self, texts: Collection[str], encode: Callable[[Sequence[str]], Matrix]) -> dict[str, bytes]:
        """Each text once, those of like length together, in an order that does not change from run to run."""
        ordered = sorted(texts, key=lambda text: (len(text), text))
        vectors: list[bytes] = []
        for start in range(0, len(ordered), PIECE):
            with self._metrics.embed_seconds.time():
                piece = await asyncio.to_thread(encode, ordered[start : start + PIECE])
            vectors += pack(piece)
        return dict(zip(ordered, vectors, strict=True))

    def _embedding(self, entry: _Entry, vector: bytes) -> Outgoing:
        item = entry.described.item
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
        return Outgoing(ITEM_EMBEDDINGS, self._key(item.key), body.to_bytes())

    def _key(self, item: str) -> bytes:
        return embedding_key(self._encoder.space, item).encode()

    def _letter(self, record: Record, reason: Reason, detail: str) -> Outgoing:
        self._metrics.dead_letters.labels(self.name, reason.value).inc()
        return dead_letter(record, reason, detail, self.name, self._now())

    def _count(self, **results: int) -> None:
        for result, count in results.items():
            self._metrics.embedded.labels(result).inc(count)


def _texts(records: Iterable[Record]) -> set[str]:
    """Those of a person's edits and of proposals. What cannot be read is the agents' to set aside."""
    texts: set[str] = set()
    for record in records:
        with suppress(ValidationError):
            message = parse_message(record)
            if isinstance(message, EditCommand | Proposal):
                texts.update(texts_of(message.edits))
    return texts
