"""What a Faust app tells the runner, and what follows from it: the same course as in `streams.kafka_member`.

1. Event: into the intake, which lets no more in while a whole batch waits: the stage's pace is the pace. What Faust
   fetched for an earlier assignment, and what was seen already, is dropped.
2. Revoke: what waits is dropped, the hand is settled, and what is still uncommitted is committed.
3. Assign: the stage is asked where to resume before Faust fetches anything.

What goes wrong in 2 and 3 is kept as `failure`, for the runner to raise: Faust would only log it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Protocol

from faust.types import TP

from streams.contract import Partition, Record
from streams.deadline import abandon
from streams.hand_over import HandOver
from streams.intake import Intake
from streams.kafka_commits import Commits
from streams.kafka_evictions import Evictions
from streams.kafka_timing import COMMIT, LOOK, SETTLE
from streams.log_ends import Ends, refuse_a_shorter_log


class FaustMessage(Protocol):
    """What is used of Faust's message. `timestamp` is in seconds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: float
    generation_id: int


class FaustMember:
    """One member of a group. `generation` and `member_id` say what Faust's consumer holds at this moment; `patience` is
    for `streams.log_ends`."""

    def __init__(
        self,
        hand: HandOver,
        intake: Intake,
        commits: Commits,
        evictions: Evictions,
        *,
        grouped: bool,
        generation: Callable[[], int],
        member_id: Callable[[], str],
        stage: str,
        ends: Ends,
        patience: float,
    ) -> None:
        self._hand = hand
        self._intake = intake
        self._commits = commits
        self._evictions = evictions
        self._grouped = grouped
        self._generation = generation
        self._member_id = member_id
        self._stage = stage
        self._ends = ends
        self._patience = patience
        self._assignment = 0
        self._prepared: int | None = None
        self._resume: Mapping[Partition, int] = {}
        self.handled: dict[Partition, int | None] = {}
        """The next offset of each assigned partition that the stage has not handled; None: its first."""
        self.failed = asyncio.Event()
        self.failure: Exception | None = None

    async def message(self, message: FaustMessage) -> None:
        """Step 1."""
        if message.generation_id == self._generation():
            at = (message.topic, message.partition, message.offset)
            await self._intake.put(Record(*at, message.key, message.value, round(message.timestamp * 1000)))

    async def commit(self, batch: Sequence[Record], seconds: float) -> None:
        """The stage has handled the batch."""
        self.handled |= {record.source: record.offset + 1 for record in batch}
        if self._grouped:
            self._commits.add(batch)
            await self._commits.flush(seconds)

    async def revoked(self) -> None:
        """Step 2."""
        try:
            self._assignment += 1
            self._intake.close()
            if self._prepared is not None:
                self._evictions.note(self._member_id())
            await self._hand.settle(SETTLE)
            await self._commits.flush(COMMIT)
            self._commits.forget()
        except Exception as error:
            self.fail(error)

    async def assigned(self, partitions: Set[TP]) -> None:
        """Step 3. Given up when the partitions are taken away meanwhile."""
        self._evictions.assigned()
        assignment = self._assignment
        asking = asyncio.create_task(self._where_to_resume([Partition(*tp) for tp in partitions]))
        try:
            while not asking.done() and assignment == self._assignment:
                await asyncio.wait({asking}, timeout=LOOK)
            if asking.done():
                self._resume, self._prepared = asking.result(), assignment
        except Exception as error:
            self.fail(error)
        finally:
            abandon(asking)

    async def _where_to_resume(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        resume = await self._hand.where_to_resume(partitions)
        await refuse_a_shorter_log(self._stage, resume, self._ends, self._patience)
        return resume

    def starts(self, committed: Mapping[TP, int | None]) -> Mapping[TP, int]:
        """Step 3: where not to start at the committed offset. Without a group: go on where this member is."""
        if not self._grouped:
            self.handled = {Partition(*tp): self.handled.get(Partition(*tp)) for tp in committed}
            return {TP(*source): offset for source, offset in self.handled.items() if offset is not None}
        resume = self._resume
        starts = {tp: min(at, resume.get(Partition(*tp), at)) for tp, at in committed.items() if at}
        self.handled = {Partition(*tp): starts.get(tp) for tp in committed}
        return {tp: offset for tp, offset in starts.items() if offset != committed[tp]}

    def started(self) -> None:
        """Faust fetches from now on; of an assignment that is over already, nothing is wanted."""
        if self._prepared == self._assignment:
            self._intake.open()
            self._hand.open()

    def fail(self, error: Exception) -> None:
        """Keeps the first failure."""
        self.failure = self.failure or error
        self.failed.set()
