"""Asks about a town's profile, as the search makes them."""

from workers.refinement.asks import Ask, Feedback, Numeric, Shown
from workers.refinement.candidate import Candidate
from workers.refinement.judging import Judging, Trial
from workers.refinement.numbers import Numbers
from workers.refinement.world import World


def trial_of(world: World, candidate: Candidate | None = None) -> tuple[Judging, Trial]:
    judging = Judging(world)
    trial = judging.trial(candidate or Candidate())
    assert trial is not None
    return judging, trial


def numbers_of(world: World) -> Numeric:
    judging, trial = trial_of(world)
    return Numbers(judging).of(trial)


def ask_of(world: World, *, seed: int = 1, iteration: int = 0, max_edits: int = 6) -> Ask:
    judging, trial = trial_of(world)
    shown = tuple(
        Shown(one.id, one.text, one.weight, one.pinned, one.is_owned and not one.pinned)
        for one in trial.profile.interests
    )
    return Ask(shown, (), Feedback(), iteration, seed, max_edits, Numbers(judging).of(trial))


def place_of(numeric: Numeric, *texts: str) -> list[int]:
    return [numeric.texts.index(text) for text in texts]
