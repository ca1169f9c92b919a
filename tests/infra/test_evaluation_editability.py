"""Edits of simulated people's profiles, with a model that knows nothing but words."""

from pathlib import Path

import pytest

from infra.evaluation import editability
from infra.evaluation.editability import DISTANCES, WEIGHTS, EditNotCarriedOut, Person
from infra.evaluation.options import Editability
from infra.evaluation.report import NothingToJudge
from infra.evaluation.sample_world import lives, recommended, sample_world, topic_share
from infra.sample.catalog import topics
from schemas.command import AddInterest, AvoidText, KeepAway, RewriteInterest
from tests.infra.evaluation_files import setup
from workers.state import UserState, encode_state


def person(folder: Path, events: int = 30) -> Person:
    one = setup(folder)
    (user, life), *_ = lives(1, events, seed=0).items()
    return Person(user, life, sample_world(one), one, k=10)


def test_what_is_asked_for_and_what_is_told(tmp_path: Path) -> None:
    one = setup(tmp_path, plots=tmp_path)
    told = editability.run(Editability(people=6, events=30, topics=4), one)
    assert 0 <= told["delete"] <= 100
    assert told["insert"] > told["insert_before"]
    assert told["insert_curve"].keys() == {f"{weight:g}" for weight in WEIGHTS}
    assert told["insert_curve"]["1"] == told["insert"]
    assert told["edits"] >= 1
    assert told["within"] == 0
    assert told["avoid_curve"].keys() == told["covered"].keys() == {f"{distance:g}" for distance in DISTANCES}
    assert (len(told["topics"]), told["people"], told["k"], told["llm_calls"]) == (4, 6, 10, 0)
    assert set(told["topics"]) <= set(topics())
    assert (tmp_path / "editability.png").exists()


def test_what_is_avoided_is_kept_away_as_far_as_is_said(tmp_path: Path) -> None:
    one = person(tmp_path)
    (most, *_) = one.again().interests
    everything = len(recommended(one.replay.state, one.world, one.setup.scoring, len(one.world.items)))
    one.edit([AvoidText(text=most.text), KeepAway(within=0.0)])
    assert len(recommended(one.replay.state, one.world, one.setup.scoring, everything)) < everything
    assert one.within() == 0
    one.edit([KeepAway(within=1.0)])
    assert len(recommended(one.replay.state, one.world, one.setup.scoring, everything)) >= everything - 1


def test_the_seed_draws_people_and_topics(tmp_path: Path) -> None:
    first, again, other = (
        editability.run(Editability(people=4, events=20, topics=3), setup(tmp_path, seed=seed)) for seed in (0, 0, 5)
    )
    assert {name: value for name, value in first.items() if name != "seconds"} == {
        name: value for name, value in again.items() if name != "seconds"
    }
    assert first["topics"] != other["topics"]


def test_nobody_to_delete_from_is_named_so(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudge, match="more people"):
        editability.run(Editability(people=1, events=1, topics=1), setup(tmp_path))


def test_each_edit_starts_from_the_profile_that_was_lived(tmp_path: Path) -> None:
    one = person(tmp_path)
    before = encode_state(one.again())
    one.edit([AddInterest(text="jazz", weight=1.0)])
    assert encode_state(one.replay.state) != before
    assert encode_state(one.again()) == before


def test_an_interest_is_of_a_topic_by_its_name_or_by_what_is_behind_it(tmp_path: Path) -> None:
    one = person(tmp_path)
    one.edit([AddInterest(text="Jazz", weight=0.2)])
    assert [interest.text for interest in one.of_topic("jazz")] == ["Jazz"]
    for topic in topics():
        for interest in one.of_topic(topic):
            if interest.text.casefold() != topic:
                behind = [event for event in one.life if event.event_id in interest.evidence]
                assert 2 * sum(one.world.items[event.item_key].category == topic for event in behind) > len(behind)


def test_an_avoided_topic_is_recommended_less(tmp_path: Path) -> None:
    one = person(tmp_path)
    topic = max(topics(), key=one.share)
    before = one.share(topic)
    one.edit([AvoidText(text=topic)])
    assert one.share(topic) < before


def test_an_edit_that_the_agent_refuses_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(EditNotCarriedOut, match="set an edit aside"):
        person(tmp_path).edit([RewriteInterest(interest="0" * 12, text="nothing of that id")])


def test_nothing_is_recommended_to_somebody_without_interests(tmp_path: Path) -> None:
    assert recommended(UserState(), person(tmp_path).world, "mixture", 10) == []


def test_what_was_met_is_recommended_after_what_is_new(tmp_path: Path) -> None:
    one = person(tmp_path)
    one.edit([AddInterest(text="jazz", weight=1.0)])
    keys = recommended(one.replay.state, one.world, "mixture", 480)
    assert len(keys) == len(set(keys)) == 480
    assert topic_share(keys, "jazz", one.world.items) == pytest.approx(len(topics()["jazz"]) / 480)
    seen = one.replay.state.items_seen()
    places = [keys.index(key) for key in keys if key in seen]
    assert sum(places) / len(places) > 240
