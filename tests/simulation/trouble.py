"""What happens to processes and servers: they are killed, stopped, frozen, cut off, set to another time, away."""

import asyncio
from collections.abc import Mapping
from random import Random

from streams.topics import CATALOG, ITEM_EMBEDDINGS, KEYS, PROFILE_EMBEDDINGS
from tests.simulation.fleet import Fleet, Place
from tests.simulation.group import Group
from tests.simulation.log import SimLog
from tests.simulation.losses import Losses
from tests.simulation.plan import Plan
from tests.simulation.process import Process, Weather
from tests.simulation.runner import SimRunner

CLOCKS = (-40.0, -3.0, 3.0, 40.0)
"""Seconds that a clock may jump. What a worker leases by a clock that is ahead stays leased for as long."""


class Trouble:
    def __init__(
        self,
        plan: Plan,
        fleet: Fleet,
        groups: Mapping[str, Group],
        runners: Mapping[str, SimRunner],
        weather: Weather,
        log: SimLog,
        losses: Losses,
        chance: Random,
    ) -> None:
        self._plan = plan
        self._fleet = fleet
        self._groups = groups
        self._runners = runners
        self._weather = weather
        self._log = log
        self._chance = chance
        self._happens = {
            "kill": self._kill,
            "freeze": self._freeze,
            "zombie": self._zombie,
            "stop": self._stop,
            "clock": self._clock,
            "store away": lambda: self._away("store"),
            "log away": lambda: self._away("log"),
            "compact": self._compact,
            "kill all": self._kill_all,
            "store loses writes": losses.lose_writes,
            "store wiped": losses.wipe,
        }

    async def run(self) -> None:
        kinds, weights = list(self._plan.happenings), list(self._plan.happenings.values())
        while any(weights):
            await asyncio.sleep(self._chance.expovariate(1 / self._plan.pause))
            if not self._weather.bad:
                return
            if self._fleet.living():
                self._happens[self._chance.choices(kinds, weights)[0]]()

    def end(self) -> None:
        """Everything is well again."""
        self._weather.away.clear()
        for place in self._fleet.living():
            process = _process(place)
            process.skew = process.frozen_until = 0.0

    def _one(self) -> Place:
        return self._chance.choice(self._fleet.living())

    def _kill(self) -> None:
        _process(self._one()).die("kill")

    def _kill_all(self) -> None:
        """A power cut."""
        for place in self._fleet.living():
            _process(place).die("kill all")

    def _freeze(self) -> None:
        _process(self._one()).freeze(self._chance.uniform(1.0, 25.0))

    def _stop(self) -> None:
        self._fleet.stop(self._one())

    def _zombie(self) -> None:
        place = self._one()
        if place.role in self._groups:
            self._groups[place.role].put_out(self._runners[place.name])

    def _clock(self) -> None:
        process = _process(self._one())
        process.skew = self._chance.choice(CLOCKS)
        process.trace.fault(process.name, "clock", f"{process.skew:+.0f} s")

    def _away(self, server: str) -> None:
        if server not in self._weather.away:
            self._fleet.trace.fault(server, f"{server} away")
            self._weather.away.add(server)
            back = self._chance.uniform(0.5, 15.0)
            asyncio.get_running_loop().call_later(back, self._weather.away.discard, server)

    def _compact(self) -> None:
        topic = self._chance.choice([CATALOG, ITEM_EMBEDDINGS, KEYS, PROFILE_EMBEDDINGS])
        self._fleet.trace.fault("log", "compact", topic)
        self._log.compact(topic)


def _process(place: Place) -> Process:
    assert place.process is not None
    return place.process
