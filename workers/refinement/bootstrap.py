"""Algorithm 1: from interactions to first interests, each with the interactions behind it.

1. Interests per interaction: the readable phrases of its item, which the embedder has found.
2. Groups: what the person liked, clustered (`workers.refinement.clusters`).
3. A description for each group, by a proposer. It is shown the group's titles and the phrases of its own items, those
   first that many of them share, that are the group's alone, and that lie near its middle.
4. Each description keeps its group as evidence.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from workers.ports import Matrix
from workers.refinement.asks import ClusterAsk, Described
from workers.refinement.clusters import clusters
from workers.weights import Array

MAX_TITLES = 8
"""Of a group, the latest: a prompt of 24 groups stays under 6,000 tokens."""

MAX_CANDIDATES = 5


class Group(NamedTuple):
    """`members` are positions of interactions, in the order given; `candidates` phrases, the best first."""

    members: tuple[int, ...]
    candidates: tuple[str, ...]


class Description(NamedTuple):
    """A first interest, and the positions of the interactions behind it."""

    text: str
    evidence: tuple[int, ...]


def grouped(
    rows: Array, evidence: Array, phrases: Sequence[Sequence[str]], words: Mapping[str, Matrix]
) -> tuple[Group, ...]:
    """Steps 1 and 2, of n interactions: vectors (n, d), signed evidence (n,), the phrases of each item. A phrase
    without a vector in `words` names nothing."""
    liked = np.flatnonzero(evidence > 0)
    groups = clusters(rows[liked], evidence[liked])
    members = [tuple(int(liked[position]) for position in group) for group in groups]
    telling = _Telling(evidence, phrases, words)
    return tuple(Group(group, telling.of(group, rows)) for group in members)


def ask_for(groups: Sequence[Group], titles: Sequence[str]) -> ClusterAsk:
    """Step 3. `titles` of all interactions."""
    shown = tuple(tuple(titles[position] for position in group.members[-MAX_TITLES:]) for group in groups)
    return ClusterAsk(shown, tuple(group.candidates for group in groups))


def descriptions(groups: Sequence[Group], described: Described) -> tuple[Description, ...]:
    """Step 4. Nothing for a group without words. Raises `ValueError` where the answer is to another question."""
    if described.texts and len(described.texts) != len(groups):
        raise ValueError(f"{len(groups)} groups were asked about and {len(described.texts)} described")
    return tuple(
        Description(text, group.members)
        for group, text in zip(groups, described.texts, strict=False)
        if text is not None
    )


class _Telling:
    """Which phrases tell a group."""

    def __init__(self, evidence: Array, phrases: Sequence[Sequence[str]], words: Mapping[str, Matrix]) -> None:
        self._words = words
        self._strength = np.maximum(evidence, 0)
        self._phrases = [{one.casefold(): one for one in reversed(own) if one in words} for own in phrases]
        self._mass: dict[str, float] = {}
        for strength, own in zip(self._strength.tolist(), self._phrases, strict=True):
            for folded in own:
                self._mass[folded] = self._mass.get(folded, 0.0) + strength

    def of(self, group: Sequence[int], rows: Array) -> tuple[str, ...]:
        """At most five: by the share of the group that has the phrase, times the share of the phrase that is the
        group's, times its cosine to the group's middle. Of equal ones the first by the alphabet."""
        inside: dict[str, float] = {}
        spelling: dict[str, str] = {}
        for position in group:
            for folded, one in self._phrases[position].items():
                inside[folded] = inside.get(folded, 0.0) + float(self._strength[position])
                spelling.setdefault(folded, one)
        if not inside:
            return ()
        mass = float(self._strength[list(group)].sum())
        middle = self._strength[list(group)] @ rows[list(group)]
        middle = middle / max(float(np.linalg.norm(middle)), 1e-12)
        vectors = np.array([self._words[spelling[folded]] for folded in inside], np.float64)
        shares = np.array([within / mass * within / self._mass[folded] for folded, within in inside.items()])
        worth = np.round(shares * np.maximum(vectors @ middle, 0), 9).tolist()
        ranked = sorted(zip(inside, worth, strict=True), key=lambda one: (-one[1], one[0]))
        return tuple(spelling[folded] for folded, _ in ranked[:MAX_CANDIDATES])
