"""What one refinement by phrase search costs: `python -m benchmarks.phrase_search`.

A made-up person of the size that the claim is about: 40 interactions, 24 interests, 200 phrases of their own items, 64
items to judge against and 64 to learn from, 384 dimensions; and a first description of 20 interactions in groups
(Algorithm 1). Processor time on one core, without the LLM that neither asks.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import numpy as np

from schemas.interaction import Signal
from schemas.proposal import Cost
from workers.knowledge import Knowledge
from workers.ports import ItemRecord, Matrix
from workers.refinement.bootstrap import ask_for, descriptions, grouped
from workers.refinement.phrase_search import PhraseSearch
from workers.refinement.progress import Progress
from workers.refinement.rules import Refined, RefinementRules
from workers.refinement.search import refine
from workers.refinement.world import JUDGES, OTHERS, World, texts_needed
from workers.refit import FitRules, refit
from workers.state import Remembered, UserState
from workers.weights import Array

T = TypeVar("T")

DIMENSION = 384
TOPICS = 30
INTERACTIONS = 40
PHRASES = 200
GROUPED = 20
RUNS = 5
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds, medians over runs."""

    refinement: float
    """Ten iterations, none of which is given up early."""
    bootstrap: float
    iterations: int
    interests: int
    phrases: int


def measure(runs: int = RUNS) -> Figures:
    """The first run of each is not counted."""
    world = made_up_world()
    ten = RefinementRules(patience=10)
    took, refined = _timed(lambda seed: asyncio.run(_refined(world, ten, seed)), runs)
    grouping, _ = _timed(lambda _: described(world), runs)
    phrases = texts_needed(world.state, world.items)
    return Figures(took, grouping, refined.iterations, len(world.state.interests), len(phrases))


def made_up_world(seed: int = 1) -> World:
    """Items lie about thirty topics; each of the person's has five phrases, which lie about it."""
    chance = np.random.default_rng(seed)
    topics = _unit(chance.standard_normal((TOPICS, DIMENSION)))
    of = [*chance.integers(0, TOPICS, INTERACTIONS), *chance.integers(0, TOPICS, JUDGES + OTHERS)]
    rows = _unit(topics[np.array(of)] + 0.9 * _unit(chance.standard_normal((len(of), DIMENSION))))
    words: dict[str, Matrix] = {}
    items = {f"p:{number}": _item(f"p:{number}", row, number, words, chance) for number, row in enumerate(rows)}
    keys = list(items)
    window = [
        Remembered(number * HOUR_MS, f"event {number}", key, Signal.CLICK)
        for number, key in enumerate(keys[:INTERACTIONS])
    ]
    state, rules = UserState(version=1, window=window), FitRules(topics.T / np.sqrt(TOPICS))
    others = keys[INTERACTIONS:]
    world = World(state, items, words, rules, "mixture", tuple(others[:JUDGES]), tuple(others[JUDGES:]))
    refit(state, _known(world), rules)
    return world


def described(world: World) -> int:
    """How many of the groups of the first twenty interactions have words."""
    records = [world.items[entry.item] for entry in world.state.window[:GROUPED]]
    rows = np.array([np.frombuffer(record.vector, "<f2") for record in records], np.float64)
    groups = grouped(rows, np.ones(len(rows)), [record.phrases for record in records], world.words)
    answer = asyncio.run(PhraseSearch().describe(ask_for(groups, [record.title for record in records])))
    return len(descriptions(groups, answer))


def _timed(work: Callable[[int], T], runs: int) -> tuple[float, T]:
    """Median milliseconds, and what the last run gave."""
    result, took = work(0), []
    for seed in range(1, runs + 1):
        start = time.thread_time()
        result = work(seed)
        took.append(1_000 * (time.thread_time() - start))
    return median(took), result


def _item(key: str, row: Array, number: int, words: dict[str, Matrix], chance: np.random.Generator) -> ItemRecord:
    said: tuple[str, ...] = ()
    if number < INTERACTIONS:
        said = tuple(f"phrase {name} of {number}" for name in "abcde"[: PHRASES // INTERACTIONS])
        near = _unit(row + 1.5 * _unit(chance.standard_normal((len(said), DIMENSION))))
        words |= {phrase: vector.astype("<f2").astype(np.float32) for phrase, vector in zip(said, near, strict=True)}
    fits = tuple(max(0, round(100 * float(row @ words[phrase]))) for phrase in said)
    return ItemRecord(key, "made-up", row.astype("<f2").tobytes(), f"Item {number}", said, "", fits)


def _known(world: World) -> Knowledge:
    known = Knowledge()
    known.learn_items(world.items, world.items)
    known.learn_phrases(world.words, {text: vector.astype("<f2").tobytes() for text, vector in world.words.items()})
    return known


def _unit(rows: Array) -> Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


class _Nothing:
    """Words and a budget that nobody needs."""

    async def vectors(self, texts: Collection[str]) -> Mapping[str, Matrix]:
        return {}

    async def reserve(self, calls: int, tokens: int) -> bool:
        return True

    async def settle(self, calls: int, tokens: int, cost: Cost) -> None:
        return None


async def _refined(world: World, rules: RefinementRules, seed: int) -> Refined:
    return await refine(world, PhraseSearch(), _Nothing(), _Nothing(), rules, seed, _go_on)


async def _go_on(progress: Progress) -> bool:
    return True


if __name__ == "__main__":
    figures = measure()
    print(f"ten iterations {figures.refinement:.0f} ms, {GROUPED} interactions described {figures.bootstrap:.1f} ms")
    print(f"({figures.interests} interests, {figures.phrases} phrases, {figures.iterations} iterations)")
