"""One person's agent in memory is the agent of the service; rankers get profiles and no labels."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from infra.evaluation.cases import Case
from infra.evaluation.rankers import (
    Profiles,
    by_fading_mean,
    by_history,
    by_likes_and_dislikes,
    by_mean_of_likes,
    by_profile,
)
from infra.evaluation.ranking import Published, fading_mean, soft_maximum
from infra.evaluation.replay import Replay
from infra.evaluation.variants import equal_weights, refitted, words_alone
from infra.evaluation.world import World
from infra.loaders.identity import BASE, STEP
from schemas.command import AddInterest, EditCommand
from schemas.dead_letter import Reason
from schemas.interaction import Interaction, Signal
from streams.messages import parse_message
from streams.topics import COMMANDS, INTERACTIONS
from tests.infra.evaluation_files import PROVIDER, small_world
from workers.agent import fold
from workers.mailbox import Event
from workers.ports import Record
from workers.scoring import score
from workers.state import encode_state


@pytest.fixture
def world(tmp_path: Path) -> World:
    return small_world(tmp_path)


def clicks(*names: str, signal: Signal = Signal.CLICK, start: int = 0) -> list[Interaction]:
    return [
        Interaction(
            event_id=f"e{place}",
            user="ada",
            provider=PROVIDER,
            item=item,
            signal=signal,
            time=BASE + place * STEP,
        )
        for place, item in enumerate(names, start)
    ]


TEA = [f"tea-{number}" for number in range(7)]


def test_the_state_is_byte_for_byte_what_the_agents_stage_would_commit(world: World) -> None:
    replay = Replay("ada", world, world.rules)
    folded = replay.send(clicks(*TEA))
    events = [
        Event(Record(INTERACTIONS, 0, n, b"ada", one.to_bytes(), round(one.time.timestamp() * 1000)), one)
        for n, one in enumerate(clicks(*TEA))
    ]
    direct = fold(None, events, world.known, world.rules, parse_message)
    assert encode_state(folded.state) == encode_state(direct.state) == encode_state(replay.state)


def test_however_the_history_is_cut_the_profile_is_the_same(world: World) -> None:
    whole, parts = Replay("ada", world, world.rules), Replay("ada", world, world.rules)
    whole.send(clicks(*TEA))
    for one in clicks(*TEA):
        parts.send([one])
    assert encode_state(whole.settle()) == encode_state(parts.settle())


def test_what_is_left_unfitted_is_fitted_by_age_as_in_the_service(world: World) -> None:
    replay = Replay("ada", world, world.rules)
    replay.send(clicks(*TEA))
    assert replay.state.pending == 1  # 7: the first, then five
    state = replay.settle()
    assert state.pending == 0
    assert state.offsets[f"{COMMANDS}/0"] == len(TEA)
    assert replay.newest == clicks(*TEA)[-1].time + timedelta(seconds=world.rules.triggers.refit_age)
    assert encode_state(replay.settle()) == encode_state(state)


def test_an_interaction_with_an_item_that_the_catalog_lacks_is_set_aside(world: World) -> None:
    replay = Replay("ada", world, world.rules)
    folded = replay.send(clicks("tea-1", "nowhere", "tea-2", "tea-3"))
    assert [letter.reason for letter in folded.letters] == [Reason.UNKNOWN_ITEM]
    assert replay.letters == 1
    assert {one.item for one in replay.state.window} == {"mind:tea-1", "mind:tea-2", "mind:tea-3"}


def test_an_edit_with_a_text_that_nobody_has_embedded_is_carried_out(world: World) -> None:
    replay = Replay("ada", world, world.rules)
    replay.send(clicks(*TEA))
    edit = AddInterest(text="river history", weight=0.7)
    replay.send([EditCommand(command_id="c", user="ada", time=BASE + 9 * STEP, edits=(edit,))])
    assert replay.state.interests[0].text == "river history"


def test_what_is_tried_on_a_copy_leaves_the_original_alone(world: World) -> None:
    replay = Replay("ada", world, world.rules)
    replay.send(clicks(*TEA))
    before = encode_state(replay.state)
    replay.copy().send(clicks("jazz-1", signal=Signal.LIKE, start=20))
    assert encode_state(replay.state) == before


def case(*history: str, candidates: tuple[str, ...] = ("tea-8", "jazz-1", "chess-2"), liked: int = 0) -> Case:
    keys = tuple(f"{PROVIDER}:{item}" for item in candidates)
    return Case("ada", tuple(clicks(*history)), keys, np.arange(len(keys)) == liked)


def test_a_ranker_of_profiles_uses_what_is_published_and_the_formula(world: World) -> None:
    one = case(*TEA)
    state = Profiles(world, world.rules).of(one)
    items = world.catalog.of_items(one.candidates).astype(np.float64)
    weights = np.array([interest.weight for interest in state.interests])
    expected = score("mixture", items @ state.vectors().T, weights, np.zeros((3, 0)))
    scores = by_profile(Profiles(world, world.rules), "mixture")(one)
    assert scores == pytest.approx(expected, abs=1e-9)
    assert scores.argmax() == 0


@pytest.mark.parametrize("liked", [0, 1, 2])
def test_no_label_reaches_a_ranker(world: World, liked: int) -> None:
    rankers = [
        by_profile(Profiles(world, world.rules), "linear"),
        by_history(world.catalog),
        by_fading_mean(world.catalog, 0.8),
        by_likes_and_dislikes(world.catalog),
        by_mean_of_likes(world.catalog),
    ]
    for ranker in rankers:
        assert np.array_equal(ranker(case(*TEA, liked=liked)), ranker(case(*TEA, liked=0)))


def test_somebody_without_a_history_says_nothing(world: World) -> None:
    for ranker in (by_profile(Profiles(world, world.rules), "mixture"), by_history(world.catalog)):
        assert ranker(case()).tolist() == [0.0, 0.0, 0.0]
    assert by_fading_mean(world.catalog, 0.8)(case()).tolist() == [0.0, 0.0, 0.0]


def test_the_profile_of_a_case_is_made_once_and_watched_once(world: World) -> None:
    seen: list[str] = []
    profiles = Profiles(world, world.rules, lambda case, state: seen.append(case.user))
    one = case(*TEA)
    assert profiles.of(one) is profiles.of(one)
    profiles.of(case(*TEA))
    assert seen == ["ada", "ada"]


def test_variants_differ_in_one_thing(world: World) -> None:
    sharp = Profiles(world, refitted(world.rules, sharpen=0.5)).of(case(*TEA))
    plain = Profiles(world, words_alone(world.rules)).of(case(*TEA))
    assert [one.text for one in sharp.interests] == [one.text for one in plain.interests]
    (own,) = [one for one in plain.interests if one.text == "tea"]
    assert own.vector == world.words(["tea"])["tea"].astype("<f2").tobytes()
    assert own.vector not in [one.vector for one in sharp.interests]
    assert {one.weight for one in equal_weights(plain).interests} <= {1.0, -1.0}


def test_a_published_profile_without_interests_has_the_shape_of_its_space(world: World) -> None:
    state = Profiles(world, world.rules).of(case())
    profile = Published.of(replace(state, interests=()), 64)
    assert profile.vectors.shape == (0, 64)
    assert profile.scores(world.catalog.matrix, "linear").tolist() == [0.0] * 40


def test_the_soft_maximum_is_the_log_of_the_mean_of_the_exponentials() -> None:
    history, items = np.eye(3, dtype=np.float32)[:2], np.eye(3, dtype=np.float32)
    scores = soft_maximum(history, items)
    assert scores[0] == pytest.approx(np.log((np.exp(10) + 1) / 2) / 10)
    assert scores[2] == 0.0


def test_the_fading_mean_counts_what_came_last_most() -> None:
    history = np.eye(2, dtype=np.float32)
    older, newer = fading_mean(history, history, keep=0.5)
    assert newer == pytest.approx(2 * older)
    assert fading_mean(history, history, keep=1.0).tolist() == pytest.approx([0.5**0.5] * 2)


def test_likes_and_dislikes_pull_in_opposite_ways(world: World) -> None:
    history = (*clicks("tea-1", signal=Signal.LIKE), *clicks("jazz-1", signal=Signal.DISLIKE, start=1))
    one = replace(case(), history=history)
    tea, jazz, chess = by_likes_and_dislikes(world.catalog)(one)
    assert tea > chess > jazz
    assert by_mean_of_likes(world.catalog)(one).argmax() == 0
