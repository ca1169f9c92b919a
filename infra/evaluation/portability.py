"""`attune eval portability`: one profile at several providers that have other items and describe them otherwise.

1. The items are shared out, one by one by seed, to provider A and to the others: catalogs of like things that have no
   item in common. The space is fitted to A's catalog alone, which describes its items in full.
2. The others all offer the same items, each in its manner (`MANNERS`): titles, titles and text, keywords, categories.
3. Of every person three profiles are made by the real agent: from what they did at A (`brought`), from what they did at
   the other provider, as that one describes it (`own`), and from all of it (`both`). Beside them stand the raw items of
   A and of the other provider, without a profile.
4. All rank the same lists: those of the person's lists that the other provider's items make, as it describes them.

Only people who did something at both count, and lists with an item that was chosen and one that was not. Where a
manner has nothing to say of an item, the provider does not have it: lists are the same within a manner, not between
two.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from infra.evaluation import own_space
from infra.evaluation.behaviors import Behaviors
from infra.evaluation.cases import Case
from infra.evaluation.catalog_file import read_catalog
from infra.evaluation.impressions import FIGURES, PROVIDER, measure
from infra.evaluation.judging import Judged
from infra.evaluation.options import Portability
from infra.evaluation.platforms import by_item, draw, sample_cases
from infra.evaluation.rankers import by_history, published
from infra.evaluation.ranking import Published
from infra.evaluation.report import NothingToJudge, circumstances, figures
from infra.evaluation.sample_world import lives
from infra.evaluation.setup import Setup
from infra.evaluation.trips import OTHER, A, Trip
from infra.evaluation.world import World, build_world
from infra.sample.catalog import sample_items
from schemas.catalog import CatalogItem
from workers.phrases import category_levels, phrases_of

BROUGHT, OWN, BOTH = "brought", "own", "both"
RANKERS = (BROUGHT, OWN, BOTH, "raw brought", "raw own")

GAINS = ((BROUGHT, OWN), (BROUGHT, "raw brought"), (BROUGHT, "raw own"), (BOTH, OWN))
"""Which is told beside which."""

Manner = Callable[[CatalogItem], CatalogItem | None]
"""An item as a provider of this manner describes it; None where it has nothing to say."""


def title_and_text(item: CatalogItem) -> CatalogItem:
    return item.model_copy(update={"category": None, "tags": ()})


def title_alone(item: CatalogItem) -> CatalogItem:
    return item.model_copy(update={"category": None, "tags": (), "text": None})


def keywords(item: CatalogItem) -> CatalogItem | None:
    """Its category, its tags and the names in its title, as a list of words."""
    return _instead(item, ", ".join(phrases_of(item)))


def category_alone(item: CatalogItem) -> CatalogItem | None:
    return _instead(item, " ".join(category_levels(item.category)))


def _instead(item: CatalogItem, words: str) -> CatalogItem | None:
    """With these words in the place of everything else."""
    return title_alone(item).model_copy(update={"title": words[:500]}) if words else None


MANNERS: Mapping[str, Manner] = {
    "in full": lambda item: item,
    "titles and text": title_and_text,
    "titles": title_alone,
    "keywords": keywords,
    "categories": category_alone,
}


BY_ITSELF = ("in full", "titles")
"""Manners of a provider that is also looked at in a space of its own (`infra.evaluation.own_space`)."""


@dataclass
class Ported:
    """What was ranked at a provider of one manner."""

    judged: Judged = field(default_factory=lambda: Judged(FIGURES, rows={name: [] for name in RANKERS}))
    items: int = 0
    """That the provider has."""


def run(asked: Portability, setup: Setup) -> dict[str, Any]:
    """Raises `FileRefused` and `NothingToJudge`."""
    begin = time.perf_counter()
    items = [CatalogItem.model_validate(item) for item in sample_items()]
    cases = sample_cases(lives(asked.people, asked.events, setup.seed))
    sections, space = {}, {}
    sections["sample"], space["sample"] = _section(items, cases, setup)
    skipped: dict[str, int] = {}
    if asked.catalog is not None and asked.behaviors is not None:
        catalog = read_catalog(asked.catalog, PROVIDER)
        behaviors = Behaviors(asked.behaviors, PROVIDER, {item.key for item in catalog.items}, asked.half)
        cases = drawn(list(behaviors), asked.users, setup.seed)
        sections["mind"], space["mind"] = _section(catalog.items, cases, setup)
        skipped = {**asdict(behaviors.skipped), "catalog_lines": catalog.refused}
    return {
        "sections": sections,
        "half": asked.half,
        "users": asked.users,
        "people": asked.people,
        "events": asked.events,
        "skipped": skipped,
        "spaces": space,
        **circumstances(setup, setup.space, time.perf_counter() - begin),
    }


def drawn(cases: Sequence[Case], users: int, seed: int) -> list[Case]:
    """Those of so many users, drawn by seed; 0: of all."""
    names = sorted({case.user for case in cases}, key=lambda user: draw(user, seed))
    chosen = set(names[: users or None])
    return [case for case in cases if case.user in chosen]


def _section(items: Sequence[CatalogItem], cases: Sequence[Case], setup: Setup) -> tuple[dict[str, Any], str]:
    """1 to 4 for one catalog, and the space it was done in."""
    entries = {item.key: item for item in items}
    side = by_item(entries, setup.seed)
    world = setup.world([item for item in entries.values() if side[item.key] == A])
    judgeable = [trip for case in cases if (trip := Trip.of(case, side)) is not None]
    needed = {key for trip in judgeable for key in trip.keys if side[key] == OTHER}
    offered = [item for key, item in entries.items() if key in needed]
    brought = _brought(judgeable, world, setup)
    told, by_itself = {}, {}
    for name, manner in MANNERS.items():
        described = described_by(manner, offered, world)
        told[name] = _told(compare(judgeable, brought, described, name, setup), setup)
        if name in BY_ITSELF:
            catalog = [one for key, item in entries.items() if side[key] == OTHER and (one := manner(item)) is not None]
            by_itself[name] = own_space.told(judgeable, described, catalog, setup)
    return {"left_out": len(cases) - len(judgeable), "manners": told, "own_space": by_itself}, world.space


def described_by(manner: Manner, offered: Sequence[CatalogItem], world: World) -> World:
    """2. A's items in full, and beside them those of a provider that describes its own in this manner."""
    others = [item for one in offered if (item := manner(one)) is not None]
    return build_world([*world.items.values(), *others], world.encoder, world.rules)


def _brought(trips: Sequence[Trip], world: World, setup: Setup) -> list[Published]:
    """3. From what was done at A: the same whatever provider it is brought to."""
    with setup.progress("profiles at A", len(trips)) as advance:
        profiles = []
        for number, trip in enumerate(trips, start=1):
            profiles.append(published(trip.case.user, trip.at_a, world))
            advance(number)
    return profiles


def compare(trips: Sequence[Trip], brought: Sequence[Published], world: World, name: str, setup: Setup) -> Ported:
    """3 and 4 at one provider, whose items `world` holds beside A's."""
    ported = Ported(items=sum(key in world.records for key in {key for trip in trips for key in trip.keys}))
    with setup.progress(f"ranking, {name}", len(trips)) as advance:
        for number, (whole, profile) in enumerate(zip(trips, brought, strict=True), start=1):
            trip = whole.described(world.records.keys())
            if trip is not None:
                _rank(trip, profile, world, setup, ported.judged)
            advance(number)
    return ported


def _rank(trip: Trip, brought: Published, world: World, setup: Setup, judged: Judged) -> None:
    items, raw = world.catalog.of_items(trip.case.candidates), by_history(world.catalog)
    everything = sorted((*trip.at_a, *trip.at_other), key=lambda one: one.time)
    profiles = {
        BROUGHT: brought,
        OWN: published(trip.case.user, trip.at_other, world),
        BOTH: published(trip.case.user, everything, world),
    }
    scores = {name: profile.scores(items, setup.scoring) for name, profile in profiles.items()}
    scores["raw brought"] = raw(replace(trip.case, history=trip.at_a))
    scores["raw own"] = raw(replace(trip.case, history=trip.at_other))
    for name, found in scores.items():
        judged.rows[name].append(measure(trip.case, found))
    judged.users.append(trip.case.user)
    judged.histories.append(len(everything))


def _told(ported: Ported, setup: Setup) -> dict[str, Any]:
    """Raises `NothingToJudge`."""
    judged, seed, draws = ported.judged, setup.seed, setup.common.draws
    if not judged.users:
        raise NothingToJudge("nobody did something at both providers and has a list to rank: give more people or files")
    gains = {f"{one} over {other}": figures(judged.gains(one, other, seed, draws)) for one, other in GAINS}
    return {
        "items": ported.items,
        "lists": len(judged.users),
        "users": len(set(judged.users)),
        "profiles": {name: figures(judged.means(name, seed, draws)) for name in judged.rows},
        "gain": gains,
    }
