"""What every store does with items, providers and phrases."""

import asyncio
from dataclasses import replace

from tests.contract.stores import SPACE, item
from workers.ports import ItemRecord, Store
from workers.standing import REMEMBERED_MS, described, provided, undescribed


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


async def test_an_older_record_does_not_take_the_place_of_a_newer_one(store: Store) -> None:
    old, new = (replace(item("news:1", title=str(ms)), standing=provided(ms, 0)) for ms in (7, 8))
    assert await store.put_items([new]) == set()
    assert await store.put_items([old, item("news:2")]) == {"news:1"}
    assert (await store.read([], ["news:1"], SPACE)).items == {"news:1": new}
    assert await store.put_items([replace(new, title="again")]) == set(), "one that is as new is written again"
    assert (await store.read([], ["news:1"], SPACE)).items["news:1"].title == "again"
    elsewhere = replace(old, space="other")
    assert await store.put_items([elsewhere]) == set(), "each space has its own"


async def test_what_the_provider_says_stays_and_of_descriptions_the_first(store: Store) -> None:
    said = replace(item("news:1"), standing=provided(5, 0))
    first, second = (
        replace(item("news:1", title=text), standing=described(ms, text)) for ms, text in ((6, "a"), (7, "b"))
    )
    assert await store.put_items([second]) == set()
    assert await store.put_items([first]) == set()
    assert await store.put_items([second]) == {"news:1"}
    assert await store.put_items([said]) == set()
    assert await store.put_items([first]) == {"news:1"}
    assert (await store.read([], ["news:1"], SPACE)).items == {"news:1": said}


async def test_a_tombstone_deletes_only_what_is_older(store: Store) -> None:
    old, new = (
        replace(item("news:1"), space=space, standing=provided(8, at)) for space, at in (("other", 1), (SPACE, 3))
    )
    await store.put_items([old, new])
    assert await store.put_items([], {"news:1": provided(8, 2), "news:9": provided(8, 2)}) == {"news:1"}
    assert (await store.read([], ["news:1"], SPACE)).items == {"news:1": new}
    assert (await store.read([], ["news:1"], "other")).items == {}
    assert await store.put_items([], {"news:1": undescribed(99)}) == {"news:1"}
    assert (await store.read([], [], SPACE)).providers == ("news",)
    assert await store.put_items([], {"news:1": provided(8, 3)}) == set()
    assert await store.put_items([], {"news:1": provided(8, 2)}) == set(), "nothing is there any more"
    snapshot = await store.read([], ["news:1"], SPACE)
    assert (snapshot.items, snapshot.providers) == ({}, ())


async def test_what_was_taken_before_the_tombstone_comes_too_late_after_it(store: Store) -> None:
    """Else a worker that fell behind would bring a deleted item back."""
    before, after = (replace(item("news:1"), standing=provided(ms, 0)) for ms in (7, 9))
    assert await store.put_items([], {"news:1": provided(8, 0), "news:2": undescribed(8)}) == set()
    assert await store.put_items([before]) == {"news:1"}
    assert await store.put_items([replace(before, standing=described(7, "x"))]) == {"news:1"}
    assert (await store.read([], ["news:1"], SPACE)).items == {}
    assert await store.put_items([replace(item("news:2"), standing=provided(7, 0))]) == set()
    assert await store.put_items([after]) == set()
    assert await store.put_items([before]) == {"news:1"}
    assert (await store.read([], ["news:1"], SPACE)).items == {"news:1": after}
    assert (await store.read([], [], SPACE)).providers == ("news",)


async def test_an_older_tombstone_does_not_shorten_the_memory_which_ends_after_an_hour(store: Store) -> None:
    late = replace(item("news:1"), standing=provided(5, 0))
    await store.put_items([], {"news:1": provided(8, 0)})
    await store.put_items([], {"news:1": provided(3, 0)})
    await store.put_items([], {f"news:{number}": provided(8 + REMEMBERED_MS, 0) for number in range(2, 1_000)})
    assert await store.put_items([late]) == {"news:1"}
    await store.put_items([], {f"news:{number}": provided(9 + REMEMBERED_MS, 0) for number in range(2, 1_000)})
    assert await store.put_items([late]) == set()


async def test_what_has_no_standing_is_replaced_and_deleted_by_all(store: Store) -> None:
    """As an earlier release wrote it, and as it writes and deletes beside this one."""
    new = replace(item("news:1"), standing=provided(8, 3))
    await store.put_items([item("news:1", title="of an earlier release")])
    assert await store.put_items([new]) == set()
    assert await store.put_items([item("news:1", title="again")]) == set()
    assert await store.put_items([], {"news:1": provided(0, 0)}) == set()
    await store.put_items([new])
    assert await store.put_items([], ["news:1"]) == set()
    assert (await store.read([], ["news:1"], SPACE)).items == {}


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


async def test_what_a_person_brought_is_kept_and_is_no_provider(store: Store) -> None:
    await store.put_items([item("news:1"), item("mine.netflix:1"), item("mineral:1")])
    found = await store.read([], ["mine.netflix:1"], SPACE)
    assert (set(found.items), found.providers) == ({"mine.netflix:1"}, ("mineral", "news"))


async def test_a_provider_that_comes_and_goes_at_once_stays_where_an_item_is(store: Store) -> None:
    for number in range(20):
        await store.put_items([item("news:old")])
        await asyncio.gather(store.put_items([], deleted=["news:old"]), store.put_items([item(f"news:{number}")]))
        assert (await store.read([], [], SPACE)).providers == ("news",)
        await store.put_items([], deleted=[f"news:{number}"])
        assert (await store.read([], [], SPACE)).providers == ()


async def test_who_has_only_items_that_came_too_late_is_no_provider(store: Store) -> None:
    late, timely = (replace(item("news:1"), standing=provided(ms, 0)) for ms in (7, 8))
    await store.put_items([item("books:1")], {"news:1": provided(8, 0)})
    assert await store.put_items([late, replace(late, space="other")]) == {"news:1"}
    assert (await store.read([], [], SPACE)).providers == ("books",)
    assert await store.put_items([late, item("news:2")]) == {"news:1"}
    assert (await store.read([], [], SPACE)).providers == ("books", "news")
    await store.put_items([late], ["news:2"])
    assert (await store.read([], [], SPACE)).providers == ("books",)
    assert await store.put_items([late, timely]) == {"news:1"}
    assert (await store.read([], [], SPACE)).providers == ("books", "news")


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
