"""Time spent, and what many measurements come to."""

import asyncio
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Figures = dict[str, Any]
"""Ready for JSON."""


def say(message: str) -> None:
    """Progress goes to stderr: stdout is for the result."""
    print(message, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Moment:
    wall: float
    cpu: float
    """Seconds that all threads of this process have worked; the servers are other processes and not in it."""

    @classmethod
    def now(cls) -> "Moment":
        return cls(time.perf_counter(), time.process_time())


class Meter:
    """Times a loop that handles `events` events, from the end of its first batch to the end of its last: as many
    fetches, effects and commits lie between as batches are counted, and warming up does not."""

    def __init__(self, events: int) -> None:
        self._left = events
        self._ends: list[Moment] = []
        self._sizes: list[int] = []
        self.complete = asyncio.Event()

    def count(self, size: int) -> None:
        """To be called at the end of each batch."""
        self._ends.append(Moment.now())
        self._sizes.append(size)
        self._left -= size
        if self._left <= 0:
            self.complete.set()

    def figures(self) -> Figures:
        first, last = self._ends[0], self._ends[-1]
        events = sum(self._sizes[1:])
        return {
            "events": events,
            "batches": len(self._sizes) - 1,
            "seconds": round(last.wall - first.wall, 4),
            "events_per_s": round(events / (last.wall - first.wall), 1),
            "cpu_us_per_event": round((last.cpu - first.cpu) / events * 1e6, 2),
        }


def median_of(runs: Sequence[Figures], name: str) -> float:
    median: float = statistics.median(run[name] for run in runs)
    return median


def latencies(seconds: Sequence[float]) -> Figures:
    """Percentiles in milliseconds."""
    p50, p90, p99 = (round(float(value) * 1000, 2) for value in np.percentile(seconds, (50, 90, 99)))
    return {"p50_ms": p50, "p90_ms": p90, "p99_ms": p99, "samples": len(seconds)}


def machine() -> Figures:
    return {"cores": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}", "python": _python()}


def _python() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"
