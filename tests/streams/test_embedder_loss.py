"""A store that is lost while the embedder has a batch under way: no mark may stand for what is gone."""

from itertools import combinations_with_replacement

import pytest

from streams.contract import Partition
from streams.embedder import EmbedderStage, embedder_group
from streams.topics import CATALOG
from tests.streams.falling_back import FallsBack
from tests.streams.test_embedder import World
from tests.streams.test_embedder_texts import EDITS, edit
from workers.errors import StoreLost, StoreUnavailable

MARK = Partition(f"{embedder_group('hash-test')}/{CATALOG}", 0)
WORDS = ["old maps", "jazz", "noise"]


@pytest.fixture
def world() -> World:
    return lossy_world()


def lossy_world() -> World:
    one = World()
    one.store = FallsBack()
    one.stage = EmbedderStage(one.store, one.encoder, one.producer, one.metrics)
    return one


def store_of(world: World) -> FallsBack:
    assert isinstance(world.store, FallsBack)
    return world.store


async def test_whenever_the_store_falls_back_and_however_often_its_mark_hides_no_hole() -> None:
    clean = lossy_world()
    store_of(clean).falls_back()
    await two_items_and_an_edit(clean)
    losses = [*combinations_with_replacement(range(len(clean.store.calls)), 2)]
    assert len(losses) > 40
    for at in losses:
        world = lossy_world()
        await world.stage.handle([world.put("gone", "x")])
        store_of(world).falls_back(*at)
        tries = await two_items_and_an_edit(world)
        assert not store_of(world).at
        assert 1 <= tries <= 3
        assert (await world.store.marks([MARK]))[MARK] == 5
        titles = [one.title for key in ("1", "2", "gone") for one in await world.stored(key)]
        assert titles == ["new", "other"], at
        assert len(await world.store.read_phrases("hash-test", ["folk", *WORDS])) == 4, at


async def two_items_and_an_edit(world: World) -> int:
    """As a runner hands them over, until they are handled; how often that was."""
    records = [world.put("1", "new", category="folk"), world.put("2", "other"), world.tombstone("gone"), edit(*EDITS)]
    tries = 1
    while True:
        try:
            await world.stage.handle(records)
        except StoreUnavailable:
            tries += 1
        else:
            return tries


async def test_a_batch_that_was_lost_before_its_mark_is_handled_again(world: World) -> None:
    batch = [world.put("1", "x", category="jazz")]
    store_of(world).falls_back(1)
    with pytest.raises(StoreUnavailable, match="done again"):
        await world.stage.handle(batch)
    assert not await world.store.marks([MARK])
    await world.stage.handle(batch)
    assert world.published()[-1].title == "x"


async def test_what_was_there_before_the_batch_is_not_relied_upon_after_a_loss(world: World) -> None:
    """It may have come with an earlier try at the same batch, for which there is no mark."""
    nothing = world.store.copied()
    world.store.fail("mark")
    with pytest.raises(StoreUnavailable, match="as the test wants"):
        await world.stage.handle([edit(*EDITS)])
    store_of(world).falls_back(len(["life", "read_phrases"]))
    store_of(world).copy = nothing
    with pytest.raises(StoreUnavailable, match="done again"):
        await world.stage.handle([edit(*EDITS)])
    await world.stage.handle([edit(*EDITS)])
    assert len(await world.store.read_phrases("hash-test", WORDS)) == 3


async def test_a_loss_between_two_batches_is_noticed_and_not_marked_over(world: World) -> None:
    await world.stage.handle([world.put("1", "x")])
    world.store.wipe()
    await world.stage.handle([world.put("2", "y")])
    assert not await world.store.marks([MARK])
    with pytest.raises(StoreLost):
        await world.stage.timers[0].tick()
