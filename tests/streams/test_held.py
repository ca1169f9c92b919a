"""A store that is lost while the embedder has a batch under way: no mark may stand for what is gone."""

import pytest

from streams.contract import Partition
from streams.embedder import EmbedderStage, embedder_group
from streams.held import Given, check_held
from streams.topics import CATALOG
from tests.contract.store_model import StoreModel
from tests.fakes import MemoryStore
from tests.streams.test_embedder import World
from tests.streams.test_embedder_texts import EDITS, edit
from workers.errors import StoreUnavailable
from workers.ports import ItemRecord
from workers.standing import provided

MARK = Partition(f"{embedder_group('hash-test')}/{CATALOG}", 0)


class FallsBack(MemoryStore):
    """Before the next commit it becomes, once, what it was at `copy`."""

    def __init__(self) -> None:
        super().__init__()
        self.copy: StoreModel | None = None

    def _enter(self, call: str) -> StoreModel:
        if call == "commit" and self.copy is not None:
            self.become(self.copy)
            self.copy = None
        return super()._enter(call)


@pytest.fixture
def world() -> World:
    one = World()
    one.store = FallsBack()
    one.stage = EmbedderStage(one.store, one.encoder, one.producer, one.metrics)
    return one


def falls_back(world: World) -> None:
    """To what it is now."""
    assert isinstance(world.store, FallsBack)
    world.store.copy = world.store.copied()


async def test_a_new_item_that_is_lost_before_the_mark_is_put_again(world: World) -> None:
    batch = [world.put("1", "x", category="jazz")]
    falls_back(world)
    with pytest.raises(StoreUnavailable, match="handled again"):
        await world.stage.handle(batch)
    assert await world.store.marks([MARK])  # which alone would hide it
    await world.stage.handle(batch)
    assert len(await world.stored("1")) == 1
    assert len(await world.store.read_phrases("hash-test", ["jazz"])) == 1
    assert world.published()[-1].title == "x"


async def test_a_change_that_is_lost_is_made_again(world: World) -> None:
    await world.stage.handle([world.put("1", "x")])
    falls_back(world)
    batch = [world.put("1", "y")]
    with pytest.raises(StoreUnavailable):
        await world.stage.handle(batch)
    await world.stage.handle(batch)
    assert [one.title for one in await world.stored("1")] == ["y"]


async def test_a_deletion_that_is_lost_is_made_again(world: World) -> None:
    await world.stage.handle([world.put("1", "x")])
    falls_back(world)
    batch = [world.tombstone("1")]
    with pytest.raises(StoreUnavailable):
        await world.stage.handle(batch)
    await world.stage.handle(batch)
    assert await world.stored("1") == []


async def test_lost_texts_of_people_are_embedded_again(world: World) -> None:
    falls_back(world)
    with pytest.raises(StoreUnavailable):
        await world.stage.handle([edit(*EDITS)])
    await world.stage.handle([edit(*EDITS)])
    assert len(await world.store.read_phrases("hash-test", ["old maps", "jazz", "noise"])) == 3


async def test_what_was_there_before_the_batch_is_looked_for_too(world: World) -> None:
    """It may have come with an earlier try at the same batch, for which there is no mark."""
    assert isinstance(world.store, FallsBack)
    nothing = world.store.copied()
    world.store.fail("commit")
    with pytest.raises(StoreUnavailable, match="as the test wants"):
        await world.stage.handle([edit(*EDITS)])
    world.store.copy = nothing
    with pytest.raises(StoreUnavailable, match="handled again"):
        await world.stage.handle([edit(*EDITS)])


async def test_what_others_have_done_with_the_items_meanwhile_is_no_loss() -> None:
    def record(key: str, time: int) -> ItemRecord:
        return ItemRecord(key, "s", b"", "x", (), "", standing=provided(time, 0))

    store = MemoryStore()
    put = {key: record(key, 1_000) for key in ("news:same", "news:newer", "news:deleted")}
    await store.put_items([*put.values(), record("news:newer", 2_000), record("news:back", 2_000)])
    await store.put_items([], {"news:deleted": provided(2_000, 1)})
    await check_held(store, "s", Given((), put, {"news:back": provided(1_000, 0)}))
    (kept,) = (await store.read((), ["news:newer"], "s")).items.values()
    assert kept.standing == provided(2_000, 0)
