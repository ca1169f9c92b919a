"""Recommendations for one person out of the searches of one or all providers.

1. Each provider is asked by subject: it holds the embedding that was published to it.
2. Where its embedding is not of the version at hand, it is asked again with the vectors of the store's profile. That is
   so for a provider that joined after the version was published (it knows no such subject), and for the moment between
   a commit and the provider's reading of it; the answer then always belongs to the version it names. A provider with a
   space of its own is asked with the vectors of that space; while one of them is lacking, its last answer stands.
3. Items already met are demoted, all are merged by score, and the best are taken.
"""

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np

from infra.gateway.people import Person
from infra.gateway.ports import GatewayPorts
from infra.gateway.seeing import seen_by
from schemas.api import MAX_K, Found, Recommendation, Recommendations, SearchAnswer, SearchBody
from schemas.base import item_key
from workers.errors import UnknownProvider, UnknownSubject
from workers.state import HeldInterest, UserState
from workers.subjects import subject_of
from workers.versions import version_of

SEEN_PENALTY = 0.15
"""In cosine units, measured on the sample catalog with MiniLM: the items of one topic lie within 0.16 of each other
(10th to 90th percentile of their cosine to its name), other topics' items 0.39 lower. So the best item of a topic, once
met, ranks behind 17 of its 20 siblings, and still before every other topic."""


@dataclass(frozen=True)
class Wish:
    """What was asked for. `provider` None: all of them. `threshold` is a least score."""

    provider: str | None
    k: int
    threshold: float | None
    scoring: str | None


class _Candidate(NamedTuple):
    """What one provider found, of which few are shown."""

    provider: str
    found: Found
    interest: str
    """Its text."""
    score: float
    seen: bool


async def recommend(ports: GatewayPorts, person: Person, wish: Wish) -> Recommendations:
    """At most `wish.k` items, best first; none for a profile without interests. Raises `UnknownProvider` for the one
    provider asked for, `SearchUnavailable`, `SpaceMismatch`."""
    if not person.profile.interests:
        return Recommendations(version=person.profile.version, items=())
    providers = person.providers if wish.provider is None else (wish.provider,)
    found = await asyncio.gather(*(_of_provider(ports, person, wish, provider) for provider in providers))
    best = _best(chain.from_iterable(found), wish)
    items = tuple(_recommendation(one) for one in best)
    return Recommendations(version=person.profile.version, items=items)


def _best(candidates: Iterable[_Candidate], wish: Wish) -> list[_Candidate]:
    least = -math.inf if wish.threshold is None else wish.threshold
    ranked = sorted(candidates, key=lambda one: (-one.score, one.provider, one.found.item))
    return [one for one in ranked[: wish.k] if one.score >= least]


async def _of_provider(ports: GatewayPorts, person: Person, wish: Wish, provider: str) -> list[_Candidate]:
    seen = {key for key in person.state.items_seen() if key.startswith(item_key(provider, ""))}
    # Among k + s items at most s are seen, so k unseen ones are there and nothing further down can outrank them.
    k = min(MAX_K, wish.k + len(seen))
    try:
        answer = await _search(ports, person, wish, provider, k)
    except UnknownProvider:
        # The store knows an item of it already, its index does not yet: nothing of it can be found for a moment.
        if wish.provider is None:
            return []
        raise
    if answer is None or (texts := _interests(person, answer)) is None:
        return []
    return [_candidate(provider, found, texts[found.interest], seen) for found in answer.items]


def _interests(person: Person, answer: SearchAnswer) -> list[str] | None:
    """The texts of the version that was searched with, in its order; None where it is remembered no more."""
    if answer.version is None or answer.version == person.profile.version:
        return [one.text for one in person.profile.interests]
    before = version_of(person.state, answer.version)
    return None if before is None else [one.text for one in before.interests]


async def _search(ports: GatewayPorts, person: Person, wish: Wish, provider: str, k: int) -> SearchAnswer | None:
    """Step 1, and step 2 where it takes it."""
    subject = subject_of(ports.pseudonym_key, provider, person.user)
    by_subject = SearchBody(subject=subject, k=k, threshold=wish.threshold, scoring=wish.scoring)
    try:
        answer = await ports.search.search(provider, by_subject)
    except UnknownSubject:
        answer = None
    if answer is not None and answer.version == person.profile.version:
        return answer
    there = await seen_by(ports, person.state, provider)
    if there is None:
        return answer
    return await ports.search.search(provider, _by_vectors(there, there.space or person.profile.space, by_subject))


def _by_vectors(state: UserState, space: str, asked: SearchBody) -> SearchBody:
    return SearchBody(
        space=space,
        vectors=tuple(map(_floats, state.interests)),
        weights=tuple(interest.weight for interest in state.interests),
        avoid=tuple(map(_floats, state.avoid)),
        keep_away=state.keep_away,
        k=asked.k,
        threshold=asked.threshold,
        scoring=asked.scoring,
    )


def _floats(interest: HeldInterest) -> tuple[float, ...]:
    return tuple(np.frombuffer(interest.vector, "<f2").astype(float).tolist())


def _candidate(provider: str, found: Found, interest: str, seen: set[str]) -> _Candidate:
    met = item_key(provider, found.item) in seen
    return _Candidate(provider, found, interest, found.score - (SEEN_PENALTY if met else 0.0), met)


def _recommendation(one: _Candidate) -> Recommendation:
    return Recommendation(
        provider=one.provider,
        item=one.found.item,
        title=one.found.title,
        category=one.found.category,
        score=one.score,
        interest=one.interest,
        seen=one.seen,
    )
