"""What a refinement knows: one snapshot of a person's state and of the items and texts that it speaks of.

Whoever builds it asks, in this order: `draw_negatives` from a sample of the catalog, `items_needed` from the store,
`texts_needed` from the store's phrases. Nothing here waits or changes.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from schemas.proposal import MAX_NEGATIVES
from workers.mine import is_mine
from workers.ports import ItemRecord, Matrix
from workers.refit import FitRules
from workers.scoring import Scoring
from workers.state import UserState

JUDGES = 64
"""Items never touched that a profile is judged against: with four liked ones held out, a standard error of AUROC of
about 0.07, nearly all of which the four bring."""

OTHERS = 64
"""Items never touched that the search may learn from. Not the same ones: what is judged by is not learned from."""

assert JUDGES <= MAX_NEGATIVES


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """`state` is the profile as it stands (never changed). An item or a text that is not in `items` or `words` does not
    exist."""

    state: UserState
    items: Mapping[str, ItemRecord]
    words: Mapping[str, Matrix]
    """Unit (d,), by text."""
    rules: FitRules
    scoring: Scoring
    judges: tuple[str, ...]
    """Keys of items that profiles are judged against: the negatives that the proposal names."""
    others: tuple[str, ...]

    def fingerprint(self) -> str:
        """Equal where a search would go the same way: progress made in another world is of no use in this one."""
        state = self.state
        told: list[object] = [
            state.version,
            state.updated_ms,
            sorted(self.items),
            self.judges,
            self.others,
            self.scoring,
        ]
        told += [[tuple(entry) for entry in state.window], state.removed, state.dropped]
        told += [[(one.text, one.source.value, one.held_weight, one.pinned) for one in state.interests]]
        told += [[one.text for one in state.avoid], self.rules.sharpen, self.rules.half_life_days, self.rules.estimator]
        return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()


def draw_negatives(
    sample: Iterable[str], state: UserState, seed: int, judges: int = JUDGES, others: int = OTHERS
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """From keys of a catalog, those to judge against and those to learn from, without what the person touched and what
    another person brought (`workers.mine`). At least half are judges where there are few. The same sample and seed give
    the same ones, whatever the sample's order."""
    touched = state.items_seen()
    keys = sorted(key for key in set(sample) - touched if not is_mine(key))
    order = np.random.default_rng(seed).permutation(len(keys))
    drawn = [keys[position] for position in order[: judges + others]]
    half = min(judges, (len(drawn) + 1) // 2)
    return tuple(drawn[:half]), tuple(drawn[half : half + others])


def items_needed(state: UserState, negatives: Collection[str]) -> frozenset[str]:
    """Keys of the items that a world must look up."""
    return state.items_seen() | frozenset(negatives)


def texts_needed(state: UserState, items: Mapping[str, ItemRecord]) -> frozenset[str]:
    """Texts whose vectors a world must look up: the profile's, those that may not come back, and every phrase of the
    items that the person touched."""
    phrases = {phrase for key in state.items_seen() if key in items for phrase in items[key].phrases}
    held = {one.text for one in state.interests + state.avoid}
    return frozenset(phrases | held | {*state.removed, *state.dropped})
