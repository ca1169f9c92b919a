"""Events sent at even distances, and how long each takes to come through to its reader."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.service import until
from streams.contract import Outgoing, Producer

PAST = 20
"""Events a user before the measured ones: as many as make a profile."""

_PAST_PACE = 4
TURNS = 2
"""That count."""

SETTLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Turn:
    events: Sequence[Outgoing]
    rate: float


@dataclass(frozen=True, slots=True)
class Way:
    """One way from an event to its reader."""

    producer: Producer
    seconds: list[float]
    """From accepted to in the reader's hands; grows as they come."""
    is_through: Callable[[int], bool]
    """Whether so many events, and all that followed from them, have come through."""


def turns_of(messages: Sequence[Outgoing], past: int, rate: float) -> list[Turn]:
    """First the past, four times as fast, which does not count; then the turns that do."""
    size = (len(messages) - past) // TURNS
    bounds = [past + number * size for number in range(TURNS)] + [len(messages)]
    counting = [Turn(messages[start:end], rate) for start, end in pairwise(bounds)]
    return [Turn(messages[:past], _PAST_PACE * rate), *counting]


async def travel(way: Way, turn: Turn) -> None:
    """The seconds that the turn's events took are added to the way's."""
    await _send_at(turn.rate, way.producer, turn.events)
    await until(lambda: way.is_through(len(turn.events)), SETTLE_SECONDS)


async def _send_at(rate: float, producer: Producer, events: Sequence[Outgoing]) -> None:
    start = time.perf_counter()
    sending = []
    for number, event in enumerate(events):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        sending.append(asyncio.create_task(producer.send([event])))
    await asyncio.gather(*sending)
