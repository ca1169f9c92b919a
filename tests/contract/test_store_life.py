"""What every store does with marks that belong to one of its lives."""

import pytest

from tests.contract.stores import item
from workers.errors import StoreUnavailable
from workers.ports import Partition, Store

FIRST, SECOND = Partition("attune.catalog", 0), Partition("attune.catalog", 11)


async def test_a_life_has_one_name_as_long_as_nothing_is_lost(store: Store) -> None:
    life = await store.life()
    await store.put_items([item("news:1")])
    assert await store.life() == life
    await store.mark({FIRST: 7}, {}, life)
    assert await store.life() == life


async def test_a_mark_is_written_in_the_life_that_is_named_and_in_no_other(store: Store) -> None:
    life = await store.life()
    await store.mark({FIRST: 7, SECOND: 1}, {}, life)
    with pytest.raises(StoreUnavailable, match=r"life|done again"):
        await store.mark({FIRST: 9}, {}, f"not {life}")
    assert await store.marks([FIRST, SECOND]) == {FIRST: 7, SECOND: 1}


async def test_such_a_mark_rises_only_and_from_its_floor_on(store: Store) -> None:
    life = await store.life()
    await store.mark({FIRST: 7}, {}, life)
    await store.mark({FIRST: 5}, {}, life)
    await store.mark({FIRST: 9, SECOND: 9}, {FIRST: 8, SECOND: 1}, life)
    assert await store.marks([FIRST, SECOND]) == {FIRST: 7}
    await store.mark({FIRST: 9, SECOND: 9}, {FIRST: 7, SECOND: 0}, life)
    assert await store.marks([FIRST, SECOND]) == {FIRST: 9, SECOND: 9}
    await store.mark({}, {}, life)
