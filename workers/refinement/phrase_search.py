"""The proposer `phrases`: no LLM, but orthogonal matching pursuit over the phrases of the person's own items.

Up to three steps an answer, each from where the one before it ended:

1. Pursue: of every phrase, what adding it would take off the residual, the part of the evidence that the current fit
   leaves unexplained (signed, with items never touched as the background). Chance stirs the order, so that iterations
   differ.
2. Try: the first phrases as additions, fewer in the place of the interest most like them, and without those interests
   that explain least by themselves; each list is fitted (`workers.refinement.fitting`) and asked how well it tells the
   interactions from the rest.
3. Take one of those that tell them better, the better the likelier; end where there is none.

A narrow phrase wins over its topic where it separates better, and not by explaining the very item it comes from: its
vector meets each interaction as if that one had not helped to make it.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from schemas.command import AddInterest, Edit, RemoveInterest, RewriteInterest
from schemas.profile import MAX_INTERESTS
from schemas.proposal import Cost, Outcome
from workers.refinement.asks import FREE, Answer, Ask, ClusterAsk, Described, Numeric
from workers.refinement.fitting import Fit, fit, objective
from workers.refit import ALIKE, interest_id
from workers.weights import RIDGE, Array

STEPS = 3
ADDITIONS = 8
SWAPS = 4
REMOVALS = 6
"""Lists tried in a step: 18 of 0.15 ms are 3 ms, three steps and ten iterations 80 ms."""

STIR = 1.0
"""Of the logarithms of the gains: a phrase with a gain e times as large usually comes first."""

_GAIN = 1e-9


class _Move(NamedTuple):
    """A list of texts one step on; what came in, and which interest of the ask went out. (What only had to make room is
    no edit: it is named again as soon as there is room.)"""

    chosen: list[int]
    added: int | None = None
    dropped: int | None = None


@dataclass(frozen=True, slots=True)
class PhraseSearch:
    """`workers.refinement.ports.Proposer`. Pure: the same ask has the same answer."""

    steps: int = STEPS

    @property
    def name(self) -> Literal["phrases"]:
        return "phrases"

    def most(self, ask: Ask | ClusterAsk) -> Cost:
        return FREE

    async def propose(self, ask: Ask) -> Answer:
        """Raises `ValueError` for an ask without numbers."""
        if ask.numeric is None:
            raise ValueError("phrase search needs the numbers of an ask: give it `numeric`")
        edits = self._edits(ask, ask.numeric)
        return Answer(Outcome.OK if edits else Outcome.EMPTY, edits, proposer=self.name)

    async def describe(self, ask: ClusterAsk) -> Described:
        """The first of each cluster's own phrases that no cluster before it has taken."""
        taken: set[str] = set()
        texts: list[str | None] = []
        for candidates in ask.candidates:
            text = next((one for one in candidates if interest_id(one) not in taken), None)
            taken |= {interest_id(text)} if text else set()
            texts.append(text)
        outcome = Outcome.OK if taken else Outcome.EMPTY
        return Described(outcome, tuple(texts) if taken else (), proposer=self.name)

    def _edits(self, ask: Ask, numeric: Numeric) -> tuple[Edit, ...]:
        if not numeric.evidence.any():
            return ()
        chance = np.random.default_rng([ask.seed, ask.iteration])
        editable = {at for at, shown in zip(numeric.current, ask.interests, strict=True) if shown.editable}
        chosen, edits = list(numeric.current), list[Edit]()
        for _ in range(min(self.steps, ask.max_edits)):
            move = _step(numeric, chosen, editable, chance)
            if move is None:
                break
            chosen = move.chosen
            edits.append(_edit(numeric, move))
        return tuple(edits)


def _edit(numeric: Numeric, move: _Move) -> Edit:
    if move.dropped is None:
        assert move.added is not None, "a move changes something"
        return AddInterest(text=numeric.texts[move.added])
    old = interest_id(numeric.texts[move.dropped])
    if move.added is None:
        return RemoveInterest(interest=old)
    return RewriteInterest(interest=old, text=numeric.texts[move.added])


def _step(numeric: Numeric, chosen: list[int], editable: set[int], chance: np.random.Generator) -> _Move | None:
    """None where nothing that was tried is better."""
    if chosen:
        now = fit(numeric, chosen)
        before = objective(numeric, now)
    else:
        now, before = None, -np.inf
    # 1. Pursue
    ranked = _ranked(gains(numeric, chosen, now), numeric, chosen, chance)
    # 2. Try
    moves = _moves(numeric, chosen, now, editable, ranked)
    values = np.array([objective(numeric, fit(numeric, move.chosen)) for move in moves])
    # 3. Take
    better = np.flatnonzero(values > before + _GAIN)
    if not better.size:
        return None
    rise = values[better] - (before if chosen else values[better].min())
    taken = int(better[np.argmax(rise + rise.max() * chance.random(rise.size))])
    return moves[taken]


def gains(numeric: Numeric, chosen: list[int], now: Fit | None) -> Array:
    """(t,) what each text, by its words, would take off the squared residual if it were fitted beside the chosen ones;
    0 for what speaks against it. The residual is that of the weights' own normal equations: interactions with their
    strength, and items never touched with as much mass in all."""
    strength, n = np.abs(numeric.evidence), len(numeric.evidence)
    seen = numeric.words_seen.T  # (n + q, t)
    others = len(seen) - n
    mass = np.concatenate([strength, np.full(others, strength.sum() / max(1, others))])
    target = np.concatenate([np.sign(numeric.evidence), np.zeros(others)])
    weighed = seen * mass[:, None]
    own = np.einsum("nt,nt->t", weighed, seen)
    if now is None:
        toward = weighed.T @ target
    else:
        basis = now.seen
        gram = basis.T @ (basis * mass[:, None]) + RIDGE * np.eye(len(chosen))
        toward = weighed.T @ (target - basis @ np.linalg.solve(gram, basis.T @ (mass * target)))
        shared = basis.T @ weighed
        own = own - np.einsum("mt,mt->t", shared, np.linalg.solve(gram, shared))
    return np.where(toward > 0, toward**2 / (np.maximum(own, 0) + RIDGE), 0.0)


def _ranked(gain: Array, numeric: Numeric, chosen: list[int], chance: np.random.Generator) -> list[int]:
    """Positions of the phrases worth a try, the most promising first but for chance."""
    alike = (numeric.words_words[:, chosen] >= ALIKE).any(axis=1)
    worth = np.flatnonzero((gain > 0) & numeric.usable & ~alike)
    order = np.log(gain[worth]) + STIR * chance.gumbel(size=worth.size)
    return [int(at) for at in worth[np.argsort(-order, kind="stable")][:ADDITIONS]]


def _moves(numeric: Numeric, chosen: list[int], now: Fit | None, editable: set[int], ranked: list[int]) -> list[_Move]:
    free = [at for at in chosen if at in editable]
    kept = _with_room(numeric, chosen, now)
    moves = [_Move([*kept, one], added=one) for one in ranked] if len(kept) < MAX_INTERESTS else []
    for one in ranked[: SWAPS if free else 0]:
        nearest = max(free, key=lambda at: float(numeric.words_words[one, at]))
        moves.append(_Move([one if at == nearest else at for at in chosen], one, nearest))
    if now is not None and len(chosen) > 1:
        alone = dict(zip(chosen, _explained_alone(now, numeric), strict=True))
        least = sorted(free, key=alone.__getitem__)[:REMOVALS]
        moves += [_Move([at for at in chosen if at != one], dropped=one) for one in least]
    return moves


def _with_room(numeric: Numeric, chosen: list[int], now: Fit | None) -> list[int]:
    """Where the profile is full, the weakest of what is not settled makes room, as it will in the agent."""
    if len(chosen) < MAX_INTERESTS or now is None:
        return chosen
    loose = [
        (abs(float(weight)), at) for at, weight in zip(chosen, now.weights, strict=True) if not numeric.settled[at]
    ]
    return [at for at in chosen if at != min(loose)[1]] if loose else chosen


def _explained_alone(now: Fit, numeric: Numeric) -> list[float]:
    """(m,) what the fit would lose without each: w^2 / (G^-1)_jj, the pursuit's gain taken backwards."""
    strength = np.abs(numeric.evidence)
    gram = now.own.T @ (now.own * strength[:, None]) + RIDGE * np.eye(len(now.weights))
    loss: list[float] = (now.weights**2 / np.diag(np.linalg.inv(gram))).tolist()
    return loss
