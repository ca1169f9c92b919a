"""Feeds a stage from Kafka in batches, on aiokafka: the default for every role in the cluster."""

from collections.abc import Sequence
from typing import Protocol

from aiokafka import TopicPartition

from streams.contract import Record, Stage
from streams.hand_over import Commit, count_passing
from streams.kafka_calls import CALL_TIMEOUT
from streams.kafka_clients import partitions_of
from streams.kafka_member import GroupMember
from streams.kafka_reader import TopicReader
from streams.kafka_security import PLAINTEXT, KafkaSecurity
from streams.kafka_timing import METADATA_AGE, SESSION_TIMEOUT
from streams.metrics import Metrics
from streams.stage_runner import STALL_TIMEOUT, STOP_TIMEOUT, StageRunner
from workers.errors import BrokerUnavailable


class _Source(Protocol):
    """Where the records come from: a place in a group, or whole topics."""

    async def open(self, partitions: Sequence[TopicPartition]) -> None: ...

    async def fetch(self, limit: int) -> list[Record]: ...

    @property
    def commit(self) -> Commit: ...

    async def lag(self) -> int | None: ...

    async def close(self, seconds: float) -> None: ...


class AiokafkaRunner(StageRunner):
    """`streams.contract.Runner` on aiokafka. `instance` makes the member static: unique among the workers of the stage,
    and the same after a restart, so that its partitions wait for it as long as the session."""

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
        self._batch_size = batch_size
        self._bootstrap = bootstrap
        self._security = security
        self._call_timeout = call_timeout
        self._source: _Source
        if stage.group is None:
            self._source = TopicReader(
                stage.topics,
                self._hand,
                bootstrap=bootstrap,
                call_timeout=call_timeout,
                metadata_age=metadata_age,
                count=self._count,
                security=security,
            )
        else:
            self._source = GroupMember(
                stage,
                stage.group,
                self._hand,
                bootstrap=bootstrap,
                session_timeout=session_timeout,
                instance=instance,
                call_timeout=call_timeout,
                metadata_age=metadata_age,
                count=self._count,
                security=security,
            )

    async def _serve(self) -> None:
        await self._source.open(
            await partitions_of(self._bootstrap, self._stage.topics, self._call_timeout, self._security)
        )
        while True:
            turn = self._hand.turn
            batch = await self._source.fetch(self._batch_size)
            if batch:
                await self._hand.deliver(batch, turn, self._source.commit)

    async def _lag(self) -> int | None:
        return await self._source.lag()

    async def _leave(self, seconds: float) -> None:
        await self._source.close(seconds)

    def _count(self, error: BrokerUnavailable) -> None:
        count_passing(error, self._stage.name, self._metrics)
