"""What only a person brought: embedded and stored for their agent, and published to nobody, whatever happens to it."""

from collections.abc import Collection, Sequence

from schemas.catalog import CatalogItem, description_key
from streams.contract import Outgoing, Record
from streams.embedder import EmbedderStage
from streams.metrics import Metrics
from streams.topics import CATALOG, ITEM_EMBEDDINGS
from tests.fakes import HashEncoder, MemoryStore, RecordingProducer
from tests.streams.test_bank_growth import MOON, GrowingEncoder
from workers.ports import ItemRecord
from workers.standing import provided


class World:
    def __init__(self, encoder: HashEncoder | None = None) -> None:
        self.store, self.producer = MemoryStore(), RecordingProducer()
        self.encoder = encoder or HashEncoder()
        self.stage = EmbedderStage(self.store, self.encoder, self.producer, Metrics())
        self._offset = 0

    def told(self, item: str, title: str, provider: str = "mine.netflix", described_ms: int = 1_000) -> Record:
        entry = CatalogItem(provider=provider, item=item, title=title, described_ms=described_ms)
        return self.record(description_key(entry.key), entry.to_bytes())

    def record(self, key: str, value: bytes | None) -> Record:
        self._offset += 1
        return Record(CATALOG, 0, self._offset, key.encode(), value, 1_000 + self._offset)

    def embeddings(self) -> list[Outgoing]:
        return self.producer.of(ITEM_EMBEDDINGS)

    async def stored(self, *keys: str) -> list[ItemRecord]:
        return list((await self.store.read((), keys, self.encoder.space)).items.values())


async def test_it_is_stored_for_the_agent_and_never_published() -> None:
    world = World()
    await world.stage.handle([world.told("1", "Dark"), world.told("1", "Dark", provider="news")])
    assert [one.title for one in await world.stored("mine.netflix:1", "news:1")] == ["Dark", "Dark"]
    assert [one.key for one in world.embeddings()] == [b"hash-test/news:1"]


async def test_nor_when_the_batch_comes_again() -> None:
    world = World()
    batch = [world.told("1", "Dark")]
    await world.stage.handle(batch)
    await world.stage.handle(batch)
    assert world.embeddings() == []


async def test_nor_when_an_earlier_description_counts() -> None:
    """The later one's embedding would stand in for it."""
    world = World()
    await world.stage.handle([world.told("1", "Dark", described_ms=1_000)])
    await world.stage.handle([world.told("1", "Darker", described_ms=2_000)])
    assert [one.title for one in await world.stored("mine.netflix:1")] == ["Dark"]
    assert world.embeddings() == []


async def test_nor_when_it_goes() -> None:
    world = World()
    await world.stage.handle([world.told("1", "Dark")])
    await world.stage.handle([world.record("mine.netflix:1", None)])
    assert await world.stored("mine.netflix:1") == []
    assert world.embeddings() == []


async def test_nor_when_another_embedder_takes_it_away_meanwhile() -> None:
    world = World()

    class Taken(MemoryStore):
        """Another embedder deletes whatever is put."""

        async def put_items(self, records: Sequence[ItemRecord], deleted: Collection[str] = ()) -> set[str]:
            kept = await super().put_items(records, deleted)
            await super().put_items([], {one.key: provided(9_999, 0) for one in records})
            return kept

    world.stage = EmbedderStage(Taken(), world.encoder, world.producer, Metrics())
    await world.stage.handle([world.told("1", "Dark")])
    assert world.embeddings() == []


async def test_nobodys_bank_of_phrases_grows_by_it() -> None:
    world = World(GrowingEncoder())
    await world.stage.handle([world.told(str(n), title) for n, title in enumerate(MOON)])
    assert await world.store.grown("hash-test") == []
    await world.stage.handle([world.told(str(n), title, "news") for n, title in enumerate(MOON)])
    assert [one.text for one in await world.store.grown("hash-test")] == ["moon landing"]
