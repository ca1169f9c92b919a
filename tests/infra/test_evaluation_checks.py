"""What a profile's words are checked for, and what a re-fit is worth."""

from pathlib import Path

import numpy as np
import pytest

from infra.evaluation.behaviors import Behaviors
from infra.evaluation.cases import Case
from infra.evaluation.profile_checks import ProfileChecks
from infra.evaluation.rankers import Profiles
from infra.evaluation.refining import Refining
from infra.evaluation.refit_gain import RefitGain
from infra.evaluation.replay import Replay
from infra.evaluation.world import World
from infra.loaders.identity import BASE, STEP
from schemas.interaction import Interaction, Signal
from schemas.profile import Source
from tests.infra.evaluation_files import PROVIDER, behaviors, setup, small_world
from workers.refinement.rules import RefinementRules
from workers.state import HeldInterest, UserState


@pytest.fixture
def world(tmp_path: Path) -> World:
    return small_world(tmp_path)


def case() -> Case:
    event = Interaction(
        event_id="e1", user="ada", provider=PROVIDER, item="tea-1", signal=Signal.CLICK, time=BASE + STEP
    )
    return Case("ada", (event,), (), np.zeros(0, bool))


def state(*texts: str, evidence: tuple[str, ...] = ("e1",)) -> UserState:
    held = (HeldInterest("0" * 12, text, 0.5, Source.BOOTSTRAP, b"", evidence=evidence) for text in texts)
    return UserState(interests=tuple(held))


def found(world: World, *states: UserState) -> dict[str, object]:
    checks = ProfileChecks(world)
    for one in states:
        checks.take(case(), one)
    return checks.document()


def test_an_interest_is_true_where_an_item_behind_it_says_it(world: World) -> None:
    assert found(world, state("tea", "jazz"))["true"] == 50.0
    assert found(world, state("tea", evidence=()))["true"] == 0.0


def test_copies_of_titles_and_long_texts_are_counted(world: World) -> None:
    told = found(world, state("Tea tea evening", "x" * 81))
    assert (told["title_copies"], told["too_long"]) == (1, 1)


def test_a_profile_that_says_the_same_twice_is_counted(world: World) -> None:
    assert found(world, state("tea", "tea tea"), state("tea", "jazz"))["near_pairs"] == 50.0


def test_empty_and_overfull_profiles_are_counted(world: World) -> None:
    told = found(world, state(), state(*(f"text {number}" for number in range(25))))
    assert (told["empty"], told["too_many"], told["interests"]) == (50.0, 1, 12.5)
    assert "shown" not in told


def refit_gain(folder: Path, path: Path) -> RefitGain:
    one = setup(folder)
    world = small_world(folder)
    gain, profiles = RefitGain(world, one), Profiles(world, world.rules)
    for each in Behaviors(path, PROVIDER, world.records.keys(), "all"):
        gain.take(each, profiles)
    return gain


def test_a_refit_on_what_is_known_raises_the_reward_on_it(tmp_path: Path) -> None:
    path = tmp_path / "b.tsv"
    rows = []
    for number in range(12):
        history = [f"tea-{place}" for place in range(6)] + [f"jazz-{(place + number) % 9}" for place in range(8)]
        rows.append(f"{number}\tuser-{number}\t\t{' '.join(history)}\ttea-9-1 chess-1-0\n")
    path.write_text("".join(rows))
    told = refit_gain(tmp_path, path).document()
    assert told["half_new"]["reward_after"] > told["half_new"]["reward_before"]
    assert told["half_new"]["raised_or_kept"] > 80
    assert {"five_known", "five_held", "weights_known", "weights_held"} <= told.keys()
    assert told == refit_gain(tmp_path, path).document()


def test_who_has_nothing_held_out_is_counted(tmp_path: Path) -> None:
    gain = refit_gain(tmp_path, behaviors(tmp_path, people=6))
    judged = gain.document().get("weights_held", {"users": 0})["users"]
    assert gain.unjudged + judged == 6


def test_a_refinement_goes_through_the_gate_and_never_lowers_the_reward(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    replay = Replay("ada", world, world.rules)
    names = [f"{topic}-{place}" for place in range(8) for topic in ("tea", "jazz")]
    replay.send(
        [
            Interaction(
                event_id=f"e{n}",
                user="ada",
                provider=PROVIDER,
                item=name,
                signal=Signal.CLICK,
                time=BASE + n * STEP,
            )
            for n, name in enumerate(names)
        ]
    )
    replay.settle()
    with Refining(world, setup(tmp_path), RefinementRules()) as refining:
        first, second = refining.refine(replay), refining.refine(replay, 1)
    for ended in (first, second):
        assert ended.verdict in {"accepted", "empty", "nothing", "rejected"}
        assert ended.refined.after is not None
        assert ended.refined.before is not None
        assert ended.refined.after >= ended.refined.before
    assert sum(refining.verdicts.values()) == 2
    assert refining.tally.calls == 0


def test_a_person_without_a_history_has_nothing_to_refine(tmp_path: Path) -> None:
    world = small_world(tmp_path)
    with Refining(world, setup(tmp_path), RefinementRules()) as refining:
        ended = refining.refine(Replay("ada", world, world.rules))
    assert ended.verdict is None
    assert refining.verdicts == {"unjudged": 1}
