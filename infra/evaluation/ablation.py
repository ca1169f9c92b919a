"""`attune eval ablation`: what each part of a profile is worth, on MIND's files.

Every variant differs from the service as it is set up in one thing, and ranks the same impressions in the same run:

* `variants`: the other scoring, the paper's weights, equal weights, and the share of an interest's vector that its
  interactions make, from words alone (0) to nothing else (1).
* `refit`: in how many users a re-fit raises or keeps the reward (`infra.evaluation.refit_gain`).
* `refinement`: by temperature, proposer and iteration (`infra.evaluation.refinement_gain`).
* `spaces`: with a second model, the same in both spaces, profile and raw items.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.evaluation import plots
from infra.evaluation.behaviors import Behaviors
from infra.evaluation.cases import Case
from infra.evaluation.catalog_file import read_catalog
from infra.evaluation.impressions import FIGURES, PROVIDER, measure
from infra.evaluation.judging import Judged, judge_cases
from infra.evaluation.options import Ablation
from infra.evaluation.rankers import Profiles, Ranker, by_history, by_profile
from infra.evaluation.refinement_gain import refinements
from infra.evaluation.refit_gain import RefitGain
from infra.evaluation.report import DEFAULT, circumstances, compared, figures
from infra.evaluation.setup import Setup, open_setup
from infra.evaluation.variants import equal_weights, refitted
from infra.evaluation.world import World
from infra.settings import Settings
from schemas.catalog import CatalogItem
from workers.scoring import Scoring

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of an interest's vector that comes from the interactions behind it."""


def run(
    asked: Ablation, setup: Setup, settings: Settings, other: Callable[[str], Setup] | None = None
) -> dict[str, Any]:
    """`other` opens the same with another model. Raises `FileRefused` and `NothingToJudge`."""
    begin = time.perf_counter()
    open_other = other or (lambda model: open_setup(_with(settings, model), setup.common, setup.progress))
    there = None if asked.other_model is None else open_other(asked.other_model)
    items = read_catalog(asked.catalog, PROVIDER).items
    world = setup.world(items)
    cases = list(Behaviors(asked.behaviors, PROVIDER, world.records.keys(), asked.half))
    profiles, refit_gain = Profiles(world, world.rules), RefitGain(world, setup)
    judged = _judged(cases, _variants(world, profiles, setup), setup, "variants")
    with setup.progress("re-fits", len(cases)) as advance:
        for number, case in enumerate(_one_a_user(cases), start=1):
            refit_gain.take(case, profiles)
            advance(number)
    refined = (
        refinements(cases, asked.refine_users, world, setup, settings, (FIGURES, measure)) if asked.refine_users else {}
    )
    document = compared(judged, setup)
    if setup.common.plots is not None:
        _draw(judged, setup, setup.common.plots)
        plots.steps(setup.common.plots / "ablation-refinement.png", _by_iteration(refined), "reward by iteration")
    return {
        **{name: value for name, value in document.items() if name != "peers"},
        "variants": document["peers"],
        "refit": refit_gain.document(),
        "refinement": refined,
        **({"spaces": _spaces(there, items, cases, judged, world, setup)} if there is not None else {}),
        "impressions": len(judged.users),
        "users": len(set(judged.users)),
        "half": asked.half,
        **circumstances(setup, world.space, time.perf_counter() - begin),
        "llm_calls": sum(told.get("llm_calls", 0) for told in refined.values()),
    }


def _with(settings: Settings, model: str) -> Settings:
    return settings.model_copy(update={"model": model})


def _variants(world: World, profiles: Profiles, setup: Setup) -> dict[str, Ranker]:
    other: Scoring = "linear" if setup.scoring == "mixture" else "mixture"
    return {
        DEFAULT: by_profile(profiles, setup.scoring),
        "raw": by_history(world.catalog),
        f"{other} scoring": by_profile(profiles, other),
        "equal weights": by_profile(profiles, setup.scoring, equal_weights),
        "paper weights": by_profile(Profiles(world, refitted(world.rules, estimator="paper")), setup.scoring),
        **{
            f"sharpen {share:g}": by_profile(Profiles(world, refitted(world.rules, sharpen=share)), setup.scoring)
            for share in SHARES
        },
    }


def _judged(cases: Sequence[Case], rankers: dict[str, Ranker], setup: Setup, label: str) -> Judged:
    with setup.progress(label, len(cases)) as advance:
        return judge_cases(cases, rankers, FIGURES, measure, advance)


def _one_a_user(cases: Sequence[Case]) -> list[Case]:
    """Each user's last."""
    return list({case.user: case for case in cases}.values())


def _spaces(
    there: Setup, items: Sequence[CatalogItem], cases: Sequence[Case], before: Judged, here: World, setup: Setup
) -> dict[str, Any]:
    """The same cases in another space: its figures, and its gain over the space of the settings, list by list."""
    world = there.world(items)
    rankers = {
        DEFAULT: by_profile(Profiles(world, world.rules), there.scoring),
        "words": by_profile(Profiles(world, refitted(world.rules, sharpen=0.0)), there.scoring),
        "raw": by_history(world.catalog),
    }
    after = _judged(cases, rankers, there, "other space")
    seed, draws = setup.seed, setup.common.draws
    both = {DEFAULT: DEFAULT, "words": "sharpen 0", "raw": "raw"}
    together = Judged(FIGURES, after.users, after.histories)
    for name, then in both.items():
        together.rows |= {name: after.rows[name], f"{name} before": before.rows[then]}
    return {
        "before": here.space,
        "after": world.space,
        **{
            name: {
                "before": figures(together.means(f"{name} before", seed, draws)),
                "after": figures(together.means(name, seed, draws)),
                "gain": figures(together.gains(name, f"{name} before", seed, draws)),
            }
            for name in both
        },
    }


def _by_iteration(refined: Mapping[str, dict[str, Any]]) -> dict[str, list[float]]:
    return {name: told["by_iteration"] for name, told in refined.items() if told["users"]}


def _draw(judged: Judged, setup: Setup, folder: Path) -> None:
    seed, draws = setup.seed, setup.common.draws
    curve = [judged.gains(f"sharpen {share:g}", "sharpen 0", seed, draws) for share in SHARES]
    lines = {name: [means[name] for means in curve] for name in FIGURES}
    plots.curve(folder / "ablation-sharpen.png", SHARES, lines, "gain over words alone", "share of the interactions")
    others = {name: judged.means(name, seed, draws) for name in judged.rows if not name.startswith("sharpen")}
    plots.bars(folder / "ablation.png", others, "ablation")
