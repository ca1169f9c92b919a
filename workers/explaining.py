"""Why an interest stands in a profile, and why an item is recommended or is not. Nothing here changes a profile.

The reward of an interest is measured on the fifth of what the person did that is held out (`workers.held_out`): the
profile's texts, no more and no fewer, are fitted to the other four fifths, and items are ranked by all of them and by
all but this one. Fitted anew without it, the others would move towards what was its own and hide what it does.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from schemas.person import Behind, Contribution, Explanation, Made
from schemas.profile import Source
from workers.asked import kept_away
from workers.editing import fit
from workers.held import HeldInterest
from workers.held_out import cosines_to, held_back, reward_of, training_part
from workers.knowledge import Knowledge
from workers.ports import ItemRecord
from workers.refit import FitRules
from workers.scoring import SCORE_DIGITS, Floats, Scoring, contributions, score
from workers.state import UserState
from workers.versions import VersionRecord

DIGITS = 6
"""Of a cosine."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Rewards in 0..1, with an interest and without it."""

    reward_with: float
    reward_without: float


def made(records: Sequence[VersionRecord], interest: str) -> Made | None:
    """When the interest (or avoided text) of that id came in and stayed, and by what, out of versions oldest first.
    None where the newest does not hold it."""
    first = len(records)
    while first and _holds(records[first - 1], interest):
        first -= 1
    if first == len(records):
        return None
    came = records[first]
    before = records[first - 1].version if first else 0
    return Made(
        version=came.version, cause=came.cause, time=_moment(came.accepted_ms), at_latest=came.version - before > 1
    )


def behind(state: UserState, interest: HeldInterest, items: Mapping[str, ItemRecord]) -> tuple[Behind, ...]:
    """The interactions behind an interest that are still remembered, newest first. `items` are those of the catalog, by
    key; `keys_behind` names the ones that are needed."""
    events = set(interest.evidence)
    told = []
    for entry in reversed(state.window):
        if entry.event in events:
            provider, item = entry.item.split(":", 1)
            title = items[entry.item].title if entry.item in items else None
            time = _moment(entry.time_ms)
            told.append(
                Behind(event_id=entry.event, provider=provider, item=item, title=title, signal=entry.signal, time=time)
            )
    return tuple(told)


def keys_behind(state: UserState, interest: HeldInterest) -> frozenset[str]:
    """Keys of the items of those interactions."""
    events = set(interest.evidence)
    return frozenset(entry.item for entry in state.window if entry.event in events)


def effect(
    state: UserState,
    interest: str,
    negatives: Collection[str],
    known: Knowledge,
    rules: FitRules,
    scoring: Scoring,
) -> Effect | None:
    """What the interest (or avoided text) of that id does to the reward, against the given items that the person never
    touched. None where too little is held out to judge by. Raises `workers.knowledge.Missing` for what has not been
    looked up."""
    held = held_back(state, known, negatives)
    if not held.can_judge:
        return None
    whole = replace(_settled(state, known), window=training_part(state))
    fit(whole, known, rules)
    return Effect(*(reward_of(one, held, scoring) for one in (whole, _without(whole, interest))))


@dataclass(frozen=True, slots=True)
class Judging:
    """By what an item is judged: how scores are made, and what an item that the person has met loses."""

    scoring: Scoring
    seen_penalty: float


def explanation(state: UserState, item: ItemRecord, judging: Judging) -> Explanation:
    """Of an item in the profile's space."""
    row = np.frombuffer(item.vector, "<f2").astype(np.float64)[None, :]
    cosines, avoid = (cosines_to(held, row) for held in (state.interests, state.avoid))
    weights = np.array([one.weight for one in state.interests], np.float64)
    provider, name = item.key.split(":", 1)
    seen = item.key in state.items_seen()
    points = round(float(score(judging.scoring, cosines, weights, avoid)[0]), SCORE_DIGITS)
    nearest = _Nearest.of(state, avoid[0])
    return Explanation(
        version=state.version,
        provider=provider,
        item=name,
        title=item.title,
        score=points - (judging.seen_penalty if seen else 0.0),
        seen=seen,
        avoided=nearest.text if nearest is not None and nearest.is_too_near else None,
        nearest_avoided=nearest and min(1.0, max(0.0, nearest.cosine)),
        contributions=_contributions(state.interests, cosines, contributions(judging.scoring, cosines, weights)[0]),
    )


def shares(parts: Iterable[float]) -> list[float]:
    """What each part is of their sum; of the sum of their amounts where no more speaks for than against."""
    told = list(parts)
    whole = sum(told)
    if whole <= 0:
        whole = sum(map(abs, told))
    return [part / whole if whole else 0.0 for part in told]


class _Nearest(NamedTuple):
    """Of what is avoided. `cosine` to the item, -1..1."""

    text: str
    cosine: float
    is_too_near: bool

    @classmethod
    def of(cls, state: UserState, cosines: Floats) -> "_Nearest | None":
        """`cosines` (a,). None where nothing is avoided."""
        if not state.avoid:
            return None
        nearest = int(cosines.argmax())
        cosine = round(float(cosines[nearest]), SCORE_DIGITS)
        return cls(state.avoid[nearest].text, cosine, cosine >= kept_away(state.keep_away))


def _contributions(interests: Sequence[HeldInterest], cosines: Floats, parts: Floats) -> tuple[Contribution, ...]:
    """The largest amount first."""
    told = zip(interests, cosines[0].tolist(), shares(parts.tolist()), strict=True)
    ranked = sorted(told, key=lambda one: (-abs(one[2]), one[0].text))
    return tuple(
        Contribution(interest=held.id, text=held.text, similarity=round(cosine, DIGITS), share=share)
        for held, cosine, share in ranked
    )


def _holds(record: VersionRecord, interest: str) -> bool:
    return any(one.id == interest for one in record.interests + record.avoid)


def _settled(state: UserState, known: Knowledge) -> UserState:
    """A copy whose texts a re-fit leaves as they are, and to which it adds none."""
    kept = tuple(
        one._replace(source=Source.REFINEMENT) if one.source is Source.BOOTSTRAP else one for one in state.interests
    )
    phrases = {phrase for item in known.items(state.items_seen()).values() for phrase in item.phrases}
    return replace(state, interests=kept, dropped=tuple(sorted({*state.dropped, *phrases})))


def _without(state: UserState, interest: str) -> UserState:
    """To be scored by, not to be fitted: its sums of the past are of all."""
    interests, avoid = (tuple(one for one in held if one.id != interest) for held in (state.interests, state.avoid))
    return replace(state, interests=interests, avoid=avoid)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
