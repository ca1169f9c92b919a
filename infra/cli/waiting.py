"""Waiting until a stage has worked off what it was sent."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.cli.progress import progress_bar
from workers.errors import AttuneError

POLL_SECONDS = 0.25

STALL_SECONDS = 60.0
"""The slowest that a healthy stage does between two commits: loading the model (15 s) and a batch of 200 long texts on
one busy core (10 s)."""


class NotCaughtUp(AttuneError):
    """A stage does not get on with what it was sent."""


@dataclass(frozen=True)
class Time:
    """The clock in seconds, and sleeping."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def wait_for(stage: str, lags: Callable[[], Mapping[str, int]], clock: Time | None = None) -> float:
    """Seconds until the lag of the stage (messages accepted and not yet handled) was 0. `lags` gives it by stage.
    Raises `NotCaughtUp` where the service has no such stage, or its lag has not come down for `STALL_SECONDS`."""
    clock = clock or Time()
    begin = moved = clock.now()
    first = least = lag = _lag(stage, lags())
    with progress_bar(f"{stage}: working it off", total=first) as advance:
        while lag > 0:
            if clock.now() - moved > STALL_SECONDS:
                raise NotCaughtUp(_stalled(stage, lag))
            clock.sleep(POLL_SECONDS)
            lag = _lag(stage, lags())
            if lag < least:
                least, moved = lag, clock.now()
                advance(first - least)
    return clock.now() - begin


def _lag(stage: str, lags: Mapping[str, int]) -> int:
    if stage not in lags:
        raise NotCaughtUp(f"the gateway knows no stage '{stage}': its status names {', '.join(lags) or 'none'}")
    return lags[stage]


def _stalled(stage: str, lag: int) -> str:
    return (
        f"everything was accepted, but {stage} has {lag:,} messages before it and has not come nearer to the end for "
        f"{STALL_SECONDS:g} s.\nSee that it runs (`attune up` or `attune worker {stage}`); nothing needs to be sent "
        "again. `attune status` shows how far it is."
    )
