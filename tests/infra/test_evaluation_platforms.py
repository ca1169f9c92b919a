"""One profile against one a platform: how items are split, what each profile is made of, whose lists count."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from infra.evaluation.cases import Case
from infra.evaluation.options import Platforms
from infra.evaluation.platforms import ALL, by_category, by_item, compare, cut_to, run, sample_cases
from infra.evaluation.report import NothingToJudge
from infra.evaluation.sample_world import lives, sample_world
from schemas.catalog import CatalogItem
from schemas.interaction import Signal
from tests.infra.evaluation_files import setup

ITEMS = {
    f"mind:{number}": CatalogItem(
        provider="mind", item=str(number), title="x", category=f"{name}/more" if name else None
    )
    for number, name in enumerate(["news", "news", "sports", "autos", "tv", "", "", "", ""] * 10)
}


def test_whole_categories_lie_on_one_platform_and_both_have_as_many_items() -> None:
    side = by_category(ITEMS, seed=0)
    for name in ("news", "sports", "autos", "tv"):
        assert len({side[key] for key, item in ITEMS.items() if (item.category or "").startswith(name)}) == 1
    sizes = Counter(side[key] for key, item in ITEMS.items() if item.category)
    assert abs(sizes["a"] - sizes["b"]) <= 20


def test_items_without_a_category_are_on_both() -> None:
    side = by_category(ITEMS, seed=0)
    assert {side[key] for key, item in ITEMS.items() if not item.category} == {"a", "b"}


@pytest.mark.parametrize("split", [by_category, by_item])
def test_a_split_goes_by_its_seed(split: object) -> None:
    assert callable(split)
    assert split(ITEMS, 1) == split(ITEMS, 1)
    assert len({tuple(split(ITEMS, seed).values()) for seed in range(8)}) > 1


def test_a_list_is_cut_to_what_the_platform_has() -> None:
    case = Case("kim", (), ("mind:1", "mind:2", "mind:3"), np.array([True, False, True]))
    cut = cut_to(case, "b", {"mind:1": "a", "mind:2": "b", "mind:3": "b"})
    assert (cut.candidates, cut.liked.tolist()) == (("mind:2", "mind:3"), [False, True])


def test_what_is_ranked_was_met_for_the_first_time_after_the_history() -> None:
    people = lives(4, 50, 1)
    cases = sample_cases(people)
    assert cases
    for case in cases:
        events = people[case.user]
        assert case.history == tuple(events[: int(0.8 * len(events))])
        later = {one.item_key for one in events[len(case.history) :]}
        assert set(case.candidates) <= later - {one.item_key for one in case.history}
        chosen = {one.item_key for one in events[len(case.history) :] if one.signal in (Signal.CLICK, Signal.LIKE)}
        assert {key for key, liked in zip(case.candidates, case.liked, strict=True) if liked} <= chosen


def test_each_profile_is_of_its_own_history_and_all_rank_the_same_lists(tmp_path: Path) -> None:
    one = setup(tmp_path)
    result = run(Platforms(people=4, events=50), one)
    sample = result["sections"]["sample"]
    assert set(sample["items"]) == {"books", "music", "news"}
    assert set(sample["whole"]["profiles"]) == {"books", "music", "news", ALL}
    assert set(sample["there"]["profiles"]) == {"own", "others", ALL}
    assert sample["whole"]["profiles"][ALL]["auc"] > 50
    assert sample["there"]["gain"]["own"]["ci"].keys() == {"auc", "mrr", "ndcg@5", "ndcg@10"}
    assert run(Platforms(people=4, events=50), one)["sections"] == result["sections"]


def test_what_was_done_elsewhere_is_in_no_profile_of_a_platform(tmp_path: Path) -> None:
    one = setup(tmp_path)
    world = sample_world(one)
    side = {key: item.provider for key, item in world.items.items()}
    case, other, *_ = sample_cases(lives(3, 60, 1))
    elsewhere = [event for event in other.history if event.provider != "books"]
    mixed = sorted([*(event for event in case.history if event.provider == "books"), *elsewhere], key=lambda e: e.time)
    first, second = (
        compare([one_of], side, world, one).whole.rows for one_of in (case, replace(case, history=tuple(mixed)))
    )
    assert first["books"] == second["books"]
    assert first["music"] != second["music"]


def test_who_did_nothing_on_one_platform_is_not_counted(tmp_path: Path) -> None:
    one = setup(tmp_path)
    world = sample_world(one)
    side = {key: item.provider for key, item in world.items.items()}
    (case, *_) = sample_cases(lives(3, 60, 1))
    lone = replace(case, history=tuple(event for event in case.history if event.provider == "books"))
    assert compare([lone], side, world, one).left_out == 1
    assert compare([case], side, world, one).left_out == 0


def test_nobody_to_judge_is_said(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="every platform"):
        run(Platforms(people=1, events=5), setup(tmp_path))
