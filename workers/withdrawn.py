"""What a person removed, or avoids, and inference must not bring back: what speaks of it is no evidence any longer, and
the same is not named in other words (`workers.alike`)."""

from collections.abc import Mapping, Sequence

import numpy as np

from workers.alike import says_again, stacked
from workers.interests import PERCENT, Named
from workers.knowledge import Knowledge, KnownItem
from workers.ports import Matrix
from workers.weights import Array


def withdrawn(removed: Sequence[str], items: Mapping[str, KnownItem], known: Knowledge) -> set[str]:
    """The items that speak of a removed text: they show it, or it fits them better than any phrase that they show."""
    if not removed:
        return set()
    folded = set(map(str.casefold, removed))
    words = stacked(list(known.phrases(set(removed)).values()))
    return {key for key, item in items.items() if _shows_any(item, folded) or _is_told_best_by(words, item)}


def but_not_again(
    named: list[tuple[Named, Matrix]], removed: Sequence[str], known: Knowledge
) -> list[tuple[Named, Matrix]]:
    """Without those that say in other words what a person removed."""
    if not removed:
        return named
    again = says_again([vector for _, vector in named], list(known.phrases(set(removed)).values()))
    return [one for one, is_again in zip(named, again.tolist(), strict=True) if not is_again]


def _shows_any(item: KnownItem, folded: set[str]) -> bool:
    return not folded.isdisjoint(map(str.casefold, item.phrases))


def _is_told_best_by(words: Array, item: KnownItem) -> bool:
    fits = words @ item.vector.astype(np.float64) if len(words) else np.zeros(1)
    return round(PERCENT * float(fits.max())) > max(item.affinities, default=0)
