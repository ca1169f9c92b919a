"""`attune eval impressions`: each user's history through the real agent, in order, then each impression ranked."""

import time
from dataclasses import asdict
from typing import Any

from infra.evaluation import plots
from infra.evaluation.behaviors import Behaviors
from infra.evaluation.cases import Case
from infra.evaluation.catalog_file import read_catalog
from infra.evaluation.options import Impressions
from infra.evaluation.plain import plain_vectors, title_and_text
from infra.evaluation.rankers import Ranker, by_history
from infra.evaluation.setup import Setup
from infra.evaluation.trial import Trial, hold
from infra.evaluation.world import World
from workers.evaluation.metrics import Array, judge

PROVIDER = "mind"

FIGURES = ("auc", "mrr", "ndcg@5", "ndcg@10")


def measure(case: Case, scores: Array) -> tuple[float, ...]:
    return judge(scores, case.liked, cuts=(5, 10))


def run(asked: Impressions, setup: Setup) -> dict[str, Any]:
    """The figures of the service as it is set up, beside the raw history and, with `peers`, others. Raises
    `FileRefused` and `NothingToJudge`."""
    begin = time.perf_counter()
    catalog = read_catalog(asked.catalog, PROVIDER)
    world = setup.world(catalog.items)
    behaviors = Behaviors(asked.behaviors, PROVIDER, world.records.keys(), asked.half, asked.evidence)
    peers = _peers(world, setup, asked.peers)
    trial = Trial(list(behaviors), world, FIGURES, measure, peers, asked.peers, asked.refine, asked.show)
    held = hold(trial, setup, begin)
    if setup.common.plots is not None:
        plots.of_trial(setup.common.plots, "impressions", held.judged, setup, "auc")
    return {
        **held.document,
        "impressions": len(held.judged.users),
        "half": asked.half,
        "evidence": asked.evidence,
        "skipped": {**asdict(behaviors.skipped), "catalog_lines": catalog.refused},
    }


def _peers(world: World, setup: Setup, more: bool) -> dict[str, Ranker]:
    """`raw`: the soft maximum over the items of the history, in the space of the profiles. With `more`, the same with
    items as the plain model has them: `raw plain`, and without their category, which is what other work embeds,
    `raw plain title and text`."""
    peers = {"raw": by_history(world.catalog)}
    if more:
        peers["raw plain"] = by_history(plain_vectors(world, setup))
        peers["raw plain title and text"] = by_history(plain_vectors(world, setup, title_and_text))
    return peers
