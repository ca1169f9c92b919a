"""Who ranks a case: the person's own agent, or a peer without one. None of them is shown the labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from infra.evaluation.cases import Case
from infra.evaluation.catalog_vectors import CatalogVectors
from infra.evaluation.ranking import Published, fading_mean, soft_maximum
from infra.evaluation.replay import Replay
from infra.evaluation.world import World
from schemas.interaction import Interaction, Signal
from workers.mailbox import AgentRules
from workers.ports import Matrix
from workers.scoring import Scoring
from workers.state import UserState

Array = NDArray[np.float64]
Ranker = Callable[[Case], Array]
"""(n,) scores of the candidates of a case, higher is better."""


@dataclass
class Profiles:
    """The profile that a case's history makes. The last one is kept: several rankers ask for the same."""

    world: World
    rules: AgentRules
    watch: Callable[[Case, UserState], None] = lambda case, state: None
    """Sees every profile once."""
    after: Callable[[Replay], object] = lambda replay: None
    """What is done with each agent after the history."""
    letters: int = 0
    """Interactions that the agents set aside, since the catalog lacks their items."""
    _last: tuple[Case, UserState] | None = field(default=None, repr=False)

    def of(self, case: Case) -> UserState:
        if self._last is None or self._last[0] is not case:
            replay = Replay(case.user, self.world, self.rules)
            replay.send(case.history)
            replay.settle()
            self.after(replay)
            self._last = case, replay.state
            self.letters += replay.letters
            self.watch(*self._last)
        return self._last[1]


def published(user: str, history: Sequence[Interaction], world: World) -> Published:
    """The profile that a history makes, as a provider has it."""
    replay = Replay(user, world, world.rules)
    replay.send(history)
    return Published.of(replay.settle(), world.dimension)


def by_profile(
    profiles: Profiles, scoring: Scoring, change: Callable[[UserState], UserState] = lambda state: state
) -> Ranker:
    """The agent's. `change` makes another profile of the one that is, for comparisons."""
    world = profiles.world
    dimension = world.dimension

    def rank(case: Case) -> Array:
        profile = Published.of(change(profiles.of(case)), dimension)
        return profile.scores(world.catalog.of_items(case.candidates), scoring)

    return rank


def by_history(catalog: CatalogVectors) -> Ranker:
    """The soft maximum over the raw items of the history: no profile."""
    return lambda case: soft_maximum(_history(case, catalog), catalog.of_items(case.candidates))


def by_fading_mean(catalog: CatalogVectors, keep: float) -> Ranker:
    """The mean of the raw items of the history, each counting `keep` times the one after it."""
    return lambda case: fading_mean(_history(case, catalog), catalog.of_items(case.candidates), keep)


def by_likes_and_dislikes(catalog: CatalogVectors) -> Ranker:
    """The soft maximum over the liked raw items less that over the disliked ones."""

    def rank(case: Case) -> Array:
        items = catalog.of_items(case.candidates)
        liked, disliked = (_history(case, catalog, (signal,)) for signal in (Signal.LIKE, Signal.DISLIKE))
        return soft_maximum(liked, items) - soft_maximum(disliked, items)

    return rank


def by_mean_of_likes(catalog: CatalogVectors) -> Ranker:
    def rank(case: Case) -> Array:
        return fading_mean(_history(case, catalog, (Signal.LIKE,)), catalog.of_items(case.candidates), keep=1.0)

    return rank


def _history(case: Case, catalog: CatalogVectors, signals: tuple[Signal, ...] = (Signal.CLICK, Signal.LIKE)) -> Matrix:
    """(h, d) of the items that the person met so, oldest first."""

    def counts(one: Interaction) -> bool:
        return one.signal in signals and one.item_key in catalog.rows

    return catalog.of_items([one.item_key for one in case.history if counts(one)])
