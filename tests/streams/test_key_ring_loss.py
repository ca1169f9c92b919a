"""Keys and a store that is lost while it is caught up with them, or while they are destroyed."""

import pytest

from streams.topics import KEYS
from tests.contract.store_model import StoreModel
from tests.fakes import MemoryStore
from tests.streams.sealing_world import Installation, event_of
from tests.streams.test_key_ring import read, sealed
from workers.errors import StoreUnavailable
from workers.ports import UserCommit


@pytest.fixture
def place() -> Installation:
    return Installation()


class Emptied(MemoryStore):
    """It is wiped before the call of that name and number."""

    def __init__(self, call: str, number: int) -> None:
        super().__init__()
        self.left = {call: number}

    def _enter(self, call: str) -> StoreModel:
        if (left := self.left.get(call)) is not None:
            self.left[call] = left - 1
            if left == 0:
                self.wipe()
        return super()._enter(call)


@pytest.mark.parametrize(("call", "number"), [("commit", at) for at in range(1, 8)] + [("read_keys", 2)])
async def test_a_store_that_is_wiped_while_it_is_caught_up_shows_that_by_its_marks(
    place: Installation, call: str, number: int
) -> None:
    users = [f"user-{number}" for number in range(20)]
    records = await sealed(place.ring(), *users)
    place.store, place.log.page = Emptied(call, number), 2
    with pytest.raises(StoreUnavailable, match="emptied"):
        await place.ring().open(records)
    assert [one.key for one in await place.ring().open(records)] == [user.encode() for user in users]


class FallsBack(MemoryStore):
    """Before the mark that comes after such a call it becomes, once, what it was before that call."""

    def __init__(self, call: str) -> None:
        super().__init__()
        self.call = call
        self.copy: StoreModel | None = None

    def _enter(self, call: str) -> StoreModel:
        if call == self.call:
            self.copy = self.copied()
        elif call == "commit" and self.copy is not None:
            self.become(self.copy)
            self.copy, self.call = None, ""
        return super()._enter(call)


async def test_a_store_that_falls_back_between_keys_and_their_mark_gets_them_again(place: Installation) -> None:
    """The mark before is still there, so that its floor lets the new one pass."""
    records = await sealed(place.ring(), "ann")
    place.store = FallsBack("add_keys")
    with pytest.raises(StoreUnavailable, match="emptied"):
        await place.ring().open(records)
    assert await read(place.ring(), records) == [(b"ann", False)]


async def test_a_store_that_falls_back_learns_again_what_is_destroyed(place: Installation) -> None:
    records = await sealed(place.ring(), "ann", "bob")
    await place.ring().destroy("bob")
    place.log.compact(KEYS)
    place.store = FallsBack("destroy_keys")
    with pytest.raises(StoreUnavailable, match="emptied"):
        await place.ring().open(records)
    assert await read(place.ring(), records) == [(b"ann", False), (None, True)]


async def test_who_dies_between_the_mark_and_the_look_hides_no_loss(place: Installation) -> None:
    records = await sealed(place.ring(), "ann")

    class Dies(FallsBack):
        def _enter(self, call: str) -> StoreModel:
            if call == "read_keys" and not self.call:
                self.call = "nothing any more"
                raise StoreUnavailable("whoever asked is dead")
            return super()._enter(call)

    place.store = Dies("add_keys")
    with pytest.raises(StoreUnavailable, match="is dead"):
        await place.ring().open(records)
    assert await read(place.ring(), records) == [(b"ann", False)]


async def test_a_person_whom_the_store_brings_back_while_their_key_is_destroyed_is_erased_again(
    place: Installation,
) -> None:
    class BringsBack(MemoryStore):
        def _enter(self, call: str) -> StoreModel:
            if call == "destroy_keys":
                self.become(before)
            return super()._enter(call)

    place.store = BringsBack()
    await sealed(place.ring(), "ann")
    await place.store.commit([UserCommit("ann", 0, b"state")])
    before = place.store.copied()
    await place.store.forget("ann")
    await place.ring().destroy("ann")
    assert (await place.store.read(["ann"], (), "")).users["ann"].forgotten


async def test_a_destroyed_key_that_an_older_store_brings_back_is_destroyed_though_nobody_asks_for_it(
    place: Installation,
) -> None:
    ring, mailbox = place.ring(), place.ring().mailbox("ann")
    await ring.seal([event_of("ann")])
    copy = place.store.copied()
    await ring.destroy("ann")
    place.store.become(copy)
    assert (await place.store.read_keys([mailbox]))[mailbox] != ()
    for timer in ring.timers:  # one role's, anywhere
        await timer.tick()
    assert await place.store.read_keys([mailbox]) == {mailbox: ()}
