"""A provider in a space of its own against the same provider in the common one (`streams.own_space`).

1. The common space is that of `infra.evaluation.portability`: fitted to A's catalog, or the plain model. The provider's
   own is fitted to its own catalog alone, as it describes it; A's items are embedded there too, since what a person did
   at A is evidence at the provider as well.
2. The agent makes one profile in the common space, from what was done at A (`brought`), at the provider (`own`), and at
   both; the provider has it as it is, or as it looks in its own space (`workers.seen`): the same texts.
3. Both rank the same lists, each by the items' vectors in its space. Beside them stand the raw items, in both spaces.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.evaluation.fitted_cache import fitted_encoder
from infra.evaluation.impressions import FIGURES, measure
from infra.evaluation.judging import Judged
from infra.evaluation.rankers import by_history
from infra.evaluation.ranking import Published
from infra.evaluation.replay import Replay
from infra.evaluation.report import figures
from infra.evaluation.setup import Setup
from infra.evaluation.trips import Trip
from infra.evaluation.variants import refitted
from infra.evaluation.world import World, build_world
from schemas.catalog import CatalogItem
from schemas.interaction import Interaction
from workers.knowledge import Missing
from workers.seen import seen_in
from workers.spaces import InSpace
from workers.state import UserState

BROUGHT, OWN, BOTH = "brought", "own", "both"
HERE, THERE = "common space", "space of its own"
RAW = "raw items of both"


def ranker(what: str, where: str) -> str:
    return f"{what}, {where}"


RANKERS = tuple(ranker(what, where) for what in (BROUGHT, OWN, BOTH, RAW) for where in (HERE, THERE))


def told(trips: Sequence[Trip], common: World, catalog: Sequence[CatalogItem], setup: Setup) -> Mapping[str, Any]:
    """`common` holds A's items and the provider's, `catalog` is all that the provider has."""
    own = own_world(common, catalog, setup)
    judged = compare([one for trip in trips if (one := trip.described(common.records.keys()))], common, own, setup)
    seed, draws = setup.seed, setup.common.draws
    pairs = [(ranker(what, THERE), ranker(what, HERE)) for what in (BROUGHT, OWN, BOTH, RAW)]
    return {
        "items": len(catalog),
        "lists": len(judged.users),
        "users": len(set(judged.users)),
        "spaces": {HERE: common.space, THERE: own.space},
        "profiles": {name: figures(judged.means(name, seed, draws)) for name in judged.rows},
        "gain": {f"{one} over {other}": figures(judged.gains(one, other, seed, draws)) for one, other in pairs},
    }


def own_world(common: World, catalog: Sequence[CatalogItem], setup: Setup) -> World:
    """1. The same items in a space that is fitted to the provider's catalog."""
    with setup.progress("fitting the provider's own space", 1) as advance:
        encoder, fitted = fitted_encoder(catalog, setup.model, setup.cache)
        advance(1)
    return build_world(common.items.values(), encoder, refitted(common.rules, background=fitted.background))


def compare(trips: Sequence[Trip], common: World, own: World, setup: Setup) -> Judged:
    judged = Judged(FIGURES, rows={name: [] for name in RANKERS})
    with setup.progress("ranking in both spaces", len(trips)) as advance:
        for number, trip in enumerate(trips, start=1):
            _rank(trip, common, own, setup, judged)
            advance(number)
    return judged


def _rank(trip: Trip, common: World, own: World, setup: Setup, judged: Judged) -> None:
    everything = tuple(sorted((*trip.at_a, *trip.at_other), key=lambda one: one.time))
    histories = {BROUGHT: trip.at_a, OWN: trip.at_other, BOTH: everything}
    for what, history in histories.items():
        state = _state(trip, history, common)
        for where, world, profile in ((HERE, common, state), (THERE, own, seen(state, common, own))):
            items = world.catalog.of_items(trip.case.candidates)
            found = Published.of(profile, world.dimension).scores(items, setup.scoring)
            judged.rows[ranker(what, where)].append(measure(trip.case, found))
    raw = trip.with_history(everything)
    for where, world in ((HERE, common), (THERE, own)):
        judged.rows[ranker(RAW, where)].append(measure(raw, by_history(world.catalog)(raw)))
    judged.users.append(trip.case.user)
    judged.histories.append(len(everything))


def _state(trip: Trip, history: Sequence[Interaction], world: World) -> UserState:
    replay = Replay(trip.case.user, world, world.rules)
    replay.send(history)
    return replay.settle()


def seen(state: UserState, common: World, own: World) -> UserState:
    """2. Raises `LookupError` where something is lacking there, which the embedder of a service would have brought."""
    target = InSpace(own.space, own.known, own.rules.fit)
    while True:
        try:
            there = seen_in(state, common.known, target)
        except Missing as missing:
            (own if missing.space == own.space else common).fetch(missing)
        else:
            if there is None:
                raise LookupError("an item or a text has no vector in the provider's own space")
            return there
