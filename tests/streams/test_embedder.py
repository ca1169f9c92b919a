"""The embedder stage: what is embedded and what is not, what the store and the topic get, and when a step fails."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from schemas.catalog import CatalogItem, ItemEmbedding
from schemas.dead_letter import DeadLetter, Reason
from streams.contract import Outgoing, Record
from streams.embedder import PIECE, EmbedderStage
from streams.metrics import Metrics
from streams.topics import CATALOG, DEAD_LETTERS, ITEM_EMBEDDINGS
from tests.fakes import HashEncoder, MemoryStore, RecordingProducer
from tests.patience import PATIENCE
from workers.errors import BrokerUnavailable, StoreUnavailable
from workers.ports import ItemRecord, Matrix
from workers.vectors import pack

NOW = 1_700_000_000.0


class World:
    """The stage with its ports, and a catalog topic of one partition."""

    def __init__(self, encoder: HashEncoder | None = None) -> None:
        self.store, self.producer, self.metrics = MemoryStore(), RecordingProducer(), Metrics()
        self.encoder = encoder or HashEncoder()
        self.stage = EmbedderStage(self.store, self.encoder, self.producer, self.metrics, now=lambda: NOW)
        self._offset = 0

    def record(self, key: str | bytes | None, value: bytes | None) -> Record:
        self._offset += 1
        raw = key.encode() if isinstance(key, str) else key
        return Record(CATALOG, 0, self._offset, raw, value, 1_000 + self._offset)

    def put(self, item: str, title: str, **fields: Any) -> Record:
        entry = CatalogItem(provider="news", item=item, title=title, **fields)
        return self.record(entry.key, entry.to_bytes())

    def tombstone(self, item: str) -> Record:
        return self.record(f"news:{item}", None)

    async def stored(self, *items: str) -> list[ItemRecord]:
        keys = [f"news:{item}" for item in items]
        return list((await self.store.read((), keys, self.encoder.space)).items.values())

    def published(self) -> list[ItemEmbedding]:
        return [ItemEmbedding.model_validate_json(one.value or b"") for one in self.producer.of(ITEM_EMBEDDINGS)]

    def letters(self) -> list[DeadLetter]:
        return [DeadLetter.model_validate_json(one.value or b"") for one in self.producer.of(DEAD_LETTERS)]

    def count(self, result: str) -> float:
        return self.metrics.registry.get_sample_value("attune_items_embedded_total", {"result": result}) or 0


def texts(world: World) -> list[str]:
    return [text for call in world.encoder.encoded for text in call]


async def test_an_entry_becomes_a_vector_in_the_store_and_on_the_topic() -> None:
    world = World()
    record = world.put("1", "Giants win in Dallas today", category="sports/football_nfl")
    await world.stage.handle([record])
    vector = pack(HashEncoder().encode(["sports football nfl: Giants win in Dallas today"]))[0]
    (stored,) = await world.stored("1")
    assert (stored.key, stored.space, stored.title, stored.vector) == (
        "news:1",
        "hash-test",
        "Giants win in Dallas today",
        vector,
    )
    assert stored.phrases == ("sports", "football nfl", "Dallas")
    (sent,) = world.published()
    assert world.producer.sent[0].key == b"hash-test/news:1"
    assert (sent.provider, sent.item, sent.title, sent.category) == (
        "news",
        "1",
        "Giants win in Dallas today",
        "sports/football_nfl",
    )
    assert (sent.space, sent.vector, sent.accepted_ms) == ("hash-test", vector, record.timestamp_ms)


async def test_its_phrases_have_vectors_once_the_item_can_be_found() -> None:
    world = World()
    await world.stage.handle([world.put("1", "x", category="music/jazz")])
    known = await world.store.read_phrases("hash-test", ["music", "jazz"])
    assert known == dict(zip(["music", "jazz"], pack(HashEncoder().encode(["music", "jazz"])), strict=True))
    assert world.store.calls.index("put_phrases") < world.store.calls.index("put_items")


async def test_no_text_is_embedded_twice_in_a_batch() -> None:
    world = World()
    await world.stage.handle([world.put("1", "x", category="jazz"), world.put("2", "x", category="jazz")])
    assert world.encoder.encoded == [("jazz: x",), ("jazz",)]


async def test_a_large_batch_goes_through_the_model_in_pieces_of_like_length() -> None:
    """So that a stop need not wait for all of it, and padding costs little."""
    world = World()
    await world.stage.handle(
        [world.put(str(n), "word " * (n % 6 + 1), text=str(n), category="jazz") for n in range(1, 151)]
    )
    assert [len(call) for call in world.encoder.encoded] == [PIECE, PIECE, 150 - 2 * PIECE, 1]
    lengths = [len(text) for text in texts(world)[:-1]]
    assert lengths == sorted(lengths)
    for stored in await world.stored(*map(str, range(1, 151))):
        number = int(stored.key.partition(":")[2])
        title = " ".join(["word"] * (number % 6 + 1))
        assert stored.vector == pack(HashEncoder().encode([f"jazz: {title}. {number}"]))[0]


async def test_an_unchanged_entry_keeps_its_vector_and_is_published_again() -> None:
    world = World()
    await world.stage.handle([world.put("1", "x", category="jazz")])
    first = world.published()[0]
    world.producer.take()
    again = world.put("1", "x", category="jazz")
    await world.stage.handle([again])
    assert len(world.encoder.encoded) == 2  # the item's text and its phrase, both in the first round
    (second,) = world.published()
    assert second.vector == first.vector
    assert second.accepted_ms == again.timestamp_ms
    assert (world.count("embedded"), world.count("unchanged")) == (1, 1)


async def test_known_phrases_are_not_embedded_again() -> None:
    world = World()
    await world.stage.handle([world.put("1", "x", category="music/jazz")])
    world.encoder.encoded.clear()
    await world.stage.handle([world.put("2", "y", category="music/rock")])
    assert sorted(texts(world)) == ["music rock: y", "rock"]


@pytest.mark.parametrize("change", [{"title": "y"}, {"text": "more"}, {"category": "rock"}, {"tags": ("calm",)}])
async def test_whatever_of_the_text_changes_the_vector_is_made_anew(change: dict[str, Any]) -> None:
    world = World()
    fields = {"title": "x", "category": "jazz"}
    await world.stage.handle([world.put("1", **fields)])
    before = await world.stored("1")
    await world.stage.handle([world.put("1", **(fields | change))])
    (after,) = await world.stored("1")
    assert after.vector != before[0].vector
    assert after.title == change.get("title", "x")


async def test_another_space_s_vector_is_no_vector() -> None:
    world = World()
    await world.stage.handle([world.put("1", "x")])
    other = EmbedderStage(world.store, HashEncoder(space="other"), world.producer, world.metrics)
    await other.handle([world.put("1", "x")])
    assert {one.space for one in world.published()} == {"hash-test", "other"}
    assert world.count("embedded") == 2


async def test_the_last_entry_of_an_item_in_a_batch_counts() -> None:
    world = World()
    await world.stage.handle(
        [world.put("1", "first"), world.put("2", "stays"), world.put("1", "last"), world.tombstone("2")]
    )
    assert "first" not in texts(world)
    (only,) = await world.stored("1", "2")
    assert only.title == "last"
    embedding, dated, tombstone = world.producer.of(ITEM_EMBEDDINGS)
    assert (embedding.key, embedding.value is None) == (b"hash-test/news:1", False)
    assert {dated.key, tombstone.key} == {b"hash-test/news:2"}
    assert tombstone.value is None


async def test_before_a_tombstone_goes_its_date() -> None:
    """By which readers tell what was sent before it and comes late (`streams.gone`)."""
    world = World()
    await world.stage.handle([world.put("1", "x"), world.tombstone("1")])
    dated, tombstone = world.producer.of(ITEM_EMBEDDINGS)[-2:]
    said = ItemEmbedding.model_validate_json(dated.value or b"")
    assert (said.gone, said.key, len(said.vector)) == (True, "news:1", 2)
    assert said.standing is not None
    assert (tombstone.key, tombstone.value) == (dated.key, None)


async def test_a_tombstone_takes_the_item_away_and_an_entry_brings_it_back() -> None:
    world = World()
    await world.stage.handle([world.put("1", "x")])
    await world.stage.handle([world.tombstone("1")])
    assert await world.stored("1") == []
    assert world.producer.sent[-1] == Outgoing(ITEM_EMBEDDINGS, b"hash-test/news:1", None)
    assert world.count("deleted") == 1
    await world.stage.handle([world.tombstone("1"), world.put("1", "x")])
    assert len(await world.stored("1")) == 1
    assert world.producer.sent[-1].value is not None


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("news:1", b"{", Reason.INVALID),
        ("news:1", b"", Reason.INVALID),
        ("news:1", b'{"provider": "news", "item": "1"}', Reason.INVALID),
        ("news:1", b"\xff\xfe", Reason.INVALID),
        ("news:2", b'{"provider": "news", "item": "1", "title": "x"}', Reason.WRONG_KEY),
        (None, b'{"provider": "news", "item": "1", "title": "x"}', Reason.WRONG_KEY),
        (b"\xff:1", b'{"provider": "news", "item": "1", "title": "x"}', Reason.WRONG_KEY),
        ("no provider", None, Reason.WRONG_KEY),
        (None, None, Reason.WRONG_KEY),
    ],
)
async def test_garbage_becomes_a_dead_letter_and_the_next_is_served(
    key: str | bytes | None, value: bytes | None, reason: Reason
) -> None:
    world = World()
    bad = world.record(key, value)
    await world.stage.handle([bad, world.put("good", "x")])
    (letter,) = world.letters()
    assert (letter.reason, letter.stage, letter.topic, letter.offset) == (reason, "embedder", CATALOG, bad.offset)
    assert (letter.key, letter.value) == (bad.key, bad.value)
    assert letter.first_time.timestamp() == NOW
    assert len(await world.stored("good")) == 1
    counted = {"stage": "embedder", "reason": reason.value}
    assert world.metrics.registry.get_sample_value("attune_events_dead_lettered_total", counted) == 1


async def test_a_letter_s_detail_holds_nothing_of_the_content() -> None:
    world = World()
    secret = '"provider": "SECRET!", "item": "", "title": 7, "tags": "SECRET", "time": "SECRET"'
    await world.stage.handle([world.record("SECRET", f"{{{secret}}}".encode())])
    (letter,) = world.letters()
    assert "SECRET" not in letter.detail
    assert "provider: " in letter.detail
    assert "title: " in letter.detail


@pytest.mark.parametrize("call", ["read", "read_phrases", "put_phrases", "put_items"])
async def test_without_the_store_nothing_is_published_and_the_next_try_does_it_all(call: str) -> None:
    world = World()
    batch = [world.put("1", "x", category="jazz"), world.tombstone("2")]
    world.store.fail(call)
    with pytest.raises(StoreUnavailable):
        await world.stage.handle(batch)
    assert world.producer.sent == []
    await world.stage.handle(batch)
    assert [one.value is None for one in world.producer.sent] == [False, False, True]
    assert len(await world.stored("1")) == 1


async def test_after_a_failed_send_the_next_try_publishes_what_the_store_has() -> None:
    world = World()
    batch = [world.put("1", "x")]
    world.producer.failures = 1
    with pytest.raises(BrokerUnavailable):
        await world.stage.handle(batch)
    await world.stage.handle(batch)
    (sent,) = world.published()
    assert sent.vector == (await world.stored("1"))[0].vector
    assert len(world.encoder.encoded) == 1


async def test_a_slow_model_does_not_hold_up_the_event_loop() -> None:
    class SlowEncoder(HashEncoder):
        def encode(self, texts: Sequence[str]) -> Matrix:
            begun.set()
            assert enough.wait(PATIENCE), "the event loop stood still"
            return super().encode(texts)

    begun, enough = threading.Event(), threading.Event()

    world = World(SlowEncoder())
    handling = asyncio.create_task(world.stage.handle([world.put("1", "x")]))
    while not begun.is_set():
        await asyncio.sleep(0.001)
    enough.set()
    await handling
