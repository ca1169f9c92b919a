"""A consumer group: who reads which partitions, and up to where.

A change of the group, as Kafka's eager protocol has it:

1. Somebody joins, leaves, or has been silent for the session: the group changes.
2. Every member is asked to give up what it has. Who does not answer within the session is out.
3. A new generation: the same numbers of every topic go to the same member. Who is of an older generation reads on until
   it is told, and is refused when it commits: that is a zombie.
"""

import asyncio
from collections.abc import Mapping, Sequence
from random import Random
from typing import Protocol

from streams.contract import Partition
from tests.simulation.log import SimLog
from tests.simulation.trace import Trace

SESSION = 10.0
"""Virtual seconds of silence after which a member is out."""

TOLD_AFTER = (0.1, 8.0)
"""Until a member that is out hears of it: its next heartbeat that comes through."""


class Member(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def topics(self) -> tuple[str, ...]: ...

    async def revoke(self) -> None:
        """Gives up everything, and commits what it has handled."""

    def assign(self, generation: int, partitions: Sequence[Partition]) -> None: ...

    def put_out(self) -> None:
        """It hears that it is no member any more."""


class Group:
    def __init__(self, name: str, log: SimLog, chance: Random, trace: Trace) -> None:
        self.name = name
        self.committed: dict[Partition, int] = {}
        self._log = log
        self._chance = chance
        self._trace = trace
        self._members: dict[str, Member] = {}
        self._generation = 0
        self._changed = asyncio.Event()

    @property
    def members(self) -> list[str]:
        return sorted(self._members)

    def lag(self, topics: Sequence[str]) -> int:
        return self._log.behind(self.committed, topics)

    def join(self, member: Member) -> None:
        self._members[member.name] = member
        self._changed.set()

    def leave(self, member: Member) -> None:
        if self._members.pop(member.name, None) is not None:
            self._changed.set()

    def is_silent(self, member: Member) -> None:
        """From now on. Step 1, unless it has come back as another or spoken by then."""
        asyncio.get_running_loop().call_later(SESSION, self._expire, member)

    def put_out(self, member: Member) -> None:
        """It is cut off from the group, but from nothing else: step 3's zombie."""
        if self._members.get(member.name) is member:
            self._trace.fault(member.name, "zombie")
            self._drop(member)

    def commit(self, member: Member, generation: int, offsets: Mapping[Partition, int]) -> bool:
        """False (and no effect) where the member is of an older generation."""
        if self._members.get(member.name) is not member or generation != self._generation:
            return False
        self.committed.update(offsets)
        return True

    async def run(self) -> None:
        """Step 2 and 3, for ever."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(self._chance.uniform(0.0, 0.5))
            self._changed.clear()
            await self._rebalance()

    async def _rebalance(self) -> None:
        asked = list(self._members.values())
        tasks = [asyncio.create_task(member.revoke()) for member in asked]
        if tasks:
            await asyncio.wait(tasks, timeout=SESSION)
        for member, task in zip(asked, tasks, strict=True):
            if not task.done() or task.cancelled() or task.exception() is not None:
                task.cancel()
                self._drop(member)
        self._generation += 1
        self._changed.clear()
        members = [self._members[name] for name in self.members]
        for number, member in enumerate(members):
            mine = [at for at in self._log.partitions_of(member.topics) if at.number % len(members) == number]
            self._trace.note(member.name, "assigned", f"{self._generation} {sorted({at.number for at in mine})}")
            member.assign(self._generation, mine)

    def _expire(self, member: Member) -> None:
        if self._members.get(member.name) is member:
            self._drop(member)

    def _drop(self, member: Member) -> None:
        if self._members.get(member.name) is member:
            del self._members[member.name]
            self._changed.set()
            asyncio.get_running_loop().call_later(self._chance.uniform(*TOLD_AFTER), member.put_out)
