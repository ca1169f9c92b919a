"""The processes of the service, and what keeps them running: whoever ends is started again, with nothing in memory."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from streams.own_thread import Part
from tests.simulation.process import Faults, Process
from tests.simulation.trace import Trace
from workers.errors import FatalRunnerError

RESTART = (0.1, 6.0)
"""Virtual seconds until somebody who ended is there again."""


@dataclass
class Place:
    """One process at a time."""

    role: str
    name: str
    build: Callable[[Process], Part]
    process: Process | None = None
    part: Part | None = None


@dataclass
class Fleet:
    """`failures` takes what no process may end by."""

    trace: Trace
    faults: Faults
    chance: Random
    epoch: float
    failures: list[str]
    places: list[Place] = field(default_factory=list)
    _keepers: list["asyncio.Task[None]"] = field(default_factory=list)
    _stops: set["asyncio.Task[None]"] = field(default_factory=set)

    def add(self, role: str, number: int, build: Callable[[Process], Part]) -> None:
        self.places.append(Place(role, f"{role}-{number}", build))

    def start(self, *roles: str) -> None:
        for place in self.places:
            if place.role in roles:
                self._keepers.append(asyncio.create_task(self._keep(place)))

    def living(self) -> list[Place]:
        return [place for place in self.places if place.process is not None and place.process.alive]

    def stop(self, place: Place) -> None:
        """In order: its batch in hand ends, and it leaves its group."""
        if place.part is not None:
            self.trace.fault(place.name, "stop")
            stopping = asyncio.create_task(place.part.stop())
            self._stops.add(stopping)
            stopping.add_done_callback(self._stops.discard)

    def process(self, name: str) -> Process:
        return Process(name, self.trace, self.faults, self.chance, self.epoch)

    async def _keep(self, place: Place) -> None:
        while True:
            place.process = process = self.process(place.name)
            place.part = part = place.build(process)
            self.trace.note(place.name, "start")
            process.task = asyncio.create_task(part.run())
            await asyncio.wait({process.task})
            self._note_end(place, process, process.task)
            process.alive = False
            await asyncio.sleep(self.chance.uniform(*RESTART))

    def _note_end(self, place: Place, process: Process, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        self.trace.note(place.name, "end", "" if error is None else f"{type(error).__name__}: {error}")
        if error is not None and process.alive and not isinstance(error, FatalRunnerError):
            self.failures.append(f"{place.name} ended by {type(error).__name__}: {error}")
