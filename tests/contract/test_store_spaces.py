"""What every store does where a space is given up: nothing of it stays, and nothing else is touched."""

import asyncio
from dataclasses import replace

import pytest

from tests.contract.stores import SPACE, item
from workers.ports import Store
from workers.sightings import Bounds, GrownPhrase, Sighting

OTHER = "other"
PLENTY = Bounds(least=1, each=10, most=100)


def seen_in(item: str) -> Sighting:
    return Sighting("a candidate", item, "hash", "A candidate", "", "", False)


async def items_in(store: Store, space: str) -> list[str]:
    """Page by page, dropping nothing."""
    found: list[str] = []
    place = 0
    while True:
        page = await store.items_in(space, place)
        assert len(page.items) <= 1_000
        found += page.items
        if (place := page.next) == 0:
            return found


async def drop(store: Store, space: str) -> int:
    """Pages as they come, each dropped before the next. Returns how many there were."""
    pages = place = 0
    while pages == 0 or place:
        page = await store.items_in(space, place)
        await store.drop_items(space, page.items)
        pages, place = pages + 1, page.next
    return pages


async def test_the_items_of_a_space_are_found_page_by_page(store: Store) -> None:
    keys = [f"{provider}:{number}" for provider in ("books", "news") for number in range(900)]
    assert await items_in(store, SPACE) == []
    await store.put_items([item(key) for key in keys])
    await store.put_items([item(key, OTHER) for key in keys[:3]])
    assert sorted(set(await items_in(store, SPACE))) == sorted(keys)
    assert sorted(await items_in(store, OTHER)) == keys[:3]


async def test_what_is_dropped_page_by_page_is_gone_in_that_space_alone(store: Store) -> None:
    keys = [f"news:{number}" for number in range(1_300)]
    await store.put_items([item(key) for key in keys])
    await store.put_items([item(key, OTHER) for key in keys[:1_200]])
    assert await drop(store, OTHER) > 1
    assert await items_in(store, OTHER) == []
    assert (await store.read([], keys, OTHER)).items == {}
    assert (await store.read([], keys, SPACE)).items == {key: item(key) for key in keys}
    await drop(store, OTHER)
    assert len((await store.read([], keys, SPACE)).items) == len(keys)


async def test_an_item_that_is_in_no_other_space_goes_with_its_provider(store: Store) -> None:
    await store.put_items([item("news:1"), item("news:1", OTHER), item("books:1", OTHER), item("music:1", OTHER)])
    await store.drop_items(OTHER, ["news:1", "books:1", "books:1", "music:unknown"])
    snapshot = await store.read([], ["news:1", "music:1"], OTHER)
    assert (snapshot.providers, set(snapshot.items)) == (("music", "news"), {"music:1"})
    assert await store.sample_items(OTHER, 10) == ["music:1"]
    await store.put_items([item("books:1")])
    assert (await store.read([], ["books:1"], SPACE)).providers == ("books", "music", "news")
    await store.put_items([], deleted=["books:1"])
    assert (await store.read([], [], SPACE)).providers == ("music", "news")


async def test_an_item_that_is_written_meanwhile_keeps_its_provider(store: Store) -> None:
    for number in range(20):
        await store.put_items([item("news:old", OTHER)])
        dropped = store.drop_items(OTHER, ["news:old"])
        await asyncio.gather(dropped, store.put_items([item(f"news:{number}")]))
        assert (await store.read([], [], SPACE)).providers == ("news",)
        await store.put_items([], deleted=[f"news:{number}"])
        assert (await store.read([], [], SPACE)).providers == ()


async def test_dropping_nothing_is_nothing(store: Store) -> None:
    await store.put_items([item("news:1")])
    await store.drop_items(SPACE, [])
    await store.drop_items("unknown", ["news:1", "news:unknown"])
    await store.drop_words("unknown")
    assert (await store.read([], ["news:1"], SPACE)).items == {"news:1": item("news:1")}


@pytest.mark.parametrize("count", [1, 1_300])
async def test_the_words_of_a_space_go_at_once_and_with_them_what_its_bank_has_grown_by(
    store: Store, count: int
) -> None:
    words = {f"phrase {number}": b"\x00\x3c" for number in range(count)}
    for space in (SPACE, OTHER):
        await store.put_phrases(space, words)
        await store.sight(space, [seen_in("news:1")], PLENTY)
        await store.grow(space, [GrownPhrase("grown", "Grown", ("grown",))], 10)
    for _ in range(2):
        await store.drop_words(OTHER)
        assert await store.read_phrases(OTHER, words) == {}
        assert await store.grown(OTHER) == []
    seen = await store.sight(OTHER, [seen_in("news:2")], PLENTY)
    assert len(seen["a candidate"]) == 1
    assert await store.read_phrases(SPACE, words) == words
    assert len(await store.grown(SPACE)) == 1


async def test_a_space_that_was_dropped_can_be_filled_again(store: Store) -> None:
    again = replace(item("news:1", OTHER), title="again")
    await store.put_items([item("news:1", OTHER)])
    await drop(store, OTHER)
    await store.put_items([again])
    assert (await store.read([], ["news:1"], OTHER)).items == {"news:1": again}
    assert await items_in(store, OTHER) == ["news:1"]
