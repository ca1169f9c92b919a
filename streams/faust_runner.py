"""Feeds a stage from Kafka through Faust: for stages with few messages and timers.

1. Faust's agent puts events into the intake (`streams.faust_member`); the pump takes what waits, hands it over, and
   commits after that.
2. Faust never looks at its group's fatal errors (it stays alive and consumes nothing), so they are looked at here, and
   end the runner. An error of the stage does, too: inside Faust it would acknowledge the event.
3. The end is bounded: Faust waits without limit for a broker that is gone.
"""

import asyncio
import logging
import uuid
from collections.abc import Collection, Coroutine, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.contract import Partition, Record, Stage, Timer
from streams.deadline import abandon, within
from streams.faust_app import StageApp, new_app
from streams.faust_member import FaustMember
from streams.hand_over import count_passing
from streams.intake import Intake
from streams.kafka_calls import CALL_TIMEOUT, ask, translated
from streams.kafka_clients import partitions_of
from streams.kafka_commits import Commits
from streams.kafka_evictions import Evictions
from streams.kafka_security import PLAINTEXT, KafkaSecurity
from streams.kafka_timing import LOOK, METADATA_AGE, SESSION_TIMEOUT
from streams.log_ends import went_back
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
        security: KafkaSecurity = PLAINTEXT,
    ) -> None:
        super().__init__(stage, metrics=metrics, stop_timeout=stop_timeout, stall_timeout=stall_timeout)
        self._bootstrap = bootstrap
        self._security = security
        self._batch_size = batch_size
        self._session_timeout = session_timeout
        self._instance = instance
        self._call_timeout = call_timeout
        self._metadata_age = metadata_age
        self._app: StageApp | None = None
        self._intake = Intake(batch_size)
        self._commits = Commits(self._commit_inside, self._count, stage=stage.name, bootstrap=bootstrap)
        self._member = FaustMember(
            self._hand,
            self._intake,
            self._commits,
            Evictions(stage.name),
            grouped=stage.group is not None,
            generation=lambda: self._running_app().consumer_generation_id,
            member_id=lambda: self._running_app().thread.member_id,
            stage=stage.name,
            ends=self._ends,
            patience=call_timeout,
        )

    async def _serve(self) -> None:
        await partitions_of(self._bootstrap, self._stage.topics, self._call_timeout, self._security)
        # Faust knows no reading without a group: one that nobody shares and that commits nothing is the same.
        self._app = new_app(
            self._stage.group or f"{self._stage.name}-{uuid.uuid4().hex}",
            self._stage.topics,
            self._member,
            bootstrap=self._bootstrap,
            session_timeout=self._session_timeout,
            instance=self._instance,
            metadata_age=self._metadata_age,
            security=self._security,
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

    async def _commit(self, batch: Sequence[Record]) -> None:
        await self._member.commit(batch, self._call_timeout)

    async def _commit_inside(self, offsets: dict[TopicPartition, int]) -> None:
        await self._running_app().thread.inside(lambda consumer: consumer.commit(offsets))

    async def _look_after(self, app: StageApp) -> None:
        """Step 2."""
        while True:
            try:
                await within(LOOK, self._member.failed.wait())
            except TimeoutError:
                await self._look(app)
            if self._member.failure is not None:
                raise self._member.failure

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

    def _add_timer(self, app: StageApp, timer: Timer) -> None:
        async def ticking() -> None:
            try:
                await tick(timer, self._stage.name, self._metrics, self._stall_timeout)
            except Exception as error:
                self._member.fail(error)

        app.timer(interval=timer.interval, on_leader=False)(ticking)

    async def _lag(self) -> int | None:
        handled = {TopicPartition(*source): offset for source, offset in self._member.handled.items()}
        if not handled:
            return None
        partitions = list(handled)

        async def bounds(consumer: AIOKafkaConsumer) -> tuple[dict[Any, int], dict[Any, int]]:
            return await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)

        doing = "reading the ends of its partitions"
        starts, ends = await ask(self._running_app().thread.inside(bounds), self._call_timeout, doing, self._bootstrap)
        for at, end in ends.items():
            if end < (handled[at] or 0):
                raise went_back(self._stage.name, Partition(*at), handled[at] or 0, end)
        return sum(int(end) - max(handled[at] or 0, int(starts[at])) for at, end in ends.items())

    async def _ends(self, sources: Collection[Partition]) -> dict[Partition, int]:
        async def ends(consumer: AIOKafkaConsumer) -> Mapping[Any, int]:
            found: Mapping[Any, int] = await consumer.end_offsets([TopicPartition(*source) for source in sources])
            return found

        doing = "reading the ends of its partitions"
        found = await ask(self._running_app().thread.inside(ends), self._call_timeout, doing, self._bootstrap)
        return {Partition(*at): int(end) for at, end in found.items()}

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

    def _running_app(self) -> StageApp:
        assert self._app is not None
        return self._app

    def _count(self, error: BrokerUnavailable) -> None:
        count_passing(error, self._stage.name, self._metrics)
