"""What every store does with what the bank of a space grows by."""

import asyncio
from dataclasses import replace

from tests.contract.stores import SPACE, item
from workers.ports import Store
from workers.sightings import Bounds, GrownPhrase, Sighting

BOUNDS = Bounds(least=2, each=3, most=4)
MOON = GrownPhrase("moon landing", "Moon landing", ("moon landing", "moon landings"))


def sighting(number: int, phrase: str = "moon landing", content_hash: str = "abc") -> Sighting:
    return Sighting(phrase, f"news:{number}", content_hash, 'The "Möön"\n landing', "first", "", False)


async def test_a_candidate_is_told_with_all_who_show_it_once_they_are_enough(store: Store) -> None:
    assert await store.sight(SPACE, [sighting(1)], BOUNDS) == {}
    told = await store.sight(SPACE, [sighting(2), sighting(3, "other")], BOUNDS)
    assert told == {"moon landing": (sighting(1), sighting(2))}
    assert await store.sight("elsewhere", [sighting(4)], BOUNDS) == {}


async def test_an_item_counts_once_however_often_it_comes_with_what_it_says_last(store: Store) -> None:
    await store.sight(SPACE, [sighting(1), sighting(1), sighting(11)], Bounds(3, 3, 4))
    told = await store.sight(SPACE, [sighting(1, content_hash="new")], BOUNDS)
    assert told == {"moon landing": (sighting(1, content_hash="new"), sighting(11))}


async def test_an_item_is_not_taken_for_one_whose_name_begins_alike(store: Store) -> None:
    told = await store.sight(SPACE, [sighting(1), sighting(10), sighting(100)], BOUNDS)
    assert len(told["moon landing"]) == 3


async def test_those_who_show_it_beyond_the_bound_are_passed_over(store: Store) -> None:
    """What is full and still a candidate was judged already: it is told no more, but for one who counted."""
    await store.sight(SPACE, [sighting(n) for n in range(3)], BOUNDS)
    assert await store.sight(SPACE, [sighting(9)], BOUNDS) == {}
    told = await store.sight(SPACE, [sighting(2)], BOUNDS)
    assert told == {"moon landing": tuple(sighting(n) for n in range(3))}


async def test_beyond_the_bound_those_go_that_nothing_has_shown_for_longest(store: Store) -> None:
    for phrase in ("a", "b", "c", "d"):
        await store.sight(SPACE, [sighting(1, phrase)], BOUNDS)
    await store.sight(SPACE, [sighting(1, "a")], BOUNDS)
    await store.sight(SPACE, [sighting(1, "e")], BOUNDS)
    told = [await store.sight(SPACE, [sighting(2, phrase)], BOUNDS) for phrase in ("a", "c", "d", "e")]
    assert [set(one) for one in told] == [{"a"}, {"c"}, {"d"}, {"e"}]
    assert await store.sight(SPACE, [sighting(2, "b")], BOUNDS) == {}


async def test_many_sightings_at_once(store: Store) -> None:
    many = [sighting(n, f"p{n % 700}") for n in range(1400)]
    told = await store.sight(SPACE, many, Bounds(2, 3, 10_000))
    assert len(told) == 700
    assert told["p3"] == (sighting(3, "p3"), sighting(703, "p3"))


async def test_what_the_bank_has_grown_by_is_told_in_order_and_stays_as_it_was(store: Store) -> None:
    sun = GrownPhrase("sun", "Sun", ("sun",))
    assert await store.grow(SPACE, [MOON], 10) == 1
    assert await store.grow(SPACE, [MOON._replace(text="MOON"), sun], 10) == 1
    assert await store.grown(SPACE) == [MOON, sun]
    assert await store.grown(SPACE, 1) == [sun]
    assert await store.grown(SPACE, 2) == []
    assert await store.grown("elsewhere") == []


async def test_a_bank_grows_no_further_than_the_limit(store: Store) -> None:
    phrases = [GrownPhrase(phrase, phrase, (phrase,)) for phrase in "abc"]
    assert await store.grow(SPACE, phrases, 2) == 2
    assert await store.grow(SPACE, phrases, 2) == 0
    assert [one.text for one in await store.grown(SPACE)] == ["a", "b"]


async def test_two_who_grow_it_at_once_add_each_phrase_once(store: Store) -> None:
    added = await asyncio.gather(*(store.grow(SPACE, [MOON], 10) for _ in range(5)))
    assert sorted(added) == [0, 0, 0, 0, 1]
    assert await store.grown(SPACE) == [MOON]


async def test_what_the_bank_has_grown_by_is_no_candidate_any_more(store: Store) -> None:
    await store.sight(SPACE, [sighting(1)], BOUNDS)
    await store.grow(SPACE, [MOON], 10)
    assert await store.sight(SPACE, [sighting(2), sighting(3)], BOUNDS) == {}


async def test_a_record_is_replaced_only_where_it_is_what_it_was(store: Store) -> None:
    one, two, three = item("news:1"), item("news:2"), item("news:3")
    await store.put_items([one, two, replace(one, space="other")])
    after = replace(one, phrases=("sports", "moon landing"), affinities=(3, 100))
    stale = replace(two, title="older")
    assert await store.replace_items([(one, after), (stale, replace(stale, title="x")), (three, three)]) == [
        True,
        False,
        False,
    ]
    found = await store.read((), ["news:1", "news:2", "news:3"], SPACE)
    assert found.items == {"news:1": after, "news:2": two}
    assert (await store.read((), ["news:1"], "other")).items == {"news:1": replace(one, space="other")}
    assert await store.replace_items([]) == []


async def test_of_two_who_replace_a_record_at_once_one_does(store: Store) -> None:
    one = item("news:1")
    await store.put_items([one])
    replaced = await asyncio.gather(
        *(store.replace_items([(one, replace(one, title=str(number)))]) for number in range(5))
    )
    assert sorted(outcome for (outcome,) in replaced) == [False, False, False, False, True]
