"""The provider stage: each provider's own indexes, and the embeddings of those who read there.

Both topics are compacted and read from the start, without a group: what is in memory is what the topics hold. A
provider learns vectors, weights and its own pseudonym for a person, nothing else (DESIGN.md, invariant 7).
Of an item or a subject the embedding that counts is held, whatever order they come in; a topic that went back is mended
(`streams.healing`). Whoever has a tombstone is dropped, and that is confirmed (`streams.confirming`).

It serves the space it was started in and those that a roll-out has opened (`streams.rollout`), each in an index of its
own; a provider with a space of its own in that one alone (`streams.own_space`). What is of any other space is passed
over, and counted where nobody is served in it. What was passed over of a provider before it came to another space is
read from the log once more.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import numpy as np

from schemas.api import Found, SearchAnswer, SearchBody
from schemas.catalog import ItemEmbedding, split_embedding_key
from schemas.profile import ProfileEmbedding
from streams.confirming import RENEW, Confirming
from streams.contract import History, Outgoing, Partition, Producer, Record, Timer
from streams.gone import Gone
from streams.healing import Healing
from streams.messages import E, read_embedding
from streams.metrics import Metrics
from streams.second_reading import SecondReading
from streams.serving import Serving
from streams.shelves import Label, Room, Shelf, Subject
from streams.strange import Strange, StrangeReport
from streams.topics import ITEM_EMBEDDINGS, PROFILE_EMBEDDINGS
from workers.errors import UnknownProvider, UnknownSubject
from workers.scoring import Scoring
from workers.standing import NONE, gives_way
from workers.vectors import directions, unpack

Served = Callable[[], Awaitable[Serving]]
"""The spaces to serve now."""


class ProviderStage:
    """`space` and `dimension` are what it is started in. `served` is asked where vectors of another space come, so
    that a roll-out's are taken from the first on. `now` is in epoch seconds. `providers` None: every one there is.
    Without a `producer` it mends nothing, and without a `history` it reads nothing again. `reader` is its own name,
    where others may serve the same providers."""

    name = "provider"
    group = None
    topics = (ITEM_EMBEDDINGS, PROFILE_EMBEDDINGS)

    def __init__(
        self,
        space: str,
        dimension: int,
        metrics: Metrics,
        *,
        scoring: Scoring = "mixture",
        providers: frozenset[str] | None = None,
        served: Served | None = None,
        producer: Producer | None = None,
        reader: str | None = None,
        history: History | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._serving = Serving({space: dimension})
        self._served = served
        self._second_reading = SecondReading(history)
        self._metrics = metrics
        self._scoring = scoring
        self._providers = providers
        self._now = now
        self._started = now()
        self._shelves: dict[str, Shelf] = {}
        self._provider_of: dict[str, str] = {}
        """Of a subject: a tombstone carries only the key."""
        self._gone = Gone()  # subjects: who is forgotten is so for good
        self._healing = Healing(producer, metrics)
        self._confirming = Confirming(producer, now, reader)
        self.timers = () if reader is None else (Timer(RENEW, self.renew),)
        self._strange = StrangeReport(metrics)
        self._changing = asyncio.Lock()

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        return {}

    async def handle(self, batch: Sequence[Record]) -> None:
        """Applies the batch; everything in it is searchable when this returns."""
        async with self._changing:
            await self._handle(batch)

    async def serve(self, serving: Serving) -> None:
        """Opens an index for each of these spaces, reads what was passed over of them, and closes those of all
        others. Raises `BrokerUnavailable`: what was open stays open then."""
        async with self._changing:
            self._serving = serving.beside(self._serving)
        await self._second_reading.read(serving, self.handle)
        async with self._changing:
            self._serving = serving
            for provider, shelf in self._shelves.items():
                for space in shelf.rooms.keys() - serving.at(provider).keys():
                    shelf.close(space)
                    self._second_reading.passed_over([(provider, space)])

    async def renew(self) -> None:
        """Says that it is there; where that was overdue it lets go of everybody first. Raises `BrokerUnavailable`."""
        async with self._changing:
            if self._confirming.is_over:
                self._provider_of.clear()
                for shelf in self._shelves.values():
                    shelf.drop_all()
            await self._confirming.renew()

    async def _handle(self, batch: Sequence[Record]) -> None:
        await self._confirming.begin()
        strange = await asyncio.to_thread(self._apply, batch)
        if strange.spaces and self._served is not None:
            self._serving = (await self._served()).beside(self._serving)  # `serve` closes what is served no longer
            if strange.spaces & self._serving.lengths.keys():  # taken twice is as taken once
                strange = await asyncio.to_thread(self._apply, batch)
        self._second_reading.passed_over(strange.items)
        self._strange.tell(strange, self._serving.lengths)
        await self._healing.send()
        await self._confirming.send()

    async def search(self, provider: str, body: SearchBody) -> SearchAnswer:
        """Best first. Raises `UnknownProvider`, `UnknownSubject`, and `SpaceMismatch` for vectors of another space or
        length."""
        shelf = self._shelves.get(provider)
        if shelf is None:
            raise UnknownProvider(f"no item of provider '{provider}' is searchable: send its catalog first")
        return await asyncio.to_thread(self._search, provider, shelf, body)

    async def providers(self) -> dict[str, int]:
        """As `sizes`, where a caller may have to wait for the answer."""
        return self.sizes()

    def sizes(self) -> dict[str, int]:
        """Items searchable, by provider."""
        return {provider: len(shelf) for provider, shelf in sorted(self._shelves.items())}

    def _search(self, provider: str, shelf: Shelf, body: SearchBody) -> SearchAnswer:
        subject = self._subject(provider, shelf, body)
        room = shelf.searched(subject.space)
        scoring: Scoring = "linear" if (body.scoring or self._scoring) == "linear" else "mixture"
        with self._metrics.search_seconds.labels(provider).time():
            asked = (body.k, body.threshold, scoring, subject.keep_away)
            hits = room.index.search(subject.vectors, subject.weights, subject.avoid, *asked)
        labels = ((hit, room.labels.get(hit.key)) for hit in hits)
        items = tuple(
            Found(item=label.item, title=label.title, category=label.category, score=hit.score, interest=hit.interest)
            for hit, label in labels
            if label is not None  # deleted since the search
        )
        return SearchAnswer(version=subject.version or None, space=subject.space, items=items)

    def _subject(self, provider: str, shelf: Shelf, body: SearchBody) -> Subject:
        if body.subject is not None:
            held = None if self._confirming.is_over else shelf.subject(body.subject)
            if held is None:
                raise UnknownSubject("this provider holds no embedding of that subject: search with its vectors")
            return held
        space = self._serving.searched(provider, body.space)
        dimension = self._serving.at(provider)[space]
        shelf.room(space, dimension)
        vectors, avoid = directions(body.vectors, dimension), directions(body.avoid, dimension)
        return Subject(0, space, vectors, np.asarray(body.weights, np.float64), avoid, keep_away=body.keep_away)

    def _apply(self, batch: Sequence[Record]) -> Strange:
        """Items first, index by index in one change each, then profiles."""
        strange = Strange()
        changed = self._apply_items([record for record in batch if record.topic == ITEM_EMBEDDINGS], strange)
        changed |= {self._apply_profile(record, strange) for record in batch if record.topic == PROFILE_EMBEDDINGS}
        for provider in changed & self._shelves.keys():
            shelf = self._shelves[provider]
            self._metrics.index_items.labels(provider).set(len(shelf))
            self._metrics.index_subjects.labels(provider).set(shelf.subjects)
        return strange

    def _apply_items(self, records: Sequence[Record], strange: Strange) -> set[str]:
        """Returns the providers whose items changed."""
        added: dict[tuple[str, str], dict[str, ItemEmbedding]] = defaultdict(dict)
        removed: dict[str, list[tuple[str | None, str]]] = defaultdict(list)
        for raw_key, embedding in self._latest(records, strange).items():
            if embedding is None:
                space, key = split_embedding_key(raw_key.decode(errors="replace"))
                removed[key.partition(":")[0]].append((space, key))
            else:
                added[embedding.provider, embedding.space][embedding.key] = embedding
        for provider, keys in removed.items():
            if provider in self._shelves:
                self._shelves[provider].remove(keys)
        for (provider, space), embeddings in added.items():
            self._add(provider, space, embeddings)
        return removed.keys() | {provider for provider, _ in added}

    def _latest(self, records: Sequence[Record], strange: Strange) -> dict[bytes, ItemEmbedding | None]:
        """Of each key what counts of the batch, None for a tombstone; nothing where what is held counts more."""
        latest: dict[bytes, ItemEmbedding | None] = {}
        for record in records:
            if record.value is None:
                self._end(record, latest)
            elif (embedding := self._read(ItemEmbedding, record)) is None:
                continue
            elif self._serving.is_of_others(embedding.provider, embedding.space):
                strange.is_of_others(embedding)
            elif embedding.gone and embedding.space in self._serving.at(embedding.provider):
                self._room(embedding).end(embedding, record.timestamp_ms)
            elif strange.fits(embedding, self._serving.at(embedding.provider)):
                room, key = self._room(embedding), record.key or b""
                held = latest[key] if key in latest else room.labels.get(embedding.key)
                is_late = room.comes_too_late(embedding, record.timestamp_ms)
                if held is None and is_late:
                    self._healing.came_too_late(record)
                elif held is None or (not is_late and gives_way(held.standing or NONE, embedding.standing or NONE)):
                    latest[key] = embedding
                    self._healing.went_on(record)
                else:
                    self._send_again(record, held, room)
        return latest

    def _end(self, tombstone: Record, latest: dict[bytes, ItemEmbedding | None]) -> None:
        """Takes away what was taken in before the tombstone, or all, where nothing says when that was."""
        space, key = split_embedding_key((place := tombstone.key or b"").decode(errors="replace"))
        shelf = self._shelves.get(key.partition(":")[0])
        room = shelf.rooms.get(space or "") if shelf is not None else None
        held = None if room is None else latest[place] if place in latest else room.labels.get(key)
        if room is not None and held is not None and room.outlives(key, held.standing or NONE, tombstone.timestamp_ms):
            self._send_again(tombstone, held, room)
        else:
            latest[place] = None
            self._healing.went_on(tombstone)

    def _send_again(self, record: Record, held: ItemEmbedding | Label, room: Room) -> None:
        _, key = split_embedding_key((record.key or b"").decode())
        newer = held if isinstance(held, ItemEmbedding) else held.published(key.partition(":")[0], room.index)
        self._healing.went_back(Outgoing(record.topic, record.key or b"", newer.to_bytes()))

    def _add(self, provider: str, space: str, embeddings: Mapping[str, ItemEmbedding]) -> None:
        dimension = self._serving.at(provider)[space]
        room = self._shelf(provider).room(space, dimension)
        for key, one in embeddings.items():
            room.labels[key] = Label.of(one)
        room.index.put(list(embeddings), unpack([one.vector for one in embeddings.values()], dimension))
        for one in embeddings.values():
            self._observe("item", one.accepted_ms)

    def _apply_profile(self, record: Record, strange: Strange) -> str:
        """Returns the provider whose subjects changed, or nothing."""
        subject = (record.key or b"").decode(errors="replace")
        if record.value is None:
            self._healing.went_on(record)
            self._gone.remember(subject, NONE, record.timestamp_ms)
            provider = self._provider_of.pop(subject, "")
            if provider:
                self._shelf(provider).drop(subject)
            self._confirming.dropped(subject, provider, record.timestamp_ms)
            return provider
        embedding = self._read(ProfileEmbedding, record)
        return "" if embedding is None else self._hold(subject, embedding, record, strange)

    def _hold(self, subject: str, embedding: ProfileEmbedding, record: Record, strange: Strange) -> str:
        shelf = self._shelf(embedding.provider)
        newest = shelf.newest(subject)
        if self._gone.of(subject, record.timestamp_ms) is not None:
            self._healing.came_too_late(record)
        elif newest is not None and embedding.version < newest.version:
            newer = newest.published(subject, embedding.provider)
            self._healing.went_back(Outgoing(record.topic, subject.encode(), newer))
        elif strange.fits(embedding, served := self._serving.at(embedding.provider)):
            self._healing.went_on(record)
            self._room(embedding)
            if shelf.hold(subject, Subject.of(embedding, served[embedding.space])):
                self._provider_of[subject] = embedding.provider
                self._observe("profile", embedding.accepted_ms)
            return embedding.provider
        return ""

    def _shelf(self, provider: str) -> Shelf:
        return self._shelves.setdefault(provider, Shelf())

    def _room(self, message: ItemEmbedding | ProfileEmbedding) -> Room:
        return self._shelf(message.provider).room(message.space, self._serving.at(message.provider)[message.space])

    def _observe(self, what: str, accepted_ms: int) -> None:
        """Freshness, of what was accepted since this stage began: a replay from the start says nothing about it."""
        if accepted_ms / 1000 >= self._started:
            self._metrics.freshness.labels(what).observe(max(0.0, self._now() - accepted_ms / 1000))

    def _read(self, kind: type[E], record: Record) -> E | None:
        """None for what cannot be read, or is of a provider that is not served here."""
        message = read_embedding(kind, record)
        return message if self._providers is None or (message and message.provider in self._providers) else None
