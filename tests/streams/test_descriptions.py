"""What interactions say of an item is weaker than what its provider says, in every order, and for who reads the catalog
from the start; and an embedder that fell behind overwrites nothing."""

from collections.abc import Sequence
from itertools import permutations

import pytest

from schemas.catalog import CatalogItem, ItemEmbedding, description_key
from schemas.dead_letter import DeadLetter, Reason
from streams.contract import Outgoing, Record
from streams.descriptions import Descriptions
from streams.embedder import EmbedderStage
from streams.metrics import Metrics
from streams.topics import CATALOG, DEAD_LETTERS, ITEM_EMBEDDINGS
from tests.fakes import HashEncoder, MemoryStore, RecordingProducer
from workers.errors import BrokerUnavailable

KEY = "news:1"
TOLD = description_key(KEY)


class World:
    """A catalog of two partitions, as the entry and the description of an item may lie in, which keeps what is sent to
    it; and as many embedders on one store as the test wants."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store, self.producer = store or MemoryStore(), RecordingProducer()
        self.catalog: list[Record] = []
        self._at = 0

    def stage(self, space: str = "hash-test") -> EmbedderStage:
        return EmbedderStage(self.store, HashEncoder(space=space), self.producer, Metrics())

    def record(self, key: str, value: bytes | None, at: int | None = None) -> Record:
        self._at = max(self._at + 1, at or 0)
        record = Record(CATALOG, int(key.startswith("~")), self._at, key.encode(), value, self._at)
        self.catalog.append(record)
        return record

    def entry(self, title: str, at: int | None = None) -> Record:
        return self.record(KEY, CatalogItem(provider="news", item="1", title=title).to_bytes(), at)

    def told(self, text: str, described_ms: int, at: int | None = None) -> Record:
        entry = CatalogItem(provider="news", item="1", title=text, text=text, described_ms=described_ms)
        return self.record(TOLD, entry.to_bytes(), at)

    def gone(self, key: str = KEY, at: int | None = None) -> Record:
        return self.record(key, None, at)

    async def run(self, stage: EmbedderStage, *records: Record) -> None:
        """One at a time; then what it has sent to the catalog itself."""
        for record in records:
            await stage.handle([record])
        while echoes := self._echoes():
            await stage.handle(echoes)

    def _echoes(self) -> list[Record]:
        sent = self.producer.of(CATALOG)
        self.producer.sent[:] = [one for one in self.producer.sent if one.topic != CATALOG]
        return [self.record(one.key.decode(), one.value) for one in sent]

    async def title(self, space: str = "hash-test") -> str | None:
        items = (await self.store.read((), [KEY], space)).items
        return items[KEY].title if KEY in items else None

    def published(self, space: str = "hash-test") -> str | None:
        """The title that a reader of the embeddings ends with, if any."""
        last: Outgoing = [one for one in self.producer.of(ITEM_EMBEDDINGS) if one.key == f"{space}/{KEY}".encode()][-1]
        return None if last.value is None else ItemEmbedding.model_validate_json(last.value).title

    def compacted(self) -> list[Record]:
        """What a space that is opened now reads."""
        last = {record.key: record for record in self.catalog}
        return [record for record in self.catalog if last[record.key] is record]


@pytest.mark.parametrize("in_one_batch", [True, False])
async def test_the_providers_entry_counts_in_every_order(in_one_batch: bool) -> None:
    for order in permutations(range(3)):
        world = World()
        said = [world.told("of ann", 5), world.entry("of the provider"), world.told("of bob", 6)]
        stage, batch = world.stage(), [said[place] for place in order]
        if in_one_batch:
            await stage.handle(batch)
        await world.run(stage, *(() if in_one_batch else batch))
        assert (await world.title(), world.published()) == ("of the provider", "of the provider")
        assert [one.key for one in world.compacted() if one.value is not None] == [KEY.encode()]
        later = world.stage("later")
        await later.handle(world.compacted())
        assert (await world.title("later"), world.published("later")) == ("of the provider",) * 2


@pytest.mark.parametrize("in_one_batch", [True, False])
async def test_of_two_who_describe_an_item_the_first_one_counts_now_and_in_every_later_space(
    in_one_batch: bool,
) -> None:
    for order in permutations(range(3)):
        world = World()
        said = [world.told("of ann", 5), world.told("of bob", 6), world.told("of eve", 7)]
        stage, batch = world.stage(), [said[place] for place in order]
        world.catalog[:] = batch
        if in_one_batch:
            await stage.handle(batch)
        await world.run(stage, *(() if in_one_batch else batch))
        assert (await world.title(), world.published()) == ("of ann", "of ann")
        later = world.stage("later")
        await world.run(later, *world.compacted())
        assert (await world.title("later"), world.published("later")) == ("of ann", "of ann")


async def test_what_was_stored_and_compacted_away_before_it_was_published_is_published_at_last() -> None:
    world = World()
    first, second = world.told("of ann", 5), world.told("of bob", 6)
    world.producer.failures = 1
    with pytest.raises(BrokerUnavailable):
        await world.stage().handle([first])
    assert (await world.title(), world.producer.sent) == ("of ann", [])
    await world.run(world.stage(), second)
    assert (await world.title(), world.published()) == ("of ann", "of ann")


async def test_two_spaces_that_disagree_come_to_agree_and_then_send_nothing() -> None:
    """The later one has read the topic when only the other's loser was left on it."""
    world = World()
    first, second = world.told("of ann", 5), world.told("of bob", 6)
    one, two = world.stage("one"), world.stage("two")
    await one.handle([first])
    await two.handle([second])
    await one.handle([second])
    await two.handle(echoes := world._echoes())
    assert [record.value for record in echoes] == [first.value]
    await world.run(one, *echoes)
    assert [await world.title(space) for space in ("one", "two")] == ["of ann", "of ann"]
    assert world._echoes() == []


async def test_a_providers_tombstone_takes_the_description_with_it() -> None:
    world, stage = World(), None
    stage = world.stage()
    await world.run(stage, world.told("of ann", 5), world.gone(at=9))
    assert (await world.title(), world.published()) == (None, None)
    assert [one.key for one in world.compacted() if one.value is not None] == []
    later = world.stage("later")
    await later.handle(world.compacted())
    assert await world.title("later") is None


async def test_what_is_told_after_the_providers_tombstone_stays() -> None:
    """Also in a space that reads the tombstone last."""
    world = World()
    gone, told = world.gone(at=5), world.told("of ann", 9)
    await world.run(world.stage(), gone, told)
    await world.run(world.stage("later"), told, gone)
    assert [await world.title(space) for space in ("hash-test", "later")] == ["of ann", "of ann"]
    assert world.compacted()[-1] is told


async def test_the_tombstone_of_a_description_leaves_the_providers_entry_alone() -> None:
    world = World()
    stage = world.stage()
    await world.run(stage, world.entry("of the provider"), world.gone(TOLD))
    assert (await world.title(), world.published()) == ("of the provider", "of the provider")
    other = World()
    await other.run(other.stage(), other.gone(TOLD))
    assert other.producer.of(ITEM_EMBEDDINGS) == [], "a reader may have the provider's embedding already"


@pytest.mark.parametrize(
    ("key", "described_ms"),
    [(KEY, 5), (TOLD, None), ("~~news:1", 5), ("~news:2", 5)],
    ids=["plain", "~", "~~", "other"],
)
async def test_a_description_under_another_key_and_an_entry_under_its_key_are_refused(
    key: str, described_ms: int | None
) -> None:
    world = World()
    entry = CatalogItem(provider="news", item="1", title="x", described_ms=described_ms)
    await world.stage().handle([world.record(key, entry.to_bytes())])
    (letter,) = (DeadLetter.model_validate_json(one.value or b"") for one in world.producer.of(DEAD_LETTERS))
    assert letter.reason is Reason.WRONG_KEY
    assert await world.title() is None


async def test_an_embedder_that_fell_behind_neither_overwrites_nor_deletes_nor_publishes() -> None:
    world = World()
    old, gone, new = world.entry("old"), world.gone(), world.entry("new")
    await world.stage().handle([old, gone, new])
    world.producer.take()
    for batch in ([old], [gone], [old, gone]):
        await world.stage().handle(batch)
    assert await world.title() == "new"
    assert world.producer.sent == []
    await world.stage().handle([new])
    assert world.published() == "new", "what comes again after a crash is published again"


async def test_what_was_deleted_comes_back_neither_to_the_store_nor_to_its_readers() -> None:
    """By an embedder that fell behind after it had read its batch, or when it had stored it already."""
    world = World()
    old, gone = world.entry("old"), world.gone()
    await world.stage().handle([gone])
    world.producer.take()
    await world.stage().handle([old])
    assert await world.title() is None
    assert world.producer.sent == []

    class Overtaken(RecordingProducer):
        """While it sends, another embedder deletes the item and says so."""

        async def send(self, messages: Sequence[Outgoing]) -> None:
            if any(one.value is not None for one in messages):
                await other.stage().handle([gone])
            await super().send([*other.producer.take(), *messages])

    other = World()
    slow = World(other.store)
    slow.producer = Overtaken()
    await slow.stage().handle([old])
    assert await other.title() is None
    said = slow.producer.of(ITEM_EMBEDDINGS)
    assert [one.value is None for one in said] == [False, True, False, True]  # the first is the tombstone's date


async def test_an_entry_of_an_earlier_release_gives_way() -> None:
    world = World()
    stage = world.stage()
    record = world.entry("x")
    await stage.handle([record])
    (stored,) = (await world.store.read((), [KEY], "hash-test")).items.values()
    await world.store.put_items([type(stored)(**{f: getattr(stored, f) for f in stored.__slots__} | {"standing": ""})])
    await stage.handle([record])
    (stored,) = (await world.store.read((), [KEY], "hash-test")).items.values()
    assert stored.standing


async def test_only_so_many_descriptions_are_remembered() -> None:
    world = World()
    stage = world.stage()
    stage._descriptions = Descriptions(most=1)
    await stage.handle([world.told("of ann", 5)])
    entry = CatalogItem(provider="news", item="2", title="another", described_ms=6)
    await stage.handle([world.record(description_key("news:2"), entry.to_bytes())])
    world.producer.take()
    await stage.handle([world.told("of bob", 7)])
    assert world.producer.of(CATALOG) == []
    assert await world.title() == "of ann"
