"""What persons brought: kept by person, gone with that person's key and never back; every store."""

from dataclasses import replace

import pytest

from tests.contract.stores import SPACE, item
from tests.contract.test_store_spaces import OTHER, drop, items_in
from workers.mine import MAX_OWN, owner_of
from workers.ports import ItemRecord, Store
from workers.standing import described, undescribed

ANN, BOB = b"a" * 32, b"b" * 32


def own(owner: bytes, number: int = 1, space: str = SPACE, *, ms: int = 5, title: str = "Roma") -> ItemRecord:
    key = f"mine.netflix:{owner.decode()}{number:032x}"
    return replace(item(key, space, title), standing=described(ms, title))


async def found(store: Store, *records: ItemRecord) -> list[ItemRecord]:
    """What is there of them, in their own spaces."""
    return [
        stored
        for one in records
        for stored in (await store.read([], [one.key, "news:1"], one.space)).items.values()
        if stored.key == one.key
    ]


def test_an_items_id_begins_with_its_owner() -> None:
    assert owner_of(own(ANN).key) == ANN
    others = ("news:1", f"news:{'a' * 64}", "mine.netflix:1", f"mine.x:{'A' * 64}")
    assert [owner_of(key) for key in others] == [None] * 4


async def test_two_who_brought_the_same_have_an_item_each(store: Store) -> None:
    mine, theirs = own(ANN), own(BOB, title="Another film")
    assert await store.put_items([mine, theirs, item("news:1")]) == set()
    assert await found(store, mine, theirs) == [mine, theirs]
    assert await store.own_items(ANN) == [mine.key]
    assert (await store.read([], [mine.key], OTHER)).items == {}
    assert (await store.read([], [], SPACE)).providers == ("news",)


async def test_of_one_the_first_description_counts_and_an_equal_one_is_written_again(store: Store) -> None:
    first, later = own(ANN, ms=5, title="Roma"), own(ANN, ms=6, title="Rome")
    assert await store.put_items([later]) == set()
    assert await store.put_items([first]) == set()
    assert await store.put_items([later]) == {first.key}
    assert await store.put_items([again := replace(first, phrases=("film",), affinities=(9,))]) == set()
    assert await found(store, first) == [again]


async def test_a_tombstone_takes_away_what_came_before_it_in_all_spaces(store: Store) -> None:
    one, elsewhere, other, late = own(ANN), own(ANN, space=OTHER), own(ANN, 2), own(ANN, 3, ms=9)
    await store.put_items([one, elsewhere, other, late])
    assert await store.put_items([], {one.key: undescribed(8), late.key: undescribed(8)}) == {late.key}
    assert await found(store, one, elsewhere, other, late) == [other, late]
    assert await store.own_items(ANN) == sorted([other.key, late.key])
    await store.put_items([], [late.key])
    assert await store.own_items(ANN) == [other.key]


async def test_with_the_key_goes_all_that_its_owner_brought_and_nothing_comes_back(store: Store) -> None:
    mine, elsewhere, theirs = own(ANN), own(ANN, space=OTHER), own(BOB)
    await store.add_keys({ANN: [b"key"], BOB: [b"key"]})
    await store.put_items([mine, elsewhere, theirs])
    await store.destroy_keys([ANN], await store.life())
    assert await found(store, mine, elsewhere, theirs) == [theirs]
    assert (await store.own_items(ANN), await store.own_items(BOB)) == ([], [theirs.key])
    assert await store.put_items([mine, elsewhere, theirs, item("news:1")]) == {mine.key}
    assert await found(store, mine, elsewhere, theirs) == [theirs]
    await store.put_items([], {mine.key: undescribed(9)})


async def test_what_is_closed_takes_no_more_and_goes_as_ever(store: Store) -> None:
    mine, late, theirs = own(ANN), own(ANN, 2), own(BOB)
    await store.put_items([mine])
    assert await store.close_own(ANN) == await store.close_own(ANN) == [mine.key]
    assert await store.put_items([mine, late, theirs]) == {mine.key, late.key}
    assert await found(store, mine, late, theirs) == [mine, theirs]
    assert sorted(await items_in(store, SPACE)) == sorted([mine.key, theirs.key])
    await store.put_items([], {mine.key: undescribed(9)})
    await store.destroy_keys([ANN], await store.life())
    assert await store.close_own(ANN) == await store.own_items(ANN) == []


async def test_they_are_nobodys_sample(store: Store) -> None:
    await store.put_items([*(own(ANN, number) for number in range(50)), item("news:1"), item("news:2")])
    assert sorted(await store.sample_items(SPACE, 10)) == ["news:1", "news:2"]


async def test_a_space_that_is_given_up_takes_its_own_along(store: Store) -> None:
    kept = [own(owner, number) for owner in (ANN, BOB) for number in range(300)]
    await store.put_items([*kept, *(replace(one, space=OTHER) for one in kept), item("news:1", OTHER)])
    assert sorted(set(await items_in(store, OTHER))) == sorted([*(one.key for one in kept), "news:1"])
    await drop(store, OTHER)
    assert await items_in(store, OTHER) == []
    assert await found(store, *kept) == kept


@pytest.mark.parametrize("count", [MAX_OWN])
async def test_as_many_as_are_kept_of_one_person(store: Store, count: int) -> None:
    records = [own(ANN, number) for number in range(count)]
    await store.put_items(records)
    assert await store.own_items(ANN) == [one.key for one in records]
    assert len((await store.read([], [one.key for one in records], SPACE)).items) == count
