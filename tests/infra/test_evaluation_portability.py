"""One profile at providers of other manners: how items are described, what profiles are made of, whose lists count."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.cli.outside import Outside
from infra.evaluation import portability
from infra.evaluation.options import Asked, Common, Portability
from infra.evaluation.platforms import by_item, sample_cases
from infra.evaluation.portability import BROUGHT, MANNERS, OTHER, RANKERS, A, Trip, drawn, run
from infra.evaluation.report import NothingToJudge
from infra.evaluation.sample_world import lives, sample_world
from infra.settings import Settings
from schemas.catalog import CatalogItem
from tests.infra.cli_runs import document
from tests.infra.cli_runs import run as command
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
        for told in section["manners"].values():
            assert set(told["profiles"]) == set(RANKERS)
            assert told["gain"]["brought over own"]["ci"].keys() == {"auc", "mrr", "ndcg@5", "ndcg@10"}
    assert result["sections"]["mind"]["manners"]["in full"]["users"] <= 30
    assert run(asked, setup(tmp_path))["sections"] == result["sections"]


def test_nobody_to_judge_is_said(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="both providers"):
        run(Portability(people=1, events=3), setup(tmp_path))


def _trip(folder: Path) -> Trip:
    side = by_item(sample_world(setup(folder)).items, 0)
    trips = [Trip.of(case, side) for case in sample_cases(lives(6, 80, 0))]
    return max((trip for trip in trips if trip is not None), key=lambda trip: len(trip.at_other))


FIGURES = {"auc": 66.5, "ci": {"auc": [64.0, 69.0]}}
TOLD = {"items": 7, "lists": 12, "users": 11, "profiles": {"brought": FIGURES}, "gain": {"brought over own": FIGURES}}
ANSWER = {"sections": {"mind": {"left_out": 0, "manners": {"titles": TOLD}}}, "llm_calls": 0}


def evaluated(*words: str) -> tuple[Any, list[Asked]]:
    asked: list[Asked] = []

    def evaluate(one: Asked, settings: Settings) -> Mapping[str, Any]:
        asked.append(one)
        return ANSWER

    return command("eval", "portability", *words, outside=Outside(evaluate=evaluate)), asked


def test_every_option_arrives() -> None:
    assert evaluated()[1] == [Portability()]
    words = "--catalog n --behaviors b --users 9 --people 5 --events 70 --half tune --seed 7 --cache c --no-fit"
    common = Common(7, Path("c"), fit=False)
    assert evaluated(*words.split())[1] == [Portability(Path("n"), Path("b"), "tune", 9, 5, 70, common)]


def test_files_come_together_or_not_at_all() -> None:
    for one in (("--catalog", "n"), ("--behaviors", "b")):
        result, asked = evaluated(*one)
        assert (result.exit_code, asked) == (2, [])


def test_json_is_the_whole_answer() -> None:
    assert document(evaluated("--json")[0]) == ANSWER


def test_a_table_for_each_manner_tells_every_figure_with_its_interval() -> None:
    shown = evaluated()[0].stdout
    assert "mind, described by titles: 12 lists of 11 people, 7 items" in " ".join(shown.split())
    assert shown.count("66.5 (64.0 to 69.0)") == 2
    assert "brought over own" in shown
