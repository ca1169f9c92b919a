"""The provider stage: each provider's own index, and the embeddings of those who read there.

Both topics are compacted and read from the start, without a group: what is in memory is what the topics hold. A
provider learns vectors, weights and its own pseudonym for a person, nothing else (DESIGN.md, invariant 7).
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from pydantic import ValidationError

from schemas.api import Found, SearchAnswer, SearchBody
from schemas.catalog import ItemEmbedding
from schemas.profile import ProfileEmbedding
from streams.contract import Partition, Record, Timer
from streams.dead_letters import summarize
from streams.metrics import Metrics
from streams.topics import ITEM_EMBEDDINGS, PROFILE_EMBEDDINGS
from workers.errors import SpaceMismatch, UnknownProvider, UnknownSubject
from workers.retrieval import ItemIndex
from workers.scoring import Floats, Scoring
from workers.vectors import directions, unpack

_LOG = logging.getLogger(__name__)

M = TypeVar("M", ItemEmbedding, ProfileEmbedding)


@dataclass(frozen=True, slots=True)
class _Label:
    """What an answer says of an item besides its score."""

    item: str
    title: str
    category: str | None


@dataclass(frozen=True, slots=True)
class _Subject:
    """An embedding as it is searched with. Of a published one the vectors stay in float16, as they came: at 12
    interests of 384 components 9 KB a person."""

    version: int
    vectors: Floats
    weights: Floats
    avoid: Floats


@dataclass(slots=True)
class _Shelf:
    """One provider: its items, and its subjects by pseudonym."""

    index: ItemIndex
    labels: dict[str, _Label] = field(default_factory=dict)
    subjects: dict[str, _Subject] = field(default_factory=dict)


class ProviderStage:
    """`now` is in epoch seconds. `providers` None: every provider that there is."""

    name = "provider"
    group = None
    topics = (ITEM_EMBEDDINGS, PROFILE_EMBEDDINGS)
    timers: tuple[Timer, ...] = ()

    def __init__(
        self,
        space: str,
        dimension: int,
        metrics: Metrics,
        *,
        scoring: Scoring = "mixture",
        providers: frozenset[str] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._space = space
        self._dimension = dimension
        self._metrics = metrics
        self._scoring = scoring
        self._providers = providers
        self._now = now
        self._started = now()
        self._shelves: dict[str, _Shelf] = {}
        self._provider_of: dict[str, str] = {}
        """Of a subject: a tombstone carries only the key."""
        self._told = False

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        return {}

    async def handle(self, batch: Sequence[Record]) -> None:
        """Applies the batch; everything in it is searchable when this returns."""
        await asyncio.to_thread(self._apply, batch)

    async def search(self, provider: str, body: SearchBody) -> SearchAnswer:
        """Best first. Raises `UnknownProvider`, `UnknownSubject`, and `SpaceMismatch` for vectors of another space or
        length."""
        shelf = self._shelves.get(provider)
        if shelf is None:
            raise UnknownProvider(f"no item of provider '{provider}' is searchable: send its catalog first")
        return await asyncio.to_thread(self._search, provider, shelf, body)

    async def providers(self) -> dict[str, int]:
        """As `sizes`, where a caller may have to wait for the answer (it may come over HTTP)."""
        return self.sizes()

    def sizes(self) -> dict[str, int]:
        """Items searchable, by provider."""
        return {provider: len(shelf.index) for provider, shelf in sorted(self._shelves.items())}

    def _search(self, provider: str, shelf: _Shelf, body: SearchBody) -> SearchAnswer:
        subject = self._subject(shelf, body)
        scoring: Scoring = "linear" if (body.scoring or self._scoring) == "linear" else "mixture"
        with self._metrics.search_seconds.labels(provider).time():
            hits = shelf.index.search(subject.vectors, subject.weights, subject.avoid, body.k, body.threshold, scoring)
        labels = ((hit, shelf.labels.get(hit.key)) for hit in hits)
        items = tuple(
            Found(item=label.item, title=label.title, category=label.category, score=hit.score, interest=hit.interest)
            for hit, label in labels
            if label is not None  # deleted since the search
        )
        return SearchAnswer(version=subject.version or None, space=self._space, items=items)

    def _subject(self, shelf: _Shelf, body: SearchBody) -> _Subject:
        if body.subject is not None:
            held = shelf.subjects.get(body.subject)
            if held is None:
                raise UnknownSubject("this provider holds no embedding of that subject: search with its vectors")
            return held
        if body.space not in {None, self._space}:
            raise SpaceMismatch(f"the vectors are of space '{body.space}' and this provider's items of '{self._space}'")
        return _Subject(
            0,
            directions(body.vectors, self._dimension),
            _vector(body.weights),
            directions(body.avoid, self._dimension),
        )

    def _apply(self, batch: Sequence[Record]) -> None:
        """Items first, index by index in one change each, then profiles."""
        items = [record for record in batch if record.topic == ITEM_EMBEDDINGS]
        changed = self._apply_items({record.key or b"": record for record in items})
        changed |= {self._apply_profile(record) for record in batch if record.topic == PROFILE_EMBEDDINGS}
        for provider in changed & self._shelves.keys():
            shelf = self._shelves[provider]
            self._metrics.index_items.labels(provider).set(len(shelf.index))
            self._metrics.index_subjects.labels(provider).set(len(shelf.subjects))

    def _apply_items(self, latest: Mapping[bytes, Record]) -> set[str]:
        """Returns the providers whose items changed."""
        added: dict[str, dict[str, ItemEmbedding]] = defaultdict(dict)
        removed: dict[str, list[str]] = defaultdict(list)
        for raw_key, record in latest.items():
            key = raw_key.decode(errors="replace")
            if record.value is None:
                removed[key.partition(":")[0]].append(key)
            elif (embedding := self._read(ItemEmbedding, record)) is not None:
                added[embedding.provider][embedding.key] = embedding
        for provider, keys in removed.items():
            self._remove(provider, keys)
        for provider, embeddings in added.items():
            self._add(provider, embeddings)
        return removed.keys() | added.keys()

    def _add(self, provider: str, embeddings: Mapping[str, ItemEmbedding]) -> None:
        shelf = self._shelf(provider)
        for key, one in embeddings.items():
            shelf.labels[key] = _Label(one.item, one.title, one.category)
        shelf.index.put(list(embeddings), unpack([one.vector for one in embeddings.values()], self._dimension))
        for one in embeddings.values():
            self._observe("item", one.accepted_ms)

    def _remove(self, provider: str, keys: Sequence[str]) -> None:
        shelf = self._shelves.get(provider)
        if shelf is not None:
            shelf.index.remove(keys)
            for key in keys:
                shelf.labels.pop(key, None)

    def _apply_profile(self, record: Record) -> str:
        """Returns the provider whose subjects changed, or nothing."""
        subject = (record.key or b"").decode(errors="replace")
        if record.value is None:
            provider = self._provider_of.pop(subject, "")
            if provider:
                self._shelf(provider).subjects.pop(subject, None)
            return provider
        embedding = self._read(ProfileEmbedding, record)
        if embedding is None:
            return ""
        subjects = self._shelf(embedding.provider).subjects
        held = subjects.get(subject)
        if held is None or embedding.version > held.version:
            subjects[subject] = self._held(embedding)
            self._provider_of[subject] = embedding.provider
            self._observe("profile", embedding.accepted_ms)
        return embedding.provider

    def _held(self, embedding: ProfileEmbedding) -> _Subject:
        return _Subject(
            embedding.version,
            unpack(embedding.vectors, self._dimension).astype(np.float16),
            _vector(embedding.weights),
            unpack(embedding.avoid, self._dimension).astype(np.float16),
        )

    def _shelf(self, provider: str) -> _Shelf:
        if provider not in self._shelves:
            self._shelves[provider] = _Shelf(ItemIndex(self._dimension, self._space))
        return self._shelves[provider]

    def _observe(self, what: str, accepted_ms: int) -> None:
        """Freshness, of what was accepted since this stage began: a replay from the start says nothing about it."""
        accepted = accepted_ms / 1000
        if accepted >= self._started:
            self._metrics.freshness.labels(what).observe(max(0.0, self._now() - accepted))

    def _read(self, kind: type[M], record: Record) -> M | None:
        """None, logged, for what cannot be read, is of another space, or of a provider that is not served here."""
        try:
            message = kind.model_validate_json(record.value or b"")
        except ValidationError as error:
            _LOG.warning("%s/%d at %d: %s", record.topic, record.partition, record.offset, summarize(error))
            return None
        if self._providers is not None and message.provider not in self._providers:
            return None
        if not self._fits(message):
            self._pass_over(message)
            return None
        return message

    def _fits(self, message: ItemEmbedding | ProfileEmbedding) -> bool:
        """Its vectors are of this space and length."""
        rows = (message.vector,) if isinstance(message, ItemEmbedding) else message.vectors + message.avoid
        return message.space == self._space and all(len(row) == 2 * self._dimension for row in rows)

    def _pass_over(self, message: ItemEmbedding | ProfileEmbedding) -> None:
        """Counts each, and says it once: after a change of model the topics are full of them for a while."""
        self._metrics.other_space.labels(message.provider).inc()
        if not self._told:
            self._told = True
            _LOG.warning(
                "vectors of space %s are passed over, this process serves %s with %d components: let ATTUNE_MODEL name "
                "one model for every role, and send the catalog again after a change of model",
                message.space,
                self._space,
                self._dimension,
            )


def _vector(weights: Sequence[float]) -> Floats:
    return np.asarray(weights, np.float32)
