"""The bank grows while the embedder works: once, for everybody, whatever fails in between."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from schemas.catalog import CatalogItem
from streams.bank_growth import BankGrowth
from streams.embedder import EmbedderStage
from streams.metrics import Metrics
from streams.topics import CATALOG
from tests.fakes import HashEncoder, MemoryStore, RecordingProducer
from workers.bank import Bank, Usage
from workers.described import describe
from workers.errors import BrokerUnavailable, StoreUnavailable
from workers.growth import Growth
from workers.ports import ItemRecord, Record
from workers.sightings import GrownPhrase
from workers.vectors import pack

USAGE = Usage(0.0, frozenset(), frozenset(), frozenset())
BANK = Bank((), {}, USAGE)
MOON = ("They watch a moon landing", "We like the moon landing", "She hopes for a moon landing")


class GrowingEncoder(HashEncoder):
    """A space whose bank is empty at first."""

    def phrases_of(self, item: CatalogItem) -> tuple[str, ...]:
        return BANK.phrases_of(item)

    @property
    def growth(self) -> Growth | None:
        return Growth(BANK, USAGE)


class World:
    """One store and one topic; embedders of it."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.producer, self.metrics = RecordingProducer(), Metrics()
        self.stage = self.embedder()
        self._offset = 0

    def embedder(self) -> EmbedderStage:
        return EmbedderStage(self.store, GrowingEncoder(), self.producer, self.metrics)

    def put(self, item: str, title: str) -> Record:
        entry = CatalogItem(provider="news", item=item, title=title)
        self._offset += 1
        return Record(CATALOG, 0, self._offset, entry.key.encode(), entry.to_bytes(), 1_000)

    def moon(self, *numbers: int) -> list[Record]:
        return [self.put(str(number), MOON[number]) for number in numbers]

    async def stored(self, item: str) -> ItemRecord:
        return (await self.store.read((), [f"news:{item}"], "hash-test")).items[f"news:{item}"]

    async def shown(self, *items: str) -> list[bool]:
        return ["moon landing" in (await self.stored(item)).phrases for item in items]

    async def grown(self) -> list[str]:
        return [one.text for one in await self.store.grown("hash-test")]

    def count(self, metric: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(metric, labels) or 0.0


async def test_what_three_items_name_becomes_a_phrase_of_all_three() -> None:
    world = World()
    await world.stage.handle(world.moon(0))
    await world.stage.handle(world.moon(1))
    assert await world.shown("0", "1") == [False, False]
    before = await world.stored("0")
    await world.stage.handle(world.moon(2))
    assert await world.shown("0", "1", "2") == [True, True, True]
    assert await world.grown() == ["moon landing"]
    (vector,) = pack(HashEncoder().encode_interests(["moon landing"]))
    assert await world.store.read_phrases("hash-test", ["moon landing"]) == {"moon landing": vector}
    after = await world.stored("0")
    assert len(after.affinities) == len(after.phrases)
    assert after == replace(before, phrases=after.phrases, affinities=after.affinities)


async def test_who_comes_later_shows_it_at_once_and_is_not_counted_any_more() -> None:
    world = World()
    await world.stage.handle(world.moon(0, 1, 2))
    await world.stage.handle([world.put("9", "Another moon landing fails")])
    assert await world.shown("9") == [True]
    assert (await world.stored("9")).phrases.count("moon landing") == 1
    other = world.embedder()
    await other.handle([world.put("10", "No moon landing today")])
    assert await world.shown("10") == [True]


async def test_the_phrase_can_be_found_before_an_item_that_shows_it() -> None:
    world = World()
    await world.stage.handle(world.moon(0, 1))
    world.store.calls.clear()
    await world.stage.handle(world.moon(2))
    calls = [call for call in world.store.calls if call.startswith(("put", "replace", "grow"))]
    assert calls == ["grown", "put_phrases", "replace_items", "grow", "put_phrases", "put_items"]


async def test_an_item_that_comes_again_counts_once() -> None:
    world = World()
    for _ in range(4):
        await world.stage.handle(world.moon(0, 1))
    await world.stage.handle([world.put("1", MOON[1] + " anew")])
    assert await world.grown() == []


async def test_an_item_that_says_something_else_by_now_is_no_witness_and_gains_nothing() -> None:
    world = World()
    await world.stage.handle(world.moon(0, 1))
    await world.stage.handle([world.put("0", "They watch a film")])
    await world.stage.handle(world.moon(2))
    assert await world.grown() == []
    await world.stage.handle([world.put("4", "Who pays for the moon landing")])
    assert await world.grown() == ["moon landing"]
    assert await world.shown("0", "1", "2", "4") == [False, True, True, True]


async def test_what_is_unchanged_is_not_read_again_for_phrases() -> None:
    world = World()
    await world.stage.handle(world.moon(0, 1))
    world.store.calls.clear()
    await world.stage.handle(world.moon(0, 1))
    assert "sight" not in world.store.calls


@pytest.mark.parametrize("call", ["grown", "sight", "read", "put_phrases", "replace_items", "grow", "put_items"])
async def test_whatever_fails_the_next_try_does_it_all(call: str) -> None:
    world = World()
    await world.stage.handle(world.moon(0, 1))
    world.producer.take()
    batch = world.moon(2)
    world.store.fail(call)
    with pytest.raises(StoreUnavailable):
        await world.stage.handle(batch)
    assert world.producer.sent == []
    await world.embedder().handle(batch)
    assert await world.shown("0", "1", "2") == [True, True, True]
    assert await world.grown() == ["moon landing"]


async def test_a_send_that_fails_changes_nothing_of_that() -> None:
    world = World()
    batch = world.moon(0, 1, 2)
    world.producer.failures = 1
    with pytest.raises(BrokerUnavailable):
        await world.stage.handle(batch)
    await world.stage.handle(batch)
    assert await world.grown() == ["moon landing"]
    assert await world.shown("0", "1", "2") == [True, True, True]


class Meddled(MemoryStore):
    """Another embedder writes a witness between its judgement and its replacement."""

    other: ItemRecord | None = None

    async def replace_items(self, changes: Sequence[tuple[ItemRecord, ItemRecord]]) -> list[bool]:
        if self.other is not None:
            written, self.other = self.other, None
            await self.put_items([written])
        return await super().replace_items(changes)


class Outrun(MemoryStore):
    """Another embedder has judged the same a moment before."""

    async def grow(self, space: str, phrases: Sequence[GrownPhrase], most: int) -> int:
        await super().grow(space, phrases, most)
        return await super().grow(space, phrases, most)


async def test_a_phrase_that_two_found_is_counted_by_one() -> None:
    world = World(Outrun())
    await world.stage.handle(world.moon(0, 1, 2))
    assert await world.shown("0", "1", "2") == [True, True, True]
    assert world.count("attune_bank_grown_total") == 0


async def test_what_another_embedder_writes_meanwhile_is_kept() -> None:
    world = World(Meddled())
    await world.stage.handle(world.moon(0, 1))
    (vector,) = pack(HashEncoder().encode(["anew"]))
    one = await world.stored("0")
    assert isinstance(world.store, Meddled)
    world.store.other = replace(one, title="anew", vector=vector, content_hash="another")
    await world.stage.handle(world.moon(2))
    assert await world.stored("0") == replace(one, title="anew", vector=vector, content_hash="another")
    assert await world.shown("1", "2") == [True, True]


async def test_a_witness_that_gained_another_phrase_meanwhile_has_both() -> None:
    world = World(Meddled())
    await world.stage.handle(world.moon(0, 1))
    one = await world.stored("0")
    assert isinstance(world.store, Meddled)
    world.store.other = replace(one, phrases=(*one.phrases, "other"), affinities=(*one.affinities, 50))
    await world.stage.handle(world.moon(2))
    assert (await world.stored("0")).phrases == (*one.phrases, "other", "moon landing")


async def test_two_embedders_that_see_it_at_once_agree() -> None:
    """Each has a partition; one judges while the other's items are on their way."""
    world = World()
    stages = [world.embedder(), world.embedder()]
    await stages[0].handle(world.moon(0))
    await stages[1].handle(world.moon(1))
    await stages[0].handle(world.moon(2))
    await stages[1].handle([world.put("4", "Who pays for the moon landing")])
    assert await world.grown() == ["moon landing"]
    assert await world.shown("0", "1", "2", "4") == [True] * 4
    assert world.count("attune_bank_grown_total") == 1


async def test_a_bank_that_is_full_stays_as_it_is_and_costs_nothing() -> None:
    store, encoder, metrics = MemoryStore(), GrowingEncoder(), Metrics()
    await store.grow("hash-test", [GrownPhrase("x", "x", ("x",)), GrownPhrase("y", "y", ("y",))], 9)
    described = [
        describe(CatalogItem(provider="p", item=str(n), title=title), "hash-test") for n, title in enumerate(MOON)
    ]
    (row,) = pack(encoder.encode(["moon landing"]))
    records = [one.record("hash-test", row, {}) for one in described]
    full = BankGrowth(store, encoder, metrics, most=2)
    await full.refresh()
    store.calls.clear()
    assert await full.take(described, records) == records
    assert store.calls == []


async def test_a_bank_that_is_nearly_full_takes_what_there_is_room_for() -> None:
    store, encoder, metrics = MemoryStore(), GrowingEncoder(), Metrics()
    items = [
        CatalogItem(provider="p", item=str(n), title=f"{title}. It has crater lakes") for n, title in enumerate(MOON)
    ]
    described = [describe(one, "hash-test") for one in items]
    vectors = pack(encoder.encode([one.text for one in described]))
    records = [one.record("hash-test", row, {}) for one, row in zip(described, vectors, strict=True)]
    growth = BankGrowth(store, encoder, metrics, most=1)
    await growth.refresh()
    taken = await growth.take(described, records)
    (grown,) = await store.grown("hash-test")
    assert [one.phrases for one in taken] == [(grown.text,)] * 3


async def test_how_large_the_bank_is_can_be_watched() -> None:
    world = World()
    await world.stage.handle(world.moon(0, 1, 2))
    await world.stage.handle([world.put("7", "They watch a film")])
    assert world.count("attune_bank_phrases", space="hash-test", origin="grown") == 1
    assert world.count("attune_bank_phrases", space="hash-test", origin="mined") == 0
    assert world.count("attune_bank_grown_total") == 1


async def test_a_space_without_a_bank_asks_the_store_for_none_of_it() -> None:
    store = MemoryStore()
    stage = EmbedderStage(store, HashEncoder(), RecordingProducer(), Metrics())
    await stage.handle(World().moon(0, 1, 2))
    assert not {"grown", "sight", "grow", "replace_items"} & set(store.calls)
