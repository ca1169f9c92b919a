"""Feeds a stage from Kafka through Faust: for stages with few messages and timers.

1. Faust's agent puts each event into the intake, which lets no more in while a whole batch waits: the stage's pace is
   the pace. The pump takes what waits, hands it over, and commits after that.
2. Revoke: what waits is dropped, the hand is settled, and what is still uncommitted is committed.
3. Assign: the stage is asked where to resume before Faust fetches anything.
4. Faust never looks at its group's fatal errors (it stays alive and consumes nothing), so they are looked at here, and
   end the runner. An error of the stage does, too: inside Faust it would acknowledge the event.
"""

import asyncio
import logging
import uuid
from collections.abc import Coroutine, Mapping, Sequence, Set
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.contract import Partition, Record, Stage, Timer
from streams.deadline import abandon, within
from streams.faust_app import ConsumerThread, Hooks, StageApp, new_app
from streams.hand_over import count_passing
from streams.intake import Intake
from streams.kafka_calls import CALL_TIMEOUT, ask, translated
from streams.kafka_clients import partitions_of
from streams.kafka_commits import Commits
from streams.kafka_evictions import Evictions
from streams.kafka_timing import COMMIT, LOOK, METADATA_AGE, SESSION_TIMEOUT, SETTLE
from streams.metrics import Metrics
from streams.stage_runner import STALL_TIMEOUT, STOP_TIMEOUT, StageRunner
from streams.timers import tick
from streams.together import together
from workers.errors import BrokerUnavailable, FatalRunnerError

_LOG = logging.getLogger(__name__)

_KILL = 0.5
"""Seconds: nothing is waited for then but our own steps."""


class FaustRunner(StageRunner):
    """`streams.contract.Runner` on Faust. `instance` makes the member static: unique among the workers of the stage."""

    def __init__(
        self,
        stage: Stage,
        *,
        bootstrap: str,
        batch_size: int,
        metrics: Metrics,
        session_timeout: float = SESSION_TIMEOUT,
        instance: str | None = None,
        stop_timeout: float = STOP_TIMEOUT,
        stall_timeout: float = STALL_TIMEOUT,
        call_timeout: float = CALL_TIMEOUT,
        metadata_age: float = METADATA_AGE,
    ) -> None:
        super().__init__(stage, metrics=metrics, stop_timeout=stop_timeout, stall_timeout=stall_timeout)
        self._bootstrap = bootstrap
        self._batch_size = batch_size
        self._session_timeout = session_timeout
        self._instance = instance
        self._call_timeout = call_timeout
        self._metadata_age = metadata_age
        self._app: StageApp | None = None
        self._intake = Intake(batch_size)
        self._assignment = 0
        """Grows with every revoke."""
        self._resume: Mapping[Partition, int] = {}
        self._handled: dict[Partition, int | None] = {}
        """The next offset of each assigned partition that the stage has not handled; None: its first."""
        self._failed = asyncio.Event()
        self._failure: Exception | None = None
        self._evictions = Evictions(stage.name)
        self._commits = Commits(self._commit_inside, self._count, stage=stage.name, bootstrap=bootstrap)

    async def _serve(self) -> None:
        await partitions_of(self._bootstrap, self._stage.topics, self._call_timeout)
        hooks = Hooks(self._give_up, self._prepare, self._starts, self._begin, self._take_in)
        # Faust knows no reading without a group: one that nobody shares and that commits nothing is the same.
        self._app = new_app(
            self._stage.group or f"{self._stage.name}-{uuid.uuid4().hex}",
            self._stage.topics,
            hooks,
            bootstrap=self._bootstrap,
            session_timeout=self._session_timeout,
            instance=self._instance,
            metadata_age=self._metadata_age,
        )
        for timer in self._stage.timers:
            self._add_timer(self._app, timer)
        await together(self._run_app(self._app), self._pump(), self._look_after(self._app))

    def _timers(self) -> list[Coroutine[Any, Any, None]]:
        return []  # they are Faust's

    async def _run_app(self, app: StageApp) -> None:
        try:
            await app.start()
        except KafkaError as error:
            raise translated(error, "starting", self._bootstrap) from error
        await asyncio.Event().wait()

    async def _pump(self) -> None:
        """Step 1."""
        while True:
            batch = await self._intake.take()
            await self._hand.deliver(batch, self._hand.turn, self._commit)

    async def _take_in(self, message: Any) -> None:
        """Step 1. A message that Faust fetched for an earlier assignment is not for us."""
        if self._app is not None and message.generation_id == self._app.consumer_generation_id:
            milliseconds = round(message.timestamp * 1000)
            await self._intake.put(
                Record(message.topic, message.partition, message.offset, message.key, message.value, milliseconds)
            )

    async def _commit(self, batch: Sequence[Record]) -> None:
        self._handled |= {record.source: record.offset + 1 for record in batch}
        if self._stage.group is not None:
            self._commits.add(batch)
            await self._commits.flush(self._call_timeout)

    async def _commit_inside(self, offsets: dict[TopicPartition, int]) -> None:
        await self._app_thread().inside(lambda consumer: consumer.commit(offsets))

    async def _give_up(self) -> None:
        """Step 2. What goes wrong ends the runner: Faust would only log it."""
        try:
            self._assignment += 1
            self._intake.close()
            if self._handled:
                self._evictions.note(self._app_thread().member_id)
            await self._hand.settle(SETTLE)
            await self._commits.flush(COMMIT)
            self._commits.forget()
        except Exception as error:
            self._fail(error)

    async def _prepare(self, assigned: Set[TP]) -> None:
        """Step 3."""
        assignment = self._assignment
        asking = asyncio.create_task(self._hand.where_to_resume([Partition(*tp) for tp in assigned]))
        try:
            while not asking.done() and assignment == self._assignment:
                await asyncio.wait({asking}, timeout=LOOK)
            self._resume = asking.result() if asking.done() else {}
        except Exception as error:
            self._fail(error)
        finally:
            abandon(asking)

    def _starts(self, committed: Mapping[TP, int | None]) -> Mapping[TP, int]:
        """Step 3: where not to start at the committed offset. Without a group: go on where this runner is."""
        if self._stage.group is None:
            self._handled = {Partition(*tp): self._handled.get(Partition(*tp)) for tp in committed}
            return {TP(*source): offset for source, offset in self._handled.items() if offset is not None}
        resume = self._resume
        starts = {tp: min(at, resume.get(Partition(*tp), at)) for tp, at in committed.items() if at}
        self._handled = {Partition(*tp): starts.get(tp) for tp in committed}
        return {tp: offset for tp, offset in starts.items() if offset != committed[tp]}

    def _begin(self) -> None:
        self._intake.open()
        self._hand.open()

    async def _look_after(self, app: StageApp) -> None:
        """Step 4."""
        while True:
            try:
                await within(LOOK, self._failed.wait())
            except TimeoutError:
                await self._look(app)
            if self._failure is not None:
                raise self._failure

    async def _look(self, app: StageApp) -> None:
        if app.crashed:
            raise FatalRunnerError(f"Faust ended {self._stage.name} ({app.crash_reason!r}): restart it")
        try:
            await within(self._call_timeout, app.thread.check_group())
        except TimeoutError:
            return  # still starting, or busy: the watch over progress will tell
        except KafkaError as error:
            raise translated(error, "consuming", self._bootstrap) from error
        await self._commits.flush(self._call_timeout)  # what the broker did not take before

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self._failed.set()

    def _add_timer(self, app: StageApp, timer: Timer) -> None:
        async def ticking() -> None:
            try:
                await tick(timer, self._stage.name, self._metrics)
            except Exception as error:
                self._fail(error)

        app.timer(interval=timer.interval, on_leader=False)(ticking)

    async def _lag(self) -> int | None:
        handled = {TopicPartition(*source): offset for source, offset in self._handled.items()}
        if not handled:
            return None
        partitions = list(handled)

        async def bounds(consumer: AIOKafkaConsumer) -> tuple[dict[Any, int], dict[Any, int]]:
            return await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)

        doing = "reading the ends of its partitions"
        starts, ends = await ask(self._app_thread().inside(bounds), self._call_timeout, doing, self._bootstrap)
        return sum(int(end) - max(handled[at] or 0, int(starts[at])) for at, end in ends.items())

    async def _leave(self, seconds: float) -> None:
        if self._app is None:
            return
        self._intake.close()
        stopping = asyncio.ensure_future(self._app.stop())
        await asyncio.wait({stopping}, timeout=seconds)
        try:
            if not stopping.done():
                _LOG.warning("%s: Faust did not stop in %.1f s and is ended by force", self._stage.name, seconds)
                await within(_KILL, self._app.thread.kill())
                await asyncio.wait({stopping}, timeout=_KILL)
        except Exception as error:
            _LOG.error("%s: Faust's consumer could not be ended: %r", self._stage.name, error)
        finally:
            abandon(stopping)

    def _app_thread(self) -> ConsumerThread:
        assert self._app is not None
        return self._app.thread

    def _count(self, error: BrokerUnavailable) -> None:
        count_passing(error, self._stage.name, self._metrics)
