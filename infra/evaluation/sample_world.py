"""The sample as a world of its own: its catalog, its simulated people and what they did, and what is recommended to
them out of everything, as the gateway recommends."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice

from infra.evaluation.ranking import Published
from infra.evaluation.setup import Setup
from infra.evaluation.world import World
from infra.gateway.recommending import SEEN_PENALTY
from infra.sample.catalog import sample_items
from infra.sample.people import simulate
from schemas.catalog import CatalogItem
from schemas.interaction import Interaction
from workers.scoring import Scoring
from workers.state import UserState

START = datetime(2026, 5, 1, tzinfo=UTC)


def sample_world(setup: Setup) -> World:
    return setup.world([CatalogItem.model_validate(item) for item in sample_items()])


def lives(people: int, events: int, seed: int) -> dict[str, list[Interaction]]:
    """What each of so many people did, oldest first: of `people * events` interactions whatever falls to them."""
    by_user: dict[str, list[Interaction]] = defaultdict(list)
    for event in islice(simulate(people, seed, START), people * events):
        by_user[str(event["user"])].append(Interaction.model_validate({**event, "source": "sample"}))
    return dict(by_user)


def recommended(state: UserState, world: World, scoring: Scoring, k: int) -> list[str]:
    """The keys of the best `k` items of all providers, as their search finds them; what the person has met is demoted,
    as by the gateway."""
    one, seen = Published.of(state, world.dimension), state.items_seen()
    everything = len(world.items)
    hits = world.index.search(one.vectors, one.weights, one.avoid, everything, scoring=scoring, keep_away=one.keep_away)
    return [hit.key for hit in sorted(hits, key=lambda hit: SEEN_PENALTY * (hit.key in seen) - hit.score)[:k]]


def topic_share(keys: list[str], topic: str, items: Mapping[str, CatalogItem]) -> float:
    """Of these items, those of the topic (their category)."""
    return sum(items[key].category == topic for key in keys) / len(keys)
