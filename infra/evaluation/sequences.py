"""`attune eval sequences`: each user's history through the real agent, then the item that followed ranked among wrong
ones.

Repeats: each has the candidates in another order, drawn by seed and user, and items of equal score stay in that order.
So a ranker that ties has no luck, good or bad, from where the file names the right one.
"""

import time
import zlib
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from infra.evaluation import plots
from infra.evaluation.cases import Case
from infra.evaluation.catalog_file import read_catalog
from infra.evaluation.leave_one_out import LeaveOneOut
from infra.evaluation.options import Sequences
from infra.evaluation.plain import plain_vectors
from infra.evaluation.rankers import Ranker, by_fading_mean, by_history
from infra.evaluation.setup import Setup
from infra.evaluation.trial import Trial, hold
from infra.evaluation.world import World
from workers.evaluation.metrics import Array, Ranking, ndcg

PROVIDER = "recbole"

CUTS = (1, 5, 10)

KEEP = 0.8
"""Of the exponentially weighted mean: each item counts 0.8 times the one after it; of 0.5 to 0.9 none is better by more
than a point at nDCG@10 on the CDs."""


def measure(case: Case, scores: Array, seed: int, repeats: int) -> tuple[float, ...]:
    """nDCG at 1, 5 and 10, the mean over the repeats."""
    rng = np.random.default_rng([seed, zlib.crc32(case.user.encode())])
    found = [_in_order(case, scores, rng.permutation(len(scores))) for _ in range(repeats)]
    return tuple(np.mean(found, axis=0).tolist())


def _in_order(case: Case, scores: Array, order: "np.ndarray[Any, np.dtype[np.int64]]") -> tuple[float, ...]:
    places = np.empty(len(scores))
    places[np.lexsort((order, -scores))] = np.arange(len(scores))
    ranking = Ranking.of(-places, case.liked)
    return tuple(ndcg(ranking, cut) for cut in CUTS)


def run(asked: Sequences, setup: Setup) -> dict[str, Any]:
    """The figures of the service as it is set up, beside the exponentially weighted mean of the raw items. Raises
    `FileRefused` and `NothingToJudge`."""
    begin = time.perf_counter()
    catalog = read_catalog(asked.items, PROVIDER)
    world = setup.world(catalog.items)
    cases = LeaveOneOut(asked.history, asked.candidates, PROVIDER, world.records.keys(), asked.negatives, asked.half)
    trial = Trial(
        cases=list(cases),
        world=world,
        figures=tuple(f"ndcg@{cut}" for cut in CUTS),
        measure=partial(measure, seed=setup.seed, repeats=asked.repeats),
        peers=_peers(world, setup, asked.peers),
        words=asked.peers,
        refine=asked.refine,
        show=asked.show,
    )
    held = hold(trial, setup, begin)
    if setup.common.plots is not None:
        plots.of_trial(setup.common.plots, "sequences", held.judged, setup, "ndcg@10")
    return {
        **held.document,
        "sequences": len(held.judged.users),
        "half": asked.half,
        "negatives": asked.negatives,
        "repeats": asked.repeats,
        "fading_mean_keeps": KEEP,
        "skipped": {**asdict(cases.left), "catalog_lines": catalog.refused},
    }


def _peers(world: World, setup: Setup, more: bool) -> dict[str, Ranker]:
    peers = {"raw fading mean": by_fading_mean(world.catalog, KEEP), "raw": by_history(world.catalog)}
    if more:
        peers["raw plain fading mean"] = by_fading_mean(plain_vectors(world, setup), KEEP)
    return peers
