"""`attune eval ratings`: half of each user's ratings through the real agent; of the other half, are the liked titles
ranked before the disliked ones? The mean over users of the AUC, with true dislikes on both sides.
"""

import time
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

from infra.evaluation import plots
from infra.evaluation.cases import Case
from infra.evaluation.catalog_file import read_catalog
from infra.evaluation.options import Ratings
from infra.evaluation.plain import plain_vectors
from infra.evaluation.rankers import Ranker, by_likes_and_dislikes, by_mean_of_likes
from infra.evaluation.rated import RatedCases, read_ratings
from infra.evaluation.setup import Setup
from infra.evaluation.trial import Trial, hold
from infra.evaluation.world import World
from schemas.catalog import CatalogItem
from workers.evaluation.metrics import Array, Ranking, auc

PROVIDER = "books"

MAX_TITLE = 500


def measure(case: Case, scores: Array) -> tuple[float, ...]:
    return (auc(Ranking.of(scores, case.liked)),)


def run(asked: Ratings, setup: Setup) -> dict[str, Any]:
    """The figure of the service as it is set up, beside the raw items without a profile. A rated title that the
    catalog lacks is an item of its own words, as an interaction's own text makes one in the service. Raises
    `FileRefused` and `NothingToJudge`."""
    begin = time.perf_counter()
    catalog = read_catalog(asked.books, PROVIDER)
    rated = read_ratings(asked.ratings, asked.half)
    ids, items = with_titles(catalog.items, rated.titles())
    world = setup.world(items)
    trial = Trial(
        cases=list(RatedCases(rated, ids, PROVIDER, setup.seed, asked.threes)),
        world=world,
        figures=("auc",),
        measure=measure,
        peers=_peers(world, setup, asked.peers),
        words=asked.peers,
        refine=asked.refine,
        show=asked.show,
    )
    held = hold(trial, setup, begin)
    if setup.common.plots is not None:
        plots.of_trial(setup.common.plots, "ratings", held.judged, setup, "auc")
    return {
        **held.document,
        "half": asked.half,
        "threes": asked.threes,
        "skipped": {**asdict(rated.unused), "catalog_lines": catalog.refused},
    }


def _peers(world: World, setup: Setup, more: bool) -> dict[str, Ranker]:
    peers = {"raw": by_likes_and_dislikes(world.catalog), "raw mean of likes": by_mean_of_likes(world.catalog)}
    if more:
        peers["raw plain"] = by_likes_and_dislikes(plain_vectors(world, setup))
    return peers


def with_titles(items: tuple[CatalogItem, ...], titles: list[str]) -> tuple[dict[str, str], list[CatalogItem]]:
    """The id of each title, and the catalog with an item for every title that it lacks."""
    ids = {item.title: item.item for item in reversed(items)}  # of two editions the first
    new = [title for title in titles if title not in ids]
    ids |= {title: f"title-{blake2b(title.encode(), digest_size=8).hexdigest()}" for title in new}
    made = [CatalogItem(provider=PROVIDER, item=ids[title], title=title[:MAX_TITLE]) for title in new]
    return {title: ids[title] for title in titles}, [*items, *made]
