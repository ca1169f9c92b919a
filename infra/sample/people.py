"""Simulated people with hidden, drifting tastes, who visit the sample's providers and react to what they see.

Pure and deterministic: the same arguments give the same stream, byte for byte. Each person has random
numbers of their own, so more people beside them change nothing in what they do. The stream never ends; draw
from it with `itertools.islice`.
"""

import heapq
import random
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from infra.sample.catalog import PROVIDERS, sample_items, topics
from schemas.interaction import Signal

_MS_PER_DAY = 86_400_000

_SIGNALS = (Signal.CLICK, Signal.LIKE, Signal.SKIP, Signal.DISLIKE, Signal.IMPRESSION)
_LOVED = (0.45, 0.20, 0.05, 0.00, 0.30)
"""How often each of `_SIGNALS` follows when an item of a loved topic is shown."""
_DISLIKED = (0.02, 0.00, 0.40, 0.23, 0.35)

# Without a few items that follow the taste a visit would be mostly noise; with nothing but these, a new taste
# could never show.
_FOLLOWED_PER_VISIT = 3
_ANY_PER_VISIT = (3, 6)
_STRAY_VISITS = 0.15
"""Share of visits to a provider chosen without a topic in mind."""
_REMEMBERED = 40
"""Items last shown to a person are not shown again at once, as no feed would."""

_DWELL_MS = {
    Signal.CLICK: (2_000.0, 45_000.0),
    Signal.LIKE: (5_000.0, 90_000.0),
    Signal.SKIP: (300.0, 1_200.0),
    Signal.DISLIKE: (800.0, 4_000.0),
    Signal.IMPRESSION: (200.0, 1_500.0),
}
"""Least and typical (median) milliseconds spent on an item."""


@dataclass(frozen=True)
class Person:
    """One simulated person, with the taste they have on day 0; `loved_after` tells what becomes of it."""

    user: str
    loved: tuple[str, ...]
    """Two or three categories."""
    disliked: str
    curiosity: float
    """How readily (0 to 1) an item is opened whose topic is neither loved nor disliked."""
    days_between_visits: float
    """The mean; the gaps themselves are exponential."""
    days_between_drifts: float
    """After each such span one loved topic is replaced by another."""
    seed: str
    """Where this person's random numbers come from."""


@dataclass(frozen=True)
class _Item:
    provider: str
    item: str
    category: str


@dataclass(frozen=True)
class _Encounter:
    """What one person did with one item, `day` days (with fraction) after the start."""

    day: float
    user: str
    item: _Item
    signal: Signal
    dwell_ms: int


def people(seed: int, count: int) -> tuple[Person, ...]:
    """The people that `simulate` plays with this seed. The first n are the same for any count."""
    return tuple(_person(f"sample-{number:03d}", seed) for number in range(1, count + 1))


def loved_after(person: Person, days: float) -> tuple[str, ...]:
    """The topics loved `days` days after the start, at pace 1. The disliked topic never changes."""
    rng = random.Random(f"{person.seed}/drift")
    loved = person.loved
    for _ in range(int(days / person.days_between_drifts)):
        loved = _drifted(rng, loved, person.disliked)
    return loved


def simulate(people: int, seed: int, start: datetime, pace: float = 1.0) -> Iterator[dict[str, object]]:
    """Interactions of that many people from `start` on, in the order of their times, without end.

    `pace` is how many days of these lives pass in one day of event time: 500 makes a lively stream of a few
    dozen people. Event ids depend on the seed and the place in the stream only, so two streams that feed one
    service need two seeds, or the second is taken for a repetition of the first.
    """
    if start.tzinfo is None:
        raise ValueError("start needs a timezone, for example datetime.now(UTC)")
    origin = start.astimezone(UTC)
    for number, encounter in enumerate(_everybody(people, seed), start=1):
        time = origin + timedelta(days=encounter.day / pace)
        yield _interaction(f"sample-{seed}-{number:06d}", time, encounter)


def _interaction(event_id: str, time: datetime, encounter: _Encounter) -> dict[str, object]:
    return {
        "event_id": event_id,
        "user": encounter.user,
        "provider": encounter.item.provider,
        "item": encounter.item.item,
        "signal": encounter.signal.value,
        "time": time.isoformat(timespec="milliseconds"),
        "dwell_ms": encounter.dwell_ms,
    }


def _everybody(count: int, seed: int) -> Iterator[_Encounter]:
    return heapq.merge(*map(_life, people(seed, count)), key=lambda encounter: encounter.day)


def _person(user: str, seed: int) -> Person:
    own_seed = f"{seed}/{user}"
    rng = random.Random(own_seed)
    disliked, *loved = rng.sample(_categories(), 1 + rng.randint(2, 3))
    return Person(
        user=user,
        loved=tuple(loved),
        disliked=disliked,
        curiosity=rng.uniform(0.03, 0.15),
        days_between_visits=rng.uniform(0.3, 1.5),
        days_between_drifts=rng.uniform(5.0, 20.0),
        seed=own_seed,
    )


def _drifted(rng: random.Random, loved: tuple[str, ...], disliked: str) -> tuple[str, ...]:
    fresh = rng.choice([category for category in _categories() if category not in (*loved, disliked)])
    place = rng.randrange(len(loved))
    return (*loved[:place], fresh, *loved[place + 1 :])


def _life(person: Person) -> Iterator[_Encounter]:
    rng = random.Random(f"{person.seed}/life")
    remembered: deque[_Item] = deque(maxlen=_REMEMBERED)
    day = 0.0
    while True:
        day += rng.expovariate(1.0 / person.days_between_visits)
        for encounter in _visit(rng, person, day, remembered):
            yield encounter
            day = encounter.day  # the next visit begins after this one, so that a life stays in order


def _visit(rng: random.Random, person: Person, day: float, remembered: deque[_Item]) -> Iterator[_Encounter]:
    loved = loved_after(person, day)
    for item in _shown(rng, _provider(rng, loved), loved, frozenset(remembered)):
        signal = _signal(rng, person, loved, item.category)
        dwell_ms = _dwell_ms(rng, signal)
        day += (dwell_ms + rng.uniform(500, 5_000)) / _MS_PER_DAY
        remembered.append(item)
        yield _Encounter(day, person.user, item, signal, dwell_ms)


def _provider(rng: random.Random, loved: tuple[str, ...]) -> str:
    if rng.random() < _STRAY_VISITS:
        return rng.choice(PROVIDERS)
    return rng.choice(_providers_of()[rng.choice(loved)])


def _shown(rng: random.Random, provider: str, loved: tuple[str, ...], seen: frozenset[_Item]) -> list[_Item]:
    fresh = [item for item in _shelves()[provider] if item not in seen]
    followed = [item for item in fresh if item.category in loved]
    picked = rng.sample(followed, min(_FOLLOWED_PER_VISIT, len(followed)))
    feed = list(dict.fromkeys(picked + rng.sample(fresh, rng.randint(*_ANY_PER_VISIT))))
    rng.shuffle(feed)
    return feed


def _signal(rng: random.Random, person: Person, loved: tuple[str, ...], category: str) -> Signal:
    neither = (person.curiosity, person.curiosity / 10, 0.20, 0.02, 0.70)
    odds = _LOVED if category in loved else _DISLIKED if category == person.disliked else neither
    return rng.choices(_SIGNALS, odds)[0]


def _dwell_ms(rng: random.Random, signal: Signal) -> int:
    least, typical = _DWELL_MS[signal]
    return int(least + (typical - least) * rng.lognormvariate(0.0, 0.5))


@cache
def _categories() -> tuple[str, ...]:
    return tuple(topics())


@cache
def _shelves() -> dict[str, tuple[_Item, ...]]:
    return {provider: tuple(map(_item, sample_items(provider))) for provider in PROVIDERS}


@cache
def _providers_of() -> dict[str, tuple[str, ...]]:
    offered: defaultdict[str, dict[str, None]] = defaultdict(dict)  # a dict keeps the order, a set would not
    for provider, shelf in _shelves().items():
        for item in shelf:
            offered[item.category][provider] = None
    return {category: tuple(providers) for category, providers in offered.items()}


def _item(entry: dict[str, object]) -> _Item:
    return _Item(str(entry["provider"]), str(entry["item"]), str(entry["category"]))
