"""A runner on the simulated log (`streams.contract`), around the real `streams.hand_over` and `streams.kafka_commits`.

It does what the aiokafka runner does, at the same places: it reads on while a batch is in hand only as far as the next
batch, settles the hand before it gives partitions up, asks the stage where to resume, commits after the effect, keeps
the offsets that a commit could not bring, and takes no notice of a group that has put it out until it is told.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from random import Random

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError

from streams.contract import Partition, Record, Stage, Timer
from streams.hand_over import HandOver, count_passing
from streams.kafka_commits import Commits
from streams.metrics import Metrics
from streams.timers import keep_ticking
from streams.together import together
from tests.simulation.group import Group
from tests.simulation.log import SimLog
from tests.simulation.process import Process
from workers.errors import BrokerUnavailable

SETTLE, COMMIT, LOOK = 5.0, 2.0, 0.5
"""Virtual seconds: within the group's session, and between two tries to commit what is owed."""

STALL = 60.0
"""Virtual seconds in which nobody here gets on: longer than anybody is frozen."""


class _Watched:
    """The stage, with its batches in the trace."""

    def __init__(self, stage: Stage, process: Process) -> None:
        self._stage = stage
        self._process = process
        self.name, self.group, self.topics, self.timers = stage.name, stage.group, stage.topics, stage.timers

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        return await self._stage.resume(assigned)

    async def handle(self, batch: Sequence[Record]) -> None:
        self._process.trace.note(self._process.name, "handle", _named(batch))
        await self._stage.handle(batch)


class SimRunner:
    """`batch` is the most records in one; how many there are is drawn for each. Of a stage without a group `group` is
    None: it reads everything from the start."""

    def __init__(
        self,
        stage: Stage,
        log: SimLog,
        group: Group | None,
        process: Process,
        metrics: Metrics,
        chance: Random,
        *,
        batch: int = 24,
        timer_pace: float = 1.0,
    ) -> None:
        self.name = process.name
        self.topics = stage.topics
        self._stage = stage
        self._log = log
        self._group = group
        self._process = process
        self._metrics = metrics
        self._chance = chance
        self._batch = batch
        self._timer_pace = timer_pace
        self._hand = HandOver(_Watched(stage, process), metrics)
        self._commits = Commits(self._send_commit, self._count, stage=stage.name, bootstrap="simulated")
        self._positions: dict[Partition, int] = {}
        self._assigned: tuple[int, tuple[Partition, ...]] | None = None
        self._generation = -1
        self._started = False
        self._owed = False
        self._asked = self._taken = 0
        self._hearing: asyncio.Future[None] | None = None
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def is_idle(self) -> bool:
        """Nothing in hand, and nothing to read."""
        behind = any(at < self._log.ends[source] for source, at in self._positions.items())
        return self._started and not self._hand.in_hand and not behind

    async def run(self) -> None:
        deaf = self._log.listen(self._hear)
        if self._group is not None:
            self._process.on_death.append(self._fall_silent)
            self._process.on_freeze.append(self._fall_silent)
            self._group.join(self)
        try:
            await together(self._serve(), self._until_stopped(), *map(self._keep_ticking, self._stage.timers))
        finally:
            deaf()
            if self._group is not None and self._process.alive:
                self._group.leave(self)
            self._ended.set()

    async def stop(self) -> None:
        self._stopping.set()
        await self._ended.wait()

    async def revoke(self) -> None:
        await self._process.running()
        self._give_up()
        await self._hand.settle(SETTLE)
        await self._commits.flush(COMMIT)
        self._commits.forget()

    def assign(self, generation: int, partitions: Sequence[Partition]) -> None:
        self._assigned, self._generation = (generation, tuple(partitions)), generation
        self._woken.set()

    def put_out(self) -> None:
        if self._process.alive and not self._stopping.is_set():
            self._hearing = asyncio.ensure_future(self._join_again())

    async def _join_again(self) -> None:
        await self.revoke()
        # Told to stop meanwhile, it has left: its follower of the same name must not be put out for it.
        if self._group is not None and not self._stopping.is_set():
            self._group.join(self)

    def _fall_silent(self) -> None:
        if self._group is not None:
            self._group.is_silent(self)

    def _give_up(self) -> None:
        self._assigned, self._started = None, False
        self._woken.set()

    def _hear(self, topic: str) -> None:
        if topic in self.topics:
            self._woken.set()

    async def _serve(self) -> None:
        if self._group is None:
            self.assign(0, self._log.partitions_of(self.topics))
        while True:
            await self._process.running()
            if self._assigned is None:
                await self._wake()
            elif not self._started:
                await self._start(*self._assigned)
            else:
                turn = self._hand.turn
                if batch := await self._fetch():
                    await self._deliver(batch, turn)

    async def _deliver(self, batch: Sequence[Record], turn: int) -> None:
        await self._hand.deliver(batch, turn, self._commit)

    async def _wake(self) -> None:
        self._woken.clear()
        await self._woken.wait()

    async def _start(self, generation: int, partitions: Sequence[Partition]) -> None:
        committed = {} if self._group is None else self._group.committed
        resume = {} if self._group is None else await self._hand.where_to_resume(partitions)
        await asyncio.sleep(self._chance.uniform(0, 0.05))
        if self._assigned == (generation, partitions):
            starts = {at: committed.get(at, 0) for at in partitions}
            self._positions = {at: min(start, resume.get(at, start)) for at, start in starts.items()}
            self._started = True
            self._hand.open()

    async def _fetch(self) -> list[Record]:
        """[] where the assignment changes meanwhile."""
        await asyncio.sleep(self._chance.uniform(0, 0.05))
        await self._process.running()
        while self._started:
            if batch := self._page():
                return batch
            await self._commits.flush(COMMIT)
            await (asyncio.sleep(LOOK) if self._owed else self._wake())
            await self._process.running()
        return []

    def _page(self) -> list[Record]:
        """A random part of what there is, from partitions in random order."""
        sources = [source for source, at in self._positions.items() if at < self._log.ends[source]]
        self._chance.shuffle(sources)
        room = self._chance.randint(1, self._batch)
        batch: list[Record] = []
        for source in sources:
            limit = min(room - len(batch), self._chance.randint(1, self._batch))
            page = self._log.page(source, self._positions[source], limit) if limit else []
            if page:
                self._positions[source] = page[-1].offset + 1
                batch += page
        return batch

    async def _commit(self, batch: Sequence[Record]) -> None:
        if self._group is not None:
            self._commits.add(batch)
            await self._commits.flush(COMMIT)

    async def _send_commit(self, offsets: dict[TopicPartition, int]) -> None:
        group, generation = self._group, self._generation
        assert group is not None
        self._owed = True
        places = {Partition(at.topic, at.partition): offset for at, offset in offsets.items()}
        self._asked += 1
        asked = self._asked

        def effect() -> bool:
            """A member's requests go over one connection: none overtakes another."""
            if asked < self._taken:
                return True
            self._taken = asked
            return group.commit(self, generation, places)

        taken = await self._process.call("log", "commit offsets", effect, TimeoutError)
        self._owed = False
        if not taken:
            raise CommitFailedError

    async def _keep_ticking(self, timer: Timer) -> None:
        async def running_tick() -> None:
            await self._process.running()
            await timer.tick()

        slower = Timer(timer.interval * self._timer_pace, running_tick)
        await keep_ticking(slower, self._stage.name, self._metrics, STALL)

    async def _until_stopped(self) -> None:
        await self._stopping.wait()
        await self._hand.settle(SETTLE, for_good=True)

    def _count(self, error: BrokerUnavailable) -> None:
        count_passing(error, self._stage.name, self._metrics)


def _named(batch: Sequence[Record]) -> str:
    return " ".join(f"{record.topic.removeprefix('attune.')}/{record.partition}/{record.offset}" for record in batch)
