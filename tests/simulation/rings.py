"""The keys as each process has them: one ring a process, on the store and the log as that process reaches them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from streams.contract import History, Producer
from streams.key_ring import KeyRing
from tests.simulation.opening import SECRET
from tests.simulation.process import Process
from workers.ports import Store


@dataclass
class Rings:
    store: Callable[[Process], Store]
    producer: Callable[[Process], Producer]
    history: Callable[[Process], History]
    _rings: dict[str, tuple[Process, KeyRing]] = field(default_factory=dict)
    """By name, of the process that bears it now."""

    def of(self, process: Process) -> KeyRing:
        known = self._rings.get(process.name)
        if known is None or known[0] is not process:
            known = self._rings[process.name] = (process, self._new(process))
        return known[1]

    def _new(self, process: Process) -> KeyRing:
        return KeyRing(
            self.store(process),
            self.producer(process),
            self.history(process),
            SECRET,
            now=asyncio.get_running_loop().time,
            random=process.chance.randbytes,
        )
