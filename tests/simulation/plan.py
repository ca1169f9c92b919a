"""What a seed stands for: how large the service is, what people do, what goes wrong and how often."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from tests.simulation.process import KINDS

WORKLOAD = (
    "edits",
    "refreshes",
    "lies",
    "retractions",
    "unknown items",
    "own words",
    "catalog changes",
    "garbage",
    "duplicates",
    "future",
)
"""What may be in the mailboxes besides plain interactions; and, in two seeds of five, that some of these people want to
be forgotten (`forgets`), while an operator has dead-letters sent again, or that they bring something from elsewhere
(`brings`)."""

CHAOS = ("kill", "freeze", "zombie", "stop", "clock", "store away", "log away", "compact", "kill all")
"""What may happen to processes and servers besides faults of single calls."""

LOSSES = ("store loses writes", "store wiped")
"""The same, of the store's contents."""

WIDE = 256
"""A window that holds everything that one person does in a run."""

OPEN: frozenset[str] = frozenset()
"""Known to break, and not looked at until that is mended, unless asked for (`deleted items` can be left out). Nothing
at present."""


@dataclass(frozen=True)
class Plan:
    """`pure`: interactions with known items only, all in the log before the first worker starts, and nothing that goes
    by time: what comes out is predicted from the inputs alone, to the byte. Times in virtual seconds."""

    seed: int
    pure: bool
    calm: bool
    """Nothing goes wrong: then also the figures must add up to the last one."""
    cold: bool
    """The catalog comes with the events and not before them."""
    partitions: int
    users: int
    events: int
    """Of each user."""
    workers: Mapping[str, int]
    """By role."""
    window: int
    chaos_time: float
    rates: Mapping[str, float]
    """Of faults, by kind, as shares of all calls."""
    happenings: Mapping[str, float]
    """Weights of what happens next."""
    pause: float
    """Mean time between two of them."""
    workload: frozenset[str]
    """Of `WORKLOAD`."""
    without: frozenset[str] = OPEN
    """Of `OPEN`, `CHAOS`, `LOSSES` and `KINDS`: left out by whoever plays the seed."""


def plan_of(seed: int, without: frozenset[str] = OPEN) -> Plan:
    chance = Random(f"plan {seed}")
    pure = chance.random() < 0.2
    calm = chance.random() < 0.06
    harsh = chance.choice([0.3, 1.0, 1.0, 2.0])
    # Each seed has some kinds of trouble and not others: where all are there at once, one hides the other.
    rates = {kind: harsh * chance.uniform(0.002, 0.02) if chance.random() < 0.6 else 0.0 for kind in KINDS}
    happenings = {what: chance.uniform(0.2, 1.0) if chance.random() < 0.5 else 0.0 for what in CHAOS}
    happenings |= _losses(seed, pure)
    workload = frozenset(what for what in WORKLOAD if chance.random() < 0.6)
    return Plan(
        seed=seed,
        pure=pure,
        calm=calm,
        cold=not pure and chance.random() < 0.2,
        partitions=chance.choice([1, 2, 2, 3]),
        users=chance.randint(2, 5),
        events=chance.randint(6, 18),
        workers={
            "agents": chance.choice([1, 2, 2, 3]),
            "embedder": chance.choice([1, 1, 2]),
            "control": 0 if pure else chance.choice([1, 1, 2]),
            "refiner": 0 if pure else chance.choice([1, 1, 2]),
            "provider": 1,
        },
        window=chance.choice([WIDE, WIDE, 8]),
        chaos_time=chance.uniform(10, 45),
        rates={} if calm else {kind: 0.0 if kind in without else rate for kind, rate in rates.items()},
        happenings={} if calm else {what: 0.0 if what in without else one for what, one in happenings.items()},
        pause=chance.uniform(1, 8),
        workload=workload & {"garbage", "duplicates", "future", "retractions"}
        if pure
        else workload | _forgets(seed) | _brings(seed),
        without=without,
    )


def _forgets(seed: int) -> frozenset[str]:
    return frozenset({"forgets"}) if Random(f"forgets {seed}").random() < 0.5 else frozenset()


def _brings(seed: int) -> frozenset[str]:
    return frozenset({"brings"}) if Random(f"brings at all {seed}").random() < 0.5 else frozenset()


def _losses(seed: int, pure: bool) -> dict[str, float]:
    """In two seeds of five. Not everything of a `pure` plan: before the catalog is embedded again its events would
    wait for time to pass."""
    chance = Random(f"losses {seed}")
    weights = {what: chance.uniform(0.2, 1.0) if chance.random() < 0.25 else 0.0 for what in LOSSES}
    return weights | {"store wiped": 0.0} if pure else weights
