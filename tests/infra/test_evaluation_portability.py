"""One profile at providers of other manners: how items are described, what profiles are made of, whose lists count."""

from dataclasses import replace
from pathlib import Path

import pytest

from infra.evaluation import own_space, portability
from infra.evaluation.options import Portability
from infra.evaluation.platforms import by_item, sample_cases
from infra.evaluation.portability import BROUGHT, MANNERS, RANKERS, drawn, run
from infra.evaluation.report import NothingToJudge
from infra.evaluation.sample_world import lives, sample_world
from infra.evaluation.trips import OTHER, A, Trip
from schemas.catalog import CatalogItem
from tests.infra.evaluation_files import behaviors, news, setup
from workers.space import item_text

ITEM = CatalogItem(
    provider="p",
    item="1",
    title="An evening with Fela Kuti in Lisbon",
    text="A night out.",
    category="music/hip hop",
    tags=("boom bap",),
)


def test_each_manner_says_what_it_says_and_no_more() -> None:
    said = {name: item_text(told) for name, manner in MANNERS.items() if (told := manner(ITEM)) is not None}
    assert said == {
        "in full": "music hip hop: An evening with Fela Kuti in Lisbon. A night out. boom bap",
        "titles and text": "An evening with Fela Kuti in Lisbon. A night out.",
        "titles": "An evening with Fela Kuti in Lisbon",
        "keywords": "music, hip hop, boom bap, Fela Kuti, Lisbon",
        "categories": "music hip hop",
    }


def test_a_provider_does_not_have_what_its_manner_has_no_words_for() -> None:
    bare = CatalogItem(provider="p", item="1", title="Untitled")
    assert [name for name, manner in MANNERS.items() if manner(bare) is None] == ["keywords", "categories"]


def test_the_two_providers_have_no_item_in_common(tmp_path: Path) -> None:
    world = sample_world(setup(tmp_path))
    side = by_item(world.items, 0)
    trips = [trip for case in sample_cases(lives(6, 80, 0)) if (trip := Trip.of(case, side)) is not None]
    assert trips
    for trip in trips:
        assert {side[one.item_key] for one in trip.at_a} == {A}
        assert {side[key] for key in trip.keys} == {OTHER}


def test_a_list_is_of_what_the_provider_has(tmp_path: Path) -> None:
    trip = _trip(tmp_path)
    liked = [key for key, likes in zip(trip.case.candidates, trip.case.liked, strict=True) if likes]
    others = [key for key in trip.case.candidates if key not in liked]
    known = {liked[0], others[0], trip.at_other[0].item_key}
    cut = trip.described(known)
    assert cut is not None
    assert set(cut.case.candidates) == {liked[0], others[0]}
    assert cut.case.liked.tolist() == [key == liked[0] for key in cut.case.candidates]
    assert {one.item_key for one in cut.at_other} <= known
    assert trip.described({liked[0], trip.at_other[0].item_key}) is None
    assert trip.described({liked[0], others[0]} - {one.item_key for one in trip.at_other}) is None


def test_what_was_done_at_the_other_provider_is_in_no_brought_profile(tmp_path: Path) -> None:
    one, trip = setup(tmp_path), _trip(tmp_path)
    world = sample_world(one)
    brought = portability._brought([trip], world, one)
    fewer = replace(trip, at_other=trip.at_other[:1])
    rows = [portability.compare([other], brought, world, "x", one).judged.rows for other in (trip, fewer)]
    assert rows[0][BROUGHT] == rows[1][BROUGHT]
    assert rows[0]["raw brought"] == rows[1]["raw brought"]
    assert rows[0]["raw own"] != rows[1]["raw own"]
    nothing = portability.compare([replace(trip, at_a=())], brought, world, "x", one).judged.rows
    assert nothing["own"] == rows[0]["own"] == nothing["both"]


def test_users_are_drawn_whole_and_by_seed() -> None:
    cases = [case for case in sample_cases(lives(8, 80, 0)) for _ in range(2)]
    few = drawn(cases, 3, seed=1)
    assert len({case.user for case in few}) == 3
    assert len(few) == 6
    assert drawn(cases, 0, seed=1) == cases
    assert len({tuple(case.user for case in drawn(cases, 3, seed)) for seed in range(8)}) > 1


def test_the_sample_and_files_are_ranked_in_every_manner(tmp_path: Path) -> None:
    asked = Portability(news(tmp_path), behaviors(tmp_path, 40), users=30, people=6, events=80)
    result = run(asked, setup(tmp_path))
    assert set(result["sections"]) == {"sample", "mind"}
    for section in result["sections"].values():
        assert set(section["manners"]) == set(MANNERS)
        assert set(section["own_space"]) == set(portability.BY_ITSELF)
        for told in section["own_space"].values():
            assert told["spaces"]["common space"] != told["spaces"]["space of its own"]
            assert set(told["profiles"]) == set(own_space.RANKERS)
            assert len(told["gain"]) == 4
        for told in section["manners"].values():
            assert set(told["profiles"]) == set(RANKERS)
            assert told["gain"]["brought over own"]["ci"].keys() == {"auc", "mrr", "ndcg@5", "ndcg@10"}
    assert result["sections"]["mind"]["manners"]["in full"]["users"] <= 30
    assert run(asked, setup(tmp_path))["sections"] == result["sections"]


def test_a_profile_at_a_provider_in_its_own_space_says_what_it_says_in_the_common_one(tmp_path: Path) -> None:
    one, trip = setup(tmp_path), _trip(tmp_path)
    world = sample_world(one)
    own = own_space.own_world(world, [item for item in world.items.values() if item.category], one)
    judged = own_space.compare([trip], world, own, one)
    assert all(len(rows) == 1 for rows in judged.rows.values())
    state = own_space._state(trip, trip.at_a, world)
    there = own_space.seen(state, world, own)
    assert [one.text for one in there.interests] == [one.text for one in state.interests]
    assert (state.space, there.space) == (world.space, own.space)


def test_nobody_to_judge_is_said(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="both providers"):
        run(Portability(people=1, events=3), setup(tmp_path))


def _trip(folder: Path) -> Trip:
    side = by_item(sample_world(setup(folder)).items, 0)
    trips = [Trip.of(case, side) for case in sample_cases(lives(6, 80, 0))]
    return max((trip for trip in trips if trip is not None), key=lambda trip: len(trip.at_other))
