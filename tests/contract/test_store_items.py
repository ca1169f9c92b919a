"""What every store does with items, providers and phrases."""

import asyncio
from dataclasses import replace

from tests.contract.stores import SPACE, item
from workers.ports import ItemRecord, Store


async def test_items_are_read_back_byte_for_byte(store: Store) -> None:
    odd = ItemRecord("news:ü", SPACE, bytes(range(256)), "Título\n🦉", ("", "a", "ü/ö"), "")
    plain = ItemRecord("music:1", SPACE, b"\x00\x3c", "", (), "abc")
    await store.put_items([odd, plain])
    snapshot = await store.read([], ["news:ü", "music:1", "news:unknown"], SPACE)
    assert snapshot.items == {"news:ü": odd, "music:1": plain}


async def test_an_item_written_again_is_replaced(store: Store) -> None:
    await store.put_items([item("news:1", title="old"), item("news:1", title="older")])
    await store.put_items([item("news:1", title="new")])
    assert (await store.read([], ["news:1"], SPACE)).items == {"news:1": item("news:1", title="new")}


async def test_items_of_another_space_are_absent(store: Store) -> None:
    other = replace(item("news:1"), space="other", vector=b"\x01\x02")
    await store.put_items([item("news:1"), other, item("news:2")])
    assert (await store.read([], ["news:1", "news:2"], "other")).items == {"news:1": other}
    assert (await store.read([], ["news:1"], SPACE)).items == {"news:1": item("news:1")}


async def test_a_deleted_item_is_gone_in_all_spaces(store: Store) -> None:
    await store.put_items([item("news:1"), item("news:1", "other"), item("news:2")])
    await store.put_items([item("news:3")], deleted=["news:1", "news:unknown"])
    for space, left in ((SPACE, {"news:2", "news:3"}), ("other", set())):
        found = await store.read([], ["news:1", "news:2", "news:3"], space)
        assert set(found.items) == left


async def test_providers_are_those_with_an_item(store: Store) -> None:
    await store.put_items([item(f"news:{number}") for number in range(50)])
    await store.put_items([item("music:1"), item("music:1", "other"), item("books:a:b")])
    assert (await store.read([], [], SPACE)).providers == ("books", "music", "news")
    await store.put_items([], deleted=["music:1", *(f"news:{number}" for number in range(49))])
    assert (await store.read([], [], SPACE)).providers == ("books", "news")
    await store.put_items([item("music:2")], deleted=["news:49", "news:49"])
    assert (await store.read([], [], SPACE)).providers == ("books", "music")


async def test_a_provider_that_comes_and_goes_at_once_stays_where_an_item_is(store: Store) -> None:
    for number in range(20):
        await store.put_items([item("news:old")])
        await asyncio.gather(store.put_items([], deleted=["news:old"]), store.put_items([item(f"news:{number}")]))
        assert (await store.read([], [], SPACE)).providers == ("news",)
        await store.put_items([], deleted=[f"news:{number}"])
        assert (await store.read([], [], SPACE)).providers == ()


async def test_phrases_are_kept_by_space(store: Store) -> None:
    await store.put_phrases(SPACE, {"women's football": b"\x00\x3c", "böke 🦉": b"\xff\x00"})
    await store.put_phrases("other", {"women's football": b"other"})
    asked = ["women's football", "unknown", "böke 🦉"]
    assert await store.read_phrases(SPACE, asked) == {"women's football": b"\x00\x3c", "böke 🦉": b"\xff\x00"}
    assert await store.read_phrases("other", asked) == {"women's football": b"other"}
    assert await store.read_phrases("third", asked) == {}


async def test_a_sample_of_a_small_catalog_is_all_of_it(store: Store) -> None:
    keys = [f"news:{number}" for number in range(3)]
    assert await store.sample_items(SPACE, 64) == []
    await store.put_items([item(key) for key in keys])
    assert sorted(await store.sample_items(SPACE, 64)) == keys
    assert await store.sample_items(SPACE, 0) == []


async def test_a_sample_has_about_the_count_and_comes_from_all_over_the_catalog(store: Store) -> None:
    keys = [f"{provider}:{number}" for provider in ("books", "news") for number in range(1000)]
    await store.put_items([item(key) for key in keys])
    sampled = await store.sample_items(SPACE, 64)
    assert 48 <= len(sampled) <= 64
    assert len(set(sampled)) == len(sampled)
    quarters = {keys.index(key) // 500 for key in sampled}
    assert quarters == {0, 1, 2, 3}  # 64 draws miss a given quarter once in 10^8


async def test_two_samples_differ(store: Store) -> None:
    await store.put_items([item(f"news:{number}") for number in range(1000)])
    assert set(await store.sample_items(SPACE, 64)) != set(await store.sample_items(SPACE, 64))


async def test_a_sample_knows_only_its_own_space(store: Store) -> None:
    keys = [f"news:{number}" for number in range(400)]
    await store.put_items([item(key) for key in keys])
    await store.put_items([item(key, "other") for key in keys[:200]])
    sampled = await store.sample_items("other", 64)
    assert 40 <= len(sampled) <= 64
    assert set(sampled) <= set(keys[:200])
    assert await store.sample_items("third", 64) == []


async def test_a_sample_has_nothing_that_is_deleted_and_an_item_written_again_once(store: Store) -> None:
    keys = [f"news:{number}" for number in range(20)]
    for _ in range(3):
        await store.put_items([item(key) for key in keys])
    await store.put_items([], deleted=keys[5:])
    assert sorted(await store.sample_items(SPACE, 64)) == keys[:5]
