"""How well a space finds contents by an interest: recall at 10 among held-out contents.

A content is relevant where it is the pair's own or contains the interest's words. An interest that more than ten
contents hold cannot have them all among ten: its recall is of the ten.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workers.ports import Matrix
from workers.training.pairs import Kind, Pair, searchable, unsaid

AT = 10

Encode = Callable[[Sequence[str]], Matrix]
"""Texts to (n, d) unit rows."""


@dataclass(frozen=True, slots=True)
class Task:
    """Interests to look for among contents; `relevant` are positions of contents, by interest."""

    interests: tuple[str, ...]
    contents: tuple[str, ...]
    relevant: tuple[frozenset[int], ...]


class Recall(NamedTuple):
    """The mean over interests and half the width of its 95 % interval."""

    mean: float
    margin: float
    interests: int
    contents: int


def task_of(pairs: Sequence[Pair], kinds: Collection[Kind], seed: int, most: int) -> Task:
    """At most `most` contents and as many different interests of these kinds, drawn by the seed."""
    chosen = [pair for pair in pairs if pair.kind in kinds]
    contents = tuple(_drawn(sorted({pair.content for pair in chosen}), seed, most))
    place = {content: position for position, content in enumerate(contents)}
    own: dict[str, set[int]] = defaultdict(set)
    for pair in chosen:
        if pair.content in place:
            own[pair.interest].add(place[pair.content])
    interests = tuple(_drawn(sorted(own), seed, most))
    words = [searchable(content) for content in contents]
    relevant = [frozenset(own[one] | _containing(searchable(one), words)) for one in interests]
    return Task(interests, contents, tuple(relevant))


def unsaid_task(pairs: Sequence[Pair], kinds: Collection[Kind], seed: int, most: int) -> Task:
    """One pair an item, with the interest's words taken out of its content: at most `most`, drawn by the seed. Only
    the own content, and another that still holds the words, is relevant."""
    chosen = [pair for pair in pairs if pair.kind in kinds and searchable(pair.interest) in searchable(pair.content)]
    Random(seed).shuffle(chosen)
    by_item = {pair.item: one for pair in chosen if (one := unsaid(pair)) is not pair}
    # One pair of each interest too, or the other's content would count as wrong.
    by_interest = {pair.interest.casefold(): pair for pair in by_item.values()}
    return task_of(sorted(by_interest.values(), key=lambda pair: pair.item), kinds, seed, most)


def only(task: Task, interests: Collection[str]) -> Task:
    """The task with these interests alone, among all of its contents."""
    kept = [position for position, one in enumerate(task.interests) if one in interests]
    return Task(
        tuple(task.interests[position] for position in kept),
        task.contents,
        tuple(task.relevant[position] for position in kept),
    )


def measure(task: Task, encode: Encode) -> NDArray[np.float64]:
    """(interests,) recall of each."""
    if not task.interests:
        return np.zeros(0)
    similarities = encode(task.interests) @ encode(task.contents).T
    best = np.argsort(-similarities, axis=1, kind="stable")[:, :AT].tolist()
    found = [len(relevant.intersection(row)) for relevant, row in zip(task.relevant, best, strict=True)]
    return np.array([n / min(AT, len(relevant)) for n, relevant in zip(found, task.relevant, strict=True)])


def summary(recalls: NDArray[np.float64], contents: int) -> Recall:
    n = len(recalls)
    if n < 2:
        return Recall(float(recalls.mean()) if n else 0.0, 0.0, n, contents)
    return Recall(float(recalls.mean()), float(1.96 * recalls.std(ddof=1) / n**0.5), n, contents)


def _containing(words: str, contents: Sequence[str]) -> set[int]:
    return {position for position, content in enumerate(contents) if words.strip() and words in content}


def _drawn(texts: list[str], seed: int, most: int) -> list[str]:
    return texts if len(texts) <= most else sorted(Random(seed).sample(texts, most))
