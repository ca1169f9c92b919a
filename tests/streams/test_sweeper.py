"""The sweeper: what is kept of a retired space goes, whoever dies on the way; of no other space anything does."""

import pytest

from schemas.space import SpaceEntry
from streams.contract import Outgoing, Record
from streams.pointer import GRACE, Pointer
from streams.sweeper import PAGES, Sweeper
from streams.topics import ITEM_EMBEDDINGS, SPACES
from tests.contract.stores import item
from tests.fakes import MemoryStore, RecordingProducer
from workers.errors import BrokerUnavailable, ConfigurationError, StoreUnavailable
from workers.ports import ItemPage, UserCommit

OLD, NEW = (SpaceEntry(id=name, dimension=4, model=name) for name in ("old-1", "new-2"))
START = 1_790_000_000.0
KEYS = [f"news:{number}" for number in range(8)]


class Pages(MemoryStore):
    """Remembers which pages were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[int] = []

    async def items_in(self, space: str, place: int = 0) -> ItemPage:
        self.places.append(place)
        return await super().items_in(space, place)


class World:
    """The old space was retired; eight items have vectors in both. The clock stands."""

    def __init__(self) -> None:
        self.store, self.producer, self.now = Pages(), RecordingProducer(), START
        self.pointer = Pointer(self, self.producer, OLD, now=lambda: self.now)
        self.sweeper = self.another()

    def another(self) -> Sweeper:
        return Sweeper(self.store, self.producer, self.pointer, now=lambda: self.now)

    async def read(self, topic: str, limit: int) -> list[Record]:
        return [Record(SPACES, 0, 0, one.key, one.value, 0) for one in self.producer.of(SPACES)][-limit:]

    async def lag(self, group: str, topics: object) -> int:
        return 0

    async def close(self) -> None: ...

    async def fill(self) -> None:
        for space in (OLD.id, NEW.id):
            await self.store.put_items([item(key, space) for key in KEYS])
            await self.store.put_phrases(space, {"jazz": b"\0\0"})

    async def retire(self) -> None:
        await self.pointer.announce(NEW)
        await self.pointer.switch(NEW.id)
        await self.pointer.retire()

    async def step(self, *embedding: str) -> int:
        return await self.sweeper.step(await self.pointer.read(), embedding or (NEW.id,))

    async def wait(self) -> None:
        """Until every process has seen the pointer."""
        assert await self.step() == 0
        self.now += GRACE

    async def left(self, space: str) -> tuple[int, int]:
        """Items and words."""
        items = (await self.store.read((), KEYS, space)).items
        return len(items), len(await self.store.read_phrases(space, ["jazz"]))

    def tombstones(self) -> list[Outgoing]:
        return self.producer.of(ITEM_EMBEDDINGS)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.fill()
    await world.retire()
    return world


async def test_a_retired_space_goes_from_the_store_and_from_the_topic_and_no_other_does(world: World) -> None:
    await world.wait()
    assert await world.step() == len(KEYS)
    assert (await world.left(OLD.id), await world.left(NEW.id)) == ((0, 0), (len(KEYS), 1))
    assert world.tombstones() == [Outgoing(ITEM_EMBEDDINGS, f"old-1/{key}".encode(), None) for key in KEYS]
    pointer = await world.pointer.read()
    assert (pointer.retired, pointer.leaving) == ((OLD.id,), ())


async def test_no_word_is_said_of_what_a_person_brought(world: World) -> None:
    await world.store.put_items([item("mine.netflix:1", OLD.id)])
    await world.wait()
    assert await world.step() == len(KEYS) + 1
    assert (await world.store.read((), ["mine.netflix:1"], OLD.id)).items == {}
    assert [one for one in world.tombstones() if b"mine." in one.key] == []


async def test_once_swept_nothing_is_looked_for_any_more(world: World) -> None:
    await world.wait()
    await world.step()
    world.now += 2 * GRACE
    world.store.calls.clear()
    assert await world.step() == 0
    assert world.store.calls == []


async def test_it_waits_until_every_process_has_seen_that_the_space_is_retired(world: World) -> None:
    assert await world.step() == 0
    world.now += GRACE - 1
    assert await world.step() == 0
    assert await world.left(OLD.id) == (len(KEYS), 1)


async def test_it_waits_while_a_profile_is_on_its_way(world: World) -> None:
    await world.wait()
    await world.store.commit([UserCommit("ann", 0, b"state", times={"refitted": START - 5})])
    assert await world.step() == 0
    await world.store.commit([UserCommit("ann", 1, b"state", times={"refitted": START + 2 * GRACE})])
    assert await world.step() == len(KEYS)


async def test_a_space_that_this_process_embeds_stays_until_it_is_started_in_another(world: World) -> None:
    await world.wait()
    assert await world.step(OLD.id, NEW.id) == 0
    assert await world.step(NEW.id) == len(KEYS)


async def test_spaces_that_are_served_are_left_alone_whatever_the_pointer_says() -> None:
    world = World()
    await world.fill()
    for change in (world.pointer.announce(NEW), world.pointer.switch(NEW.id), world.pointer.roll_back()):
        await change
        wrong = (await world.pointer.read()).model_copy(update={"leaving": (OLD.id, NEW.id)})
        if NEW not in wrong.entries:
            wrong = wrong.model_copy(update={"next": NEW})
        await world.producer.send([Outgoing(SPACES, b"pointer", wrong.to_bytes())])
        await world.sweeper.step(wrong, ())
        world.now += GRACE
        assert await world.sweeper.step(wrong, ()) == 0
        await world.producer.send([Outgoing(SPACES, b"pointer", wrong.model_copy(update={"leaving": ()}).to_bytes())])
    assert await world.left(OLD.id) == await world.left(NEW.id) == (len(KEYS), 1)


async def test_a_space_that_was_retired_is_rolled_out_again_only_once_it_is_swept(world: World) -> None:
    with pytest.raises(ConfigurationError, match="is being deleted"):
        await world.pointer.announce(OLD)
    await world.wait()
    await world.step()
    pointer = await world.pointer.announce(OLD)
    assert (pointer.next, pointer.generation(OLD.id)) == (OLD, 1)


async def test_a_pointer_that_changes_between_two_pages_stops_it(world: World) -> None:
    await world.wait()
    before = await world.pointer.read()
    await world.pointer.swept(OLD.id)
    await world.pointer.announce(OLD)
    assert await world.sweeper.step(before, (NEW.id,)) == 0
    assert await world.left(OLD.id) == (len(KEYS), 1)


@pytest.mark.parametrize("dies", [False, True], ids=["it goes on", "another begins again"])
@pytest.mark.parametrize("step", ["items_in", "drop_items", "drop_words"])
async def test_after_a_store_that_was_away_nothing_stays(world: World, step: str, dies: bool) -> None:
    await world.wait()
    world.store.fail(step)
    with pytest.raises(StoreUnavailable):
        await world.step()
    assert (await world.pointer.read()).leaving == (OLD.id,)
    if dies:
        world.sweeper = world.another()
        await world.wait()
    await world.step()
    assert (await world.left(OLD.id), await world.left(NEW.id)) == ((0, 0), (len(KEYS), 1))
    assert {one.key for one in world.tombstones()} == {f"old-1/{key}".encode() for key in KEYS}
    assert (await world.pointer.read()).leaving == ()


async def test_no_item_goes_whose_tombstone_was_not_sent(world: World) -> None:
    await world.wait()
    world.producer.failures = 1
    with pytest.raises(BrokerUnavailable):
        await world.step()
    assert await world.left(OLD.id) == (len(KEYS), 1)
    await world.step()
    assert (await world.left(OLD.id), len(world.tombstones())) == ((0, 0), len(KEYS))


async def test_a_step_is_bounded_and_the_next_goes_on_from_it(world: World) -> None:
    many = [f"news:{number}" for number in range(3 * PAGES + 4)]  # pages of three
    await world.store.put_items([item(key, OLD.id) for key in many])
    await world.wait()
    assert await world.step() == 3 * PAGES
    assert await world.step() == 4
    assert (await world.pointer.read()).leaving == ()
    assert sorted(world.store.places) == world.store.places  # it does not begin again each time
