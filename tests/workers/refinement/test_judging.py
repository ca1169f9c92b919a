"""A trial is judged as the agent's gate will judge it: same profile, same figures, same verdict."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from schemas.interaction import Signal
from schemas.profile import Source
from schemas.proposal import Outcome, Proposal
from tests.workers.refinement.asking import trial_of
from tests.workers.refinement.town import FIT, ITEMS, Deed, Town, deeds, held_interest, words_of
from workers.alike import NEAR
from workers.proposals import Verdict, decide
from workers.refinement.candidate import Candidate
from workers.refinement.judging import Judging
from workers.refinement.numbers import Numbers, own_phrases
from workers.refinement.world import World
from workers.reward import held_out
from workers.scoring import Scoring

DID = [
    *deeds("old", "jazz", range(7), held=[1, 2]),
    *deeds("new", "chess", range(5), held=[3]),
    *deeds("rare", "tea", range(4), Signal.DISLIKE, held=[2]),
    *deeds("odd", "rowing", range(3), Signal.IMPRESSION, held=[1]),
]
TOWN = Town(DID, settled=[held_interest("rowing"), held_interest("tea", Source.PERSON, held_weight=0.4)])
CANDIDATES = [
    Candidate(("rare jazz",)),
    Candidate(("rare jazz", "new tea"), ("rowing",)),
    Candidate((), ("rowing",)),
    Candidate((), ("jazz", "chess")),
    Candidate(("rare tea",), ("old jazz",)),
]


def proposal_of(world: World, candidate: Candidate) -> Proposal:
    return Proposal(
        proposal_id="p",
        user="ada",
        time=datetime(2026, 1, 1, tzinfo=UTC),
        base_version=world.state.version,
        fencing_token=1,
        proposer="phrases",
        outcome=Outcome.OK,
        edits=candidate.edits(world.state.interests),
        negatives=world.judges,
    )


@pytest.mark.parametrize("scoring", ["linear", "mixture"])
@pytest.mark.parametrize("candidate", CANDIDATES)
def test_rewards_are_those_of_the_agents_gate(candidate: Candidate, scoring: Scoring) -> None:
    town = replace(TOWN, scoring=scoring, avoid=[held_interest("odd jazz", Source.PERSON, -1.0)])
    world = town.world()
    decision = decide(world.state, proposal_of(world, candidate), town.known(), FIT, scoring)
    judging, start = trial_of(world)
    trial = judging.trial(candidate)
    assert trial is not None
    assert (decision.before, decision.after) == (start.reward, trial.reward)
    assert decision.verdict is (Verdict.ACCEPTED if trial.reward > start.reward else Verdict.REJECTED)


def test_what_changes_nothing_is_no_trial() -> None:
    world = TOWN.world()
    assert Judging(world).trial(Candidate((), ("tea",))) is None  # the person's own
    assert decide(world.state, proposal_of(world, Candidate((), ("tea",))), TOWN.known(), FIT, "mixture").verdict is (
        Verdict.NOTHING
    )


def test_the_training_part_is_what_is_not_held_out() -> None:
    judging, trial = trial_of(TOWN.world())
    assert len(judging.training) == len(DID) - 5
    assert not any(held_out(entry.event) for entry in judging.training)
    assert trial.profile.window == judging.training
    assert len(judging.world.state.window) == len(DID)


def test_what_was_taken_back_or_deleted_is_no_training() -> None:
    did = [*DID, Deed("town:old-jazz-0", Signal.RETRACT)]
    gone = {key: record for key, record in ITEMS.items() if key != "town:old-jazz-3"}
    judging = Judging(Town(did, items=gone).world())
    assert not {"town:old-jazz-0", "town:old-jazz-3"} & {entry.item for entry in judging.training}


def test_nothing_can_be_judged_by_one_side_or_learned_from_nothing() -> None:
    judged = deeds("old", "jazz", range(4), held=[1])
    assert Judging(Town(judged).world()).is_possible
    assert not Judging(Town(judged).world(judges=0)).is_possible
    assert not Judging(Town(deeds("old", "jazz", range(4))).world()).is_possible
    assert not Judging(Town(deeds("old", "jazz", [1], held=[1])).world()).is_possible
    passed = [*judged, *deeds("rare", "tea", [1], Signal.DISLIKE, held=[1])]
    assert Judging(Town(passed).world(judges=0)).is_possible


def test_judges_that_the_person_touched_judge_nothing() -> None:
    world = Town(deeds("old", "jazz", range(4), held=[1])).world(judges=0)
    assert not Judging(replace(world, judges=("town:old-jazz-2", "town:not-there"))).is_possible


def test_a_text_that_a_proposer_brought_in_can_be_tried_once_it_is_learned() -> None:
    judging, start = trial_of(TOWN.world())
    judging.learn({"music of old": words_of("old jazz")})
    trial = judging.trial(Candidate(("music of old",)))
    assert trial is not None
    assert "music of old" in {one.text for one in trial.profile.interests}
    assert "music of old" not in {one.text for one in start.profile.interests}


def test_phrases_are_of_the_training_part_the_most_general_first() -> None:
    did = [*deeds("old", "jazz", range(3)), *deeds("new", "chess", [1], held=[1])]
    assert own_phrases(Judging(Town(did).world())) == ("jazz", "old jazz")
    assert own_phrases(Judging(Town(did, words=("old jazz",)).world())) == ("old jazz",)


def usable_of(town: Town, candidate: Candidate | None = None) -> set[str]:
    return usable_of_world(town.world(), candidate)


def usable_of_world(world: World, candidate: Candidate | None = None) -> set[str]:
    judging, trial = trial_of(world, candidate)
    numeric = Numbers(judging).of(trial)
    return {text for text, usable in zip(numeric.texts, numeric.usable, strict=True) if usable}


def test_texts_that_may_be_used() -> None:
    """Phrases of the person's own items, but for what stands in the profile and what the person does not want."""
    town = Town(
        deeds("old", "jazz", range(5), held=[1]), settled=[held_interest("tea")], words=("jazz", "old jazz", "tea")
    )
    spare = {"jazz", "old jazz"} - {one.text for one in town.world().state.interests}
    assert spare == {"jazz"}
    assert usable_of(town) == spare
    assert usable_of(town, Candidate((), ("jazz",))) == set()
    assert usable_of(town, Candidate(("jazz",))) == set()
    assert usable_of(replace(town, avoid=[held_interest("Jazz", Source.PERSON, -1.0)])) == set()
    assert usable_of(replace(town, settled=[held_interest("jazz")])) <= {"old jazz"}


def test_items_that_speak_of_what_was_removed_teach_nothing() -> None:
    did = [*deeds("old", "jazz", range(3)), *deeds("new", "chess", range(3), held=[1])]
    town = Town(did, removed=("jazz",))
    judging, trial = trial_of(town.world())
    assert {entry.item for entry in judging.training} == {"town:new-chess-0", "town:new-chess-2"}
    assert not usable_of(town) & {"jazz", "old jazz"}
    assert {one.text for one in trial.profile.interests} <= {"chess", "new chess"}


def test_what_says_the_same_as_a_removed_text_may_not_be_used() -> None:
    """ "Jazzy" has nearly the vector of "jazz", whose items say more of themselves than that ("old jazz")."""
    town = Town(deeds("old", "jazz", range(5), held=[1]), words=("jazz", "old jazz"))
    world = town.world()
    assert usable_of_world(world) == {"jazz"}
    removed = replace(world.state, removed=("jazzy",))
    world = replace(world, state=removed, words={**world.words, "jazzy": words_of("jazz")})
    assert usable_of_world(world) == set()


@pytest.mark.parametrize(("cosine", "may"), [(NEAR + 0.01, False), (NEAR - 0.01, True)])
def test_nor_what_is_merely_near_to_it(cosine: float, may: bool) -> None:
    """As the agent would leave it out of a proposal."""
    town = Town(deeds("old", "jazz", range(5), held=[1]), words=("jazz", "old jazz"))
    world = without_what_is_near(town.world(), "jazz", cosine)
    assert usable_of_world(world) == ({"jazz"} if may else set())
    world = without_what_is_near(TOWN.world(), "rare jazz", cosine)
    assert (Judging(world).trial(Candidate(("rare jazz",))) is not None) is may


def without_what_is_near(world: World, text: str, cosine: float) -> World:
    """Of a person who has removed something so near to the text, and to nothing else."""
    near = cosine * words_of(text) + np.float32(np.sqrt(1 - cosine**2)) * words_of("odd tea")
    return replace(world, state=replace(world.state, removed=("nearly",)), words={**world.words, "nearly": near})


def test_a_removed_text_whose_vector_is_lost_stops_nothing() -> None:
    _, trial = trial_of(replace(TOWN, removed=("polka",), dropped=("waltz",)).world())
    assert trial.profile.interests


def test_what_a_person_or_a_refinement_has_settled_keeps_its_place() -> None:
    judging, trial = trial_of(TOWN.world())
    numeric = Numbers(judging).of(trial)
    settled = {numeric.texts[at] for at in numeric.current if numeric.settled[at]}
    assert settled == {"rowing", "tea"}
    assert len(numeric.current) > 2


def test_numbers_grow_by_what_candidates_bring() -> None:
    judging, start = trial_of(TOWN.world())
    numbers = Numbers(judging)
    before = numbers.of(start)
    judging.learn({"music of old": words_of("old jazz")})
    trial = judging.trial(Candidate(("music of old",)))
    assert trial is not None
    after = numbers.of(trial)
    place = after.texts.index("music of old")
    assert place in after.current
    assert after.settled[place]
    assert not after.usable[place]
    np.testing.assert_allclose(after.words_words[place, place], 1, atol=1e-3)
    np.testing.assert_array_equal(after.words_seen[: len(before.texts)], before.words_seen)
    assert [text for text in before.texts if text in after.texts] == list(before.texts)
    assert not numbers.of(start).usable[place]  # no phrase of the person's own items
