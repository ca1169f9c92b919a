"""What a world is made of, and how far a search in it has come."""

from dataclasses import replace

import pytest

from schemas.command import AddInterest
from schemas.interaction import Signal
from schemas.profile import Source
from schemas.proposal import Cost
from tests.workers.refinement.town import FIT, ITEMS, Town, deeds, held_interest
from workers.errors import ConfigurationError
from workers.refinement.candidate import Candidate
from workers.refinement.progress import Progress
from workers.refinement.rules import RefinementRules
from workers.refinement.world import World, draw_negatives, items_needed, texts_needed

TOWN = Town(
    deeds("old", "jazz", range(4), held=[1]),
    settled=[held_interest("tea")],
    avoid=[held_interest("chess", Source.PERSON, -1.0)],
    removed=("rowing",),
    dropped=("new chess",),
)
WORLD = TOWN.world()


def test_negatives_are_never_what_the_person_touched() -> None:
    judges, others = draw_negatives(ITEMS, WORLD.state, seed=1)
    assert not {*judges, *others} & WORLD.state.items_seen()
    assert not set(judges) & set(others)
    assert (len(judges), len(others)) == (64, 64)


def test_negatives_are_never_what_another_person_brought() -> None:
    brought = [f"mine.netflix:{number}" for number in range(100)]
    judges, others = draw_negatives([*brought, "tea:1", "tea:2"], WORLD.state, seed=1)
    assert {*judges, *others} <= {"tea:1", "tea:2"}
    assert judges


def test_the_draw_depends_on_the_seed_and_not_on_the_order() -> None:
    assert draw_negatives(sorted(ITEMS, reverse=True), WORLD.state, 1) == draw_negatives(ITEMS, WORLD.state, 1)
    assert draw_negatives(ITEMS, WORLD.state, 1) != draw_negatives(ITEMS, WORLD.state, 2)


@pytest.mark.parametrize(("count", "expected"), [(0, (0, 0)), (1, (1, 0)), (5, (3, 2)), (100, (50, 50))])
def test_of_few_at_least_half_are_judges(count: int, expected: tuple[int, int]) -> None:
    keys = [key for key in ITEMS if key not in WORLD.state.items_seen()][:count]
    judges, others = draw_negatives(keys, WORLD.state, 1)
    assert (len(judges), len(others)) == expected


def test_what_must_be_looked_up() -> None:
    assert items_needed(WORLD.state, ["town:old-tea-1"]) == WORLD.state.items_seen() | {"town:old-tea-1"}
    assert texts_needed(WORLD.state, ITEMS) >= {"jazz", "old jazz", "tea", "chess", "rowing", "new chess"}
    assert texts_needed(WORLD.state, ITEMS) <= {"jazz", "old jazz", "tea", "chess", "rowing", "new chess"}
    assert "jazz" not in texts_needed(replace(WORLD.state, interests=()), {})


OTHER_WORLDS = [
    TOWN.world(judges=29),
    TOWN.world(others=29),
    replace(TOWN, did=[*TOWN.did, *deeds("old", "jazz", [8])]).world(),
    replace(TOWN, did=deeds("old", "jazz", range(4), Signal.LIKE, held=[1])).world(),
    replace(TOWN, settled=[held_interest("tea", Source.PERSON)]).world(),
    replace(TOWN, settled=[held_interest("tea", pinned=True)]).world(),
    replace(TOWN, settled=[held_interest("tea", held_weight=0.1)]).world(),
    replace(TOWN, avoid=[]).world(),
    replace(TOWN, removed=()).world(),
    replace(TOWN, dropped=()).world(),
    replace(TOWN, scoring="linear").world(),
    replace(TOWN, rules=replace(FIT, sharpen=0.1)).world(),
    replace(WORLD, items={key: record for key, record in ITEMS.items() if key != "town:old-jazz-1"}),
]


@pytest.mark.parametrize("other", OTHER_WORLDS)
def test_another_world_has_another_fingerprint(other: World) -> None:
    assert other.fingerprint() != WORLD.fingerprint()
    assert TOWN.world().fingerprint() == WORLD.fingerprint()


def test_progress_survives_its_bytes() -> None:
    progress = Progress(
        "world",
        ("a", "b"),
        ("c",),
        iterations=4,
        described=True,
        since_gain=2,
        candidates=(Candidate(), Candidate(("Größe",), ("x", "y"))),
        rewards=(0.1, 0.123457),
        curve=(0.1, 0.1, 0.123457),
        cost=Cost(calls=2, prompt_tokens=7, completion_tokens=3),
        outcomes={"ok": 3, "failed": 1},
        refused={"duplicate": 5},
        proposers=(None, "vllm"),
    )
    assert Progress.from_bytes(progress.to_bytes()) == progress


def test_progress_of_another_release_is_left_aside() -> None:
    raw = Progress("world", (), ()).to_bytes()
    assert Progress.from_bytes(raw.replace(b'"format":1', b'"format":2')) is None
    assert Progress.from_bytes(raw.replace(b'"format":1,', b"")) is None


@pytest.mark.parametrize(
    "wrong",
    [{"iterations": 0}, {"patience": 0}, {"max_edits": 0}, {"temperature": -1.0}, {"temperature": float("nan")}],
)
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        RefinementRules(**wrong)  # type: ignore[arg-type]


def test_a_candidates_edits_are_the_contracts() -> None:
    assert Candidate(("old jazz",)).edits(WORLD.state.interests) == (AddInterest(text="old jazz"),)
