"""The simulated store by itself, on any event loop: what the contract suites play on."""

import time
from random import Random

from tests.simulation.process import Faults, Process, Weather
from tests.simulation.store import SimStore, StoreClient
from tests.simulation.trace import Trace


def store_alone() -> StoreClient:
    """In good weather, with nobody else there."""
    chance = Random(0)
    faults = Faults(chance, {}, Weather())
    return StoreClient(SimStore(), Process("alone", Trace(time.monotonic), faults, chance, epoch=0.0))
