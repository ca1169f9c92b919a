"""What a proposer is asked and what it answers, as plain data.

An ask shows a profile, where it is wrong, and (for a proposer that computes) the same as numbers. Nothing of it is an
instruction: titles are written by strangers. Answers are never trusted: they pass `workers.refinement.gate` first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from schemas.command import Edit
from schemas.proposal import Cost, Outcome
from workers.scoring import Scoring
from workers.weights import Array

MAX_JUDGED = 8
"""Examples of each of the four kinds that an ask shows."""

MAX_CONTRIBUTIONS = 3

FREE = Cost()

ProposerName = Literal["phrases", "vllm"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One interest as a proposer sees it. A pinned one, or one that the person wrote, may not be changed."""

    id: str
    text: str
    weight: float
    pinned: bool = False
    from_person: bool = False

    @property
    def editable(self) -> bool:
        return not (self.pinned or self.from_person)


@dataclass(frozen=True, slots=True)
class Judged:
    """One item of the training part: `score` in 0..1 (over 0.5 the profile says "liked"), and up to three interests
    with what each adds to it, in -1..1, strongest first."""

    title: str
    category: str | None
    score: float
    liked: bool
    contributions: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Feedback:
    """At most 8 of each, the most telling first: errors from the worst, hits from the surest."""

    true_positives: tuple[Judged, ...] = ()
    false_positives: tuple[Judged, ...] = ()
    true_negatives: tuple[Judged, ...] = ()
    false_negatives: tuple[Judged, ...] = ()

    def all(self) -> Iterator[Judged]:
        yield from self.true_positives
        yield from self.false_positives
        yield from self.true_negatives
        yield from self.false_negatives


@dataclass(frozen=True, slots=True, eq=False)
class Numeric:
    """The same as numbers, for a proposer that computes (`workers.refinement.fitting` does the sums): n interactions of
    the training part, q items that the person never touched, t texts: those of the profile, and the phrases of the
    person's own items. All float64; products of unit vectors, so cosines, but for the background's."""

    texts: tuple[str, ...]
    current: tuple[int, ...]
    """Positions in `texts` of `Ask.interests`, in their order."""
    usable: NDArray[np.bool_]
    """(t,) which may be added: neither owned, removed, avoided nor dropped."""
    settled: NDArray[np.bool_]
    """(t,) which keep their place whatever else is named."""
    sharpen: Array
    """(t,) how far, in 0..1, its vector goes towards the interactions that are its own."""
    held_weights: Array
    """(t,) what a person has set, NaN elsewhere."""
    evidence: Array
    """(n,) signed and faded, in clicks."""
    shown: NDArray[np.bool_]
    """(t, n) which texts are phrases of the interaction's item."""
    words_seen: Array
    """(t, n + q): texts with the interactions' items, then with the others, as in all of these."""
    rows_seen: Array
    """(n, n + q)"""
    avoid_seen: Array
    """(n + q, a): with the texts that the person avoids."""
    words_words: Array
    """(t, t)"""
    words_background: Array
    """(t, r): products with the background's factor, as `rows_background` (n, r)."""
    rows_background: Array
    scoring: Scoring


@dataclass(frozen=True, slots=True)
class Ask:
    """Which edits would make this profile better? At most `max_edits` of them. The same ask with the same seed has the
    same answer where the proposer can (`phrases` can)."""

    interests: tuple[Shown, ...]
    avoid: tuple[str, ...]
    feedback: Feedback
    iteration: int
    seed: int
    max_edits: int
    numeric: Numeric | None = None
    """None for a proposer that asks for no numbers."""


@dataclass(frozen=True, slots=True)
class ClusterAsk:
    """One description for each cluster of interactions: the titles in it, and phrases of its own items that would do,
    the best first."""

    clusters: tuple[tuple[str, ...], ...]
    candidates: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if len(self.clusters) != len(self.candidates):
            raise ValueError("needs the candidates of each cluster, if only an empty tuple")


@dataclass(frozen=True, slots=True)
class Answer:
    """Edits to try. `failed` says that the proposer could not be asked, never that there is nothing to improve
    (`empty`). `detail` is one of few plain words, fit for a metric's label: never what was asked or answered."""

    outcome: Outcome
    edits: tuple[Edit, ...] = ()
    cost: Cost = FREE
    detail: str = ""
    proposer: ProposerName | None = None
    """Who answered, where that may be another than the one asked."""


@dataclass(frozen=True, slots=True)
class Described:
    """A text for each cluster, in the order asked; None where the proposer found none for it. `texts` is empty unless
    the outcome is `ok`."""

    outcome: Outcome
    texts: tuple[str | None, ...] = ()
    cost: Cost = FREE
    detail: str = ""
    proposer: ProposerName | None = None
    """Who answered, where that may be another than the one asked."""
