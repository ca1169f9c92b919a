"""One seed from its plan to its verdict, and how a failure is told."""

import asyncio
import gc
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.simulation.gone import gone_in
from tests.simulation.outcome import check
from tests.simulation.person import edits_in
from tests.simulation.plan import OPEN, Plan, plan_of
from tests.simulation.world import REAL, Variants, World, played


@dataclass(frozen=True)
class Result:
    """Times in virtual seconds; `events` are records in the log."""

    plan: Plan
    failures: tuple[str, ...] = ()
    faults: Counter[str] = field(default_factory=Counter)
    events: int = 0
    edits: int = 0
    """Of people who were not forgotten: what they must have come to is checked in the end."""
    forgotten: int = 0
    commits: int = 0
    seconds: float = 0.0
    trace: tuple[str, ...] = ()
    digest: str = ""

    def told(self) -> str:
        """What is wrong, and how to see it again."""
        left_out = "" if self.plan.without == OPEN else f" (without {sorted(self.plan.without)})"
        problems = "\n".join(f"  - {problem}" for problem in self.failures)
        return f"seed {self.plan.seed}{left_out}:\n{problems}\n  again: python -m tests.simulation {self.plan.seed}"


def play(seed: int, without: frozenset[str] = OPEN, variants: Variants = REAL, *, trace: bool = False) -> Result:
    """Never raises what goes wrong in the run: that is a failure like any other."""
    with _silence(), _without_collecting():
        return _played(plan_of(seed, without), variants, trace)


def _played(plan: Plan, variants: Variants, trace: bool) -> Result:
    seconds = 0.0

    async def judge(world: World) -> None:
        nonlocal seconds
        seconds = asyncio.get_running_loop().time()
        await check(world)

    try:
        world = played(plan, judge, variants)
    except Exception as error:  # The run itself broke down, or what it left cannot even be read.
        return Result(plan, (f"{type(error).__name__}: {error}",))
    return Result(
        plan,
        tuple(world.failures),
        world.trace.faults,
        sum(world.log.ends.values()),
        edits_in(world),
        len(gone_in(world)),
        len(world.store.history),
        seconds,
        tuple(world.trace.lines()) if trace else (),
        world.trace.digest() if trace else "",
    )


@contextmanager
def _silence() -> Iterator[None]:
    """A worker that is killed every second writes more than anybody reads; the trace says it shorter."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """All of a seed is garbage in the end, some 20 MB: looking for it meanwhile takes a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
