"""Figures as they are told: in percent with one decimal, with where they lie with a probability of 95 %."""

from collections.abc import Mapping
from typing import Any

from infra.evaluation.judging import Judged
from infra.evaluation.setup import Setup
from workers.errors import AttuneError
from workers.evaluation.resampling import Interval

DEFAULT = "profile"
"""The ranker that everything is about: the service as it is set up."""


class NothingToJudge(AttuneError):
    """The files hold no list that could be judged."""


def percent(value: float) -> float:
    return round(100 * value, 1)


def figures(means: Mapping[str, Interval]) -> dict[str, Any]:
    """Each figure under its name, and under `ci` the ends of its interval."""
    ends = {name: [percent(one.low), percent(one.high)] for name, one in means.items()}
    return {**{name: percent(one.mean) for name, one in means.items()}, "ci": ends}


def compared(judged: Judged, setup: Setup) -> dict[str, Any]:
    """The default's figures, and beside them every other ranker's with the default's gain over it. Raises
    `NothingToJudge`."""
    if not judged.users:
        raise NothingToJudge("no list holds both an item that was chosen and one that was not: check the files")
    seed, draws = setup.seed, setup.common.draws
    peers = {
        name: {**figures(judged.means(name, seed, draws)), "gain": figures(judged.gains(DEFAULT, name, seed, draws))}
        for name in judged.rows
        if name != DEFAULT
    }
    return {**figures(judged.means(DEFAULT, seed, draws)), "peers": peers}


def circumstances(setup: Setup, space: str, seconds: float) -> dict[str, Any]:
    """What else belongs to every result."""
    return {
        "llm_calls": 0,
        "seconds": round(seconds, 1),
        "space": space,
        "seed": setup.seed,
        "draws": setup.common.draws,
        "settings": dict(setup.settings),
    }
