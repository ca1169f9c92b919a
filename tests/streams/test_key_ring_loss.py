"""Keys and a store that is lost while it is caught up with them, or while they are destroyed."""

import asyncio
from collections.abc import Awaitable, Sequence
from itertools import combinations_with_replacement
from typing import TypeVar

import pytest

from streams.contract import Outgoing
from streams.key_ring import LIFE
from streams.topics import KEYS
from tests.contract.store_model import StoreModel
from tests.fakes import MemoryStore
from tests.streams.falling_back import FallsBack
from tests.streams.sealing_world import Installation, MemoryLog, event_of
from tests.streams.test_key_ring import read, sealed
from workers.errors import BrokerUnavailable, StoreUnavailable
from workers.ports import UserCommit, UserRecord

T = TypeVar("T")


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


@pytest.mark.parametrize(("call", "number"), [("mark", at) for at in range(1, 14)] + [("read_keys", 2)])
async def test_a_store_that_is_wiped_while_it_is_caught_up_shows_that_by_its_marks(
    place: Installation, call: str, number: int
) -> None:
    users = [f"user-{number}" for number in range(20)]
    records = await sealed(place.ring(), *users)
    place.store, place.log.page = Emptied(call, number), 2
    with pytest.raises(StoreUnavailable, match="done again"):
        await place.ring().open(records)
    assert [one.key for one in await place.ring().open(records)] == [user.encode() for user in users]


async def test_whenever_a_store_falls_back_and_however_often_it_gets_all_that_the_topic_says() -> None:
    """A snapshot from before "gone" was erased, which loses its newest writes while it is caught up: once, or twice."""
    clean, _ = await restored()
    losses = [*combinations_with_replacement(range(len(clean.calls)), 2)]
    assert len(losses) > 100
    for at in losses:
        store, place = await restored(*at)
        users = (await store.read(["ann", "gone"], (), "")).users
        assert users["gone"] == UserRecord(forgotten=True), at
        assert users["ann"].revision == 1
        keys = await store.read_keys([place.ring().mailbox(name) for name in ("ann", "bob", "gone")])
        assert [len(held) for held in keys.values()] == [1, 1, 0], at


async def restored(*at: int) -> tuple[FallsBack, Installation]:
    """A store that fell back before these calls, and was caught up from its marks after that."""
    place = Installation()
    place.store = store = FallsBack()
    await sealed(place.ring(), "ann", "gone")
    await store.commit([UserCommit("ann", 0, b"state"), UserCommit("gone", 0, b"state")])
    snapshot = store.copied()
    await store.forget("gone")
    await place.ring().destroy("gone")
    records = await sealed(place.ring(), "bob")
    place.log.compact(KEYS)
    store.become(snapshot)
    store.falls_back(*at)
    ring, place.log.page = place.ring(), 1
    while not (opened := await asked(ring.open(records))):
        pass
    assert [one.key for one in opened] == [b"bob"]
    while store.at or await asked(place.ring().destroyed("nobody")) is None:  # another process begins by catching up
        await asked(place.ring().destroyed("nobody"))
    return store, place


async def asked(answer: Awaitable[T]) -> T | None:
    """None where it is to be asked again."""
    try:
        return await answer
    except StoreUnavailable:
        return None


async def test_who_broke_off_catching_up_goes_on_with_it_though_nothing_is_missed_any_more() -> None:
    for user in (f"user-{number}" for number in range(8)):  # whose keys come over the first partition, or later
        place = Installation()
        nothing = place.store.copied()
        records = await sealed(place.ring(), user, "gone")
        await place.ring().destroy("gone")
        place.store.become(nothing)
        place.store.fail("mark")
        ring = place.ring()
        assert await asked(ring.open(records[:1])) is None
        assert await read(ring, records[:1]) == [(user.encode(), False)]
        mailbox = ring.mailbox("gone")
        assert (await place.store.read_keys([mailbox])) == {mailbox: ()}


async def test_all_who_miss_a_key_at_once_share_one_catching_up(place: Installation) -> None:
    everybody = [f"user-{number}" for number in range(20)]
    records = await sealed(place.ring(), *everybody)
    place.store.wipe()
    ring, before = place.ring(), place.store.calls.count("life")
    opened = await asyncio.gather(*(read(ring, [one]) for one in records))
    assert opened == [[(user.encode(), False)] for user in everybody]
    assert place.store.calls.count("life") == before + 2  # the first had begun when the others came


async def test_who_reads_while_the_store_is_caught_up_waits_for_that_and_begins_no_other(place: Installation) -> None:
    ring = place.ring()
    records = await sealed(ring, *(f"user-{number}" for number in range(20)))
    before = place.store.calls.count("life")
    ticking = asyncio.gather(ring.timers[0].tick())  # over what was written since the last one
    await asyncio.sleep(0)
    await asyncio.gather(*(read(ring, [one]) for one in records))
    await ticking
    assert place.store.calls.count("life") == before + 1


async def test_a_store_that_was_caught_up_in_part_gives_nobody_a_key_who_was_erased(place: Installation) -> None:
    ring = place.ring()
    await sealed(ring, "ann")
    await ring.destroy("ann")
    place.store.wipe()
    partition = min(await place.log.ends([KEYS]))
    await place.store.mark({partition: 1}, {}, await place.store.life())
    place.now += 2 * LIFE
    assert await sealed(ring, "ann") == []


async def test_a_store_that_fell_back_is_not_asked_who_was_erased_before_it_is_caught_up(place: Installation) -> None:
    ring = place.ring()
    await sealed(ring, "ann")
    copy = place.store.copied()
    await ring.destroy("ann")
    await sealed(place.ring(), "bob")  # another process, which catches up
    assert await ring.destroyed("ann")
    await ring.destroy("bob")
    place.store.become(copy)
    assert await ring.destroyed("ann")


async def test_a_person_whom_the_store_brings_back_while_their_key_is_destroyed_is_erased_again() -> None:
    """Whenever it does so, and however often: it comes back without the tombstone before a call of the destruction."""
    clean = await destroyed_in_the_end()
    losses = [(at,) for at in range(len(clean.calls))] + [*combinations_with_replacement(range(len(clean.calls)), 2)]
    assert len(losses) > 30
    for at in losses:
        store = await destroyed_in_the_end(*at)
        assert (await store.read(["ann"], (), "")).users["ann"].forgotten, at


async def destroyed_in_the_end(*at: int) -> FallsBack:
    place = Installation()
    place.store = store = FallsBack()
    await sealed(place.ring(), "ann")
    await store.commit([UserCommit("ann", 0, b"state")])
    ring = place.ring()
    await ring.destroyed("ann")
    store.falls_back(*at)
    await store.forget("ann")
    while not await asked(done(ring.destroy("ann"))):
        pass
    return store


async def done(work: Awaitable[None]) -> bool:
    await work
    return True


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


class Dies(MemoryLog):
    """Whoever sends to it, once so many sends have passed."""

    left: int | None = None

    async def send(self, messages: Sequence[Outgoing]) -> None:
        if self.left == 0:
            raise BrokerUnavailable("whoever sends is dead")
        self.left = None if self.left is None else self.left - 1
        await super().send(messages)


@pytest.mark.parametrize("sends", [0, 1])
async def test_who_dies_while_a_key_is_destroyed_leaves_nothing_of_which_nobody_knows_whether_it_was(
    sends: int,
) -> None:
    place = Installation(log=(log := Dies()))
    records = await sealed(place.ring(), "ann")
    log.left = sends
    with pytest.raises(BrokerUnavailable, match="dead"):
        await place.ring().destroy("ann")
    log.left = None
    log.compact(KEYS)
    place.store.wipe()
    assert await read(place.ring(), records) == [(None, True) if sends else (b"ann", False)]


@pytest.mark.parametrize("wiped", [True, False])
async def test_who_catches_up_nulls_what_is_left_of_those_whose_keys_were_destroyed(
    place: Installation, wiped: bool
) -> None:
    users = [f"user-{number}" for number in range(8)]  # key and end of one lie in any two of the partitions
    await sealed(place.ring(), *users)
    await place.log.send([Outgoing(KEYS, place.ring().mailbox(user), b"destroyed") for user in users])  # and died
    if wiped:
        place.store.wipe()
    assert await place.ring().destroyed(users[0])
    place.log.compact(KEYS)
    assert [one.value for one in place.log.of(KEYS)] == [b"destroyed"] * 8
