"""Whether profiles are worth owning as words, over all the cases of a run: true to their evidence, apart from each
other, short, and no copies of titles. And some of them, drawn by seed, beside the titles they came from."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from infra.evaluation.cases import Case
from infra.evaluation.world import World
from schemas.catalog import CatalogItem
from schemas.profile import MAX_INTERESTS
from workers.evaluation.truth import is_true
from workers.state import HeldInterest, UserState

NEAREST = 0.9
"""Cosine from which two interests of one profile say the same."""

MAX_CHARACTERS = 80


@dataclass
class ProfileChecks:
    """Take every profile in; `document` tells what was found. Texts are compared by the vectors of their words."""

    world: World
    show: int = 0
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    profiles: int = 0
    interests: int = 0
    true: int = 0
    too_long: int = 0
    title_copies: int = 0
    with_near_pairs: int = 0
    empty: int = 0
    too_many: int = 0
    _shown: list[tuple[Case, UserState]] = field(default_factory=list)

    def take(self, case: Case, state: UserState) -> None:
        self.profiles += 1
        self.empty += not state.interests
        self.too_many += len(state.interests) > MAX_INTERESTS
        self.interests += len(state.interests)
        items = {one.event_id: self.world.items.get(one.item_key) for one in case.history}
        titles = {item.title.casefold() for item in items.values() if item is not None}
        for interest in state.interests:
            self.true += is_true(interest.text, _evidence(interest, items))
            self.too_long += len(interest.text) > MAX_CHARACTERS
            self.title_copies += interest.text.casefold() in titles
        self.with_near_pairs += self._has_near_pair(state)
        self._draw(case, state)

    def document(self) -> dict[str, Any]:
        """Shares in percent of all interests (`near_pairs`, `empty`: of all profiles)."""
        of_interests, of_profiles = max(1, self.interests), max(1, self.profiles)
        found = {
            "interests": round(self.interests / of_profiles, 1),
            "true": round(100 * self.true / of_interests, 1),
            "title_copies": self.title_copies,
            "too_long": self.too_long,
            "near_pairs": round(100 * self.with_near_pairs / of_profiles, 1),
            "empty": round(100 * self.empty / of_profiles, 1),
            "too_many": self.too_many,
        }
        return {**found, "shown": [self._told(case, state) for case, state in self._shown]} if self.show else found

    def _has_near_pair(self, state: UserState) -> bool:
        texts = [interest.text for interest in state.interests]
        if len(texts) < 2:
            return False
        words = self.world.words(texts)
        matrix = np.stack([words[text] for text in texts])
        return bool((np.triu(matrix @ matrix.T, 1) > NEAREST).any())

    def _draw(self, case: Case, state: UserState) -> None:
        """Every profile has the same chance to be among the shown (reservoir sampling)."""
        if len(self._shown) < self.show:
            self._shown.append((case, state))
        elif self.show and (place := self.rng.randrange(self.profiles)) < self.show:
            self._shown[place] = (case, state)

    def _told(self, case: Case, state: UserState) -> dict[str, Any]:
        known = (self.world.items.get(one.item_key) for one in case.history)
        return {
            "interests": [[interest.text, round(interest.weight, 3)] for interest in state.interests],
            "titles": [item.title for item in known if item is not None],
        }


def _evidence(interest: HeldInterest, items: Mapping[str, CatalogItem | None]) -> list[CatalogItem]:
    return [item for event in interest.evidence if (item := items.get(event)) is not None]
