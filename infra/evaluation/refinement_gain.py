"""What a refinement is worth: by temperature, by proposer, and by iteration.

Of users drawn by seed, each one's history goes through the agent, and one refinement of ten iterations follows, without
an early stop; the agent's gate decides on its proposal. Rewards are on the held-out fifth, as search and gate measure
them; `figures` are those of the user's impression, which nothing in this has seen.
"""

import random
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import numpy as np

from infra.evaluation.cases import Case
from infra.evaluation.judging import Judged, Measure
from infra.evaluation.ranking import Published
from infra.evaluation.refining import Ended, Refining, was_accepted
from infra.evaluation.replay import Replay
from infra.evaluation.report import figures, percent
from infra.evaluation.setup import Setup
from infra.evaluation.world import World
from infra.settings import Settings
from workers.evaluation.metrics import Array
from workers.evaluation.resampling import intervals
from workers.refinement.rules import RefinementRules

ITERATIONS = 10

TEMPERATURES = {"0": 0.0, "1": 1.0, "inf": inf}


def refinements(
    cases: Sequence[Case],
    users: int,
    world: World,
    setup: Setup,
    settings: Settings,
    measures: tuple[tuple[str, ...], Measure],
) -> dict[str, Any]:
    """The three temperatures with `phrases`, and where the settings name an LLM the default temperature with `vllm`.
    `measures` are the names of the figures and their function."""
    by_user = {case.user: case for case in cases}
    drawn = random.Random(setup.seed).sample(sorted(by_user), min(users, len(by_user)))
    chosen = [by_user[user] for user in drawn]
    lived = _lived(chosen, world, setup)
    variants: dict[str, tuple[float, Settings | None]] = {
        f"phrases, temperature {name}": (temperature, None) for name, temperature in TEMPERATURES.items()
    }
    if settings.llm_url is not None:
        variants["vllm, temperature inf"] = (inf, settings)
    return {
        name: _refined(name, chosen, lived, world, setup, RefinementRules(ITERATIONS, ITERATIONS, heat), llm, measures)
        for name, (heat, llm) in variants.items()
    }


def _lived(cases: Sequence[Case], world: World, setup: Setup) -> dict[str, Replay]:
    """Each user's agent after the history."""
    lived: dict[str, Replay] = {}
    with setup.progress("replaying", len(cases)) as advance:
        for number, case in enumerate(cases, start=1):
            lived[case.user] = Replay(case.user, world, world.rules)
            lived[case.user].send(case.history)
            lived[case.user].settle()
            advance(number)
    return lived


def _refined(
    name: str,
    cases: Sequence[Case],
    lived: Mapping[str, Replay],
    world: World,
    setup: Setup,
    rules: RefinementRules,
    llm: Settings | None,
    measures: tuple[tuple[str, ...], Measure],
) -> dict[str, Any]:
    names, measure = measures
    judged = Judged(names, rows={"refined": [], "before": []})
    ended: list[Ended] = []
    with Refining(world, setup, rules, llm) as refining, setup.progress(name, len(cases)) as advance:
        for number, case in enumerate(cases, start=1):
            replay = lived[case.user].copy()
            judged.rows["before"].append(measure(case, _scores(replay, case, world, setup)))
            ended.append(refining.refine(replay))
            judged.rows["refined"].append(measure(case, _scores(replay, case, world, setup)))
            judged.users.append(case.user)
            advance(number)
    return {**_told(ended, judged.users, setup), "figures": _figures(judged, setup), **_spent(refining)}


def _scores(replay: Replay, case: Case, world: World, setup: Setup) -> Array:
    profile = Published.of(replay.state, world.dimension)
    return profile.scores(world.catalog.of_items(case.candidates), setup.scoring)


def _told(ended: Sequence[Ended], users: Sequence[str], setup: Setup) -> dict[str, Any]:
    """In percent: rewards, and shares of those who could be judged. Milliseconds a user, median and 95th percentile."""
    judged = [(one, user) for one, user in zip(ended, users, strict=True) if one.refined.curve]
    if not judged:
        return {"users": 0, "unjudged": len(ended)}
    curves = [_to_the_end(one.refined.curve) for one, _ in judged]
    rows = [[curve[0], curve[-1], float(was_accepted(one))] for (one, _), curve in zip(judged, curves, strict=True)]
    means = intervals(rows, [user for _, user in judged], setup.seed, setup.common.draws)
    seconds, cpu = (np.array([[one.seconds, one.cpu] for one, _ in judged]) * 1000).T
    return {
        **figures(dict(zip(("reward_before", "reward_after", "accepted"), means, strict=True))),
        "lowered": percent(sum(curve[-1] < curve[0] for curve in curves) / len(curves)),
        "by_iteration": [percent(sum(column) / len(column)) for column in zip(*curves, strict=True)],
        "users": len(judged),
        "unjudged": len(ended) - len(judged),
        "ms": [round(float(one), 1) for one in np.percentile(seconds, (50, 95))],
        "cpu_ms": [round(float(one), 1) for one in np.percentile(cpu, (50, 95))],
    }


def _to_the_end(curve: Sequence[float]) -> list[float]:
    """A search that ends early has the same best in every later iteration."""
    return [*curve, *[curve[-1]] * (ITERATIONS + 1 - len(curve))]


def _figures(judged: Judged, setup: Setup) -> dict[str, Any]:
    seed, draws = setup.seed, setup.common.draws
    return {
        **figures(judged.means("refined", seed, draws)),
        "gain": figures(judged.gains("refined", "before", seed, draws)),
    }


def _spent(refining: Refining) -> dict[str, Any]:
    tally = refining.tally
    return {"verdicts": dict(refining.verdicts), "llm_calls": tally.calls, "llm_tokens": tally.tokens}
