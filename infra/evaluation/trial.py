"""What all comparisons on cases share: the agents' profiles are made once, everybody ranks, the figures are told."""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.evaluation.cases import Case
from infra.evaluation.judging import Judged, Measure, judge_cases
from infra.evaluation.profile_checks import ProfileChecks
from infra.evaluation.rankers import Profiles, Ranker, by_profile
from infra.evaluation.refining import Refining
from infra.evaluation.report import DEFAULT, circumstances, compared
from infra.evaluation.setup import Setup
from infra.evaluation.variants import words_alone
from infra.evaluation.world import World
from workers.refinement.rules import RefinementRules


@dataclass(frozen=True)
class Trial:
    """`peers` stand beside the service as it is set up; `words` adds the profile without sharpened vectors,
    `refine` the one whose texts phrase search has refined once after the history."""

    cases: Sequence[Case]
    world: World
    figures: tuple[str, ...]
    measure: Measure
    peers: Mapping[str, Ranker]
    words: bool
    refine: bool
    show: int


@dataclass(frozen=True)
class Held:
    judged: Judged
    document: dict[str, Any]


def hold(trial: Trial, setup: Setup, begin: float) -> Held:
    """`begin` by `time.perf_counter`. Raises `NothingToJudge`."""
    world, cases = trial.world, trial.cases
    checks = ProfileChecks(world, trial.show, random.Random(setup.seed))
    profiles = Profiles(world, world.rules, checks.take)
    rankers = {DEFAULT: by_profile(profiles, setup.scoring), **trial.peers}
    if trial.words:
        rankers["words"] = by_profile(Profiles(world, words_alone(world.rules)), setup.scoring)
    with Refining(world, setup, RefinementRules(describe_first=True)) as refining:
        if trial.refine:
            rankers["refined"] = by_profile(Profiles(world, world.rules, after=refining.refine), setup.scoring)
        with setup.progress("ranking", len(cases)) as advance:
            judged = judge_cases(cases, rankers, trial.figures, trial.measure, advance)
    document = {
        **compared(judged, setup),
        "users": len(set(judged.users)),
        "items": len(world.records),
        "set_aside": profiles.letters,
        "refinements": dict(refining.verdicts),
        "profiles": checks.document(),
        **circumstances(setup, world.space, time.perf_counter() - begin),
    }
    return Held(judged, document)
