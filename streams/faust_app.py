"""A Faust app cut down to what is sound in it: one agent, raw bytes, and hooks where partitions come and go.

No web server, leader, tables, producer, topics of its own, folders or signals. Offsets are not acknowledged through
Faust (its topic has `acks=False`): it would acknowledge an event whose handler failed, and lose acknowledgements that a
rebalance overtakes. The runner commits by itself, as the aiokafka one does.

Faust runs its consumer in a thread of its own. Here that thread is a daemon and is never waited for without limit, so
that a broker that is gone cannot hold the process.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence, Set
from typing import Any, Protocol, TypeVar, cast

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from faust.app.base import BootStrategy
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.auth import CredentialsT
from mode.threads import WorkerThread

from streams.kafka_clients import FETCH_BYTES, PARTITION_FETCH_BYTES
from streams.kafka_security import PLAINTEXT, KafkaSecurity
from streams.kafka_timing import POLL_INTERVAL, REBALANCE_TIMEOUT, REQUEST_TIMEOUT, heartbeat
from workers.errors import FatalRunnerError

T = TypeVar("T")

_BUFFER = 64
"""Events between Faust's fetcher and the runner, beside one batch: as few as throughput allows (FACTS: 64 to 256)."""

_LOGGER = logging.getLogger("faust.stage")
for _chatty in ("faust", "mode"):
    # They tell of each service's start and stop at INFO, and at DEBUG of keys and values, which no log may hold.
    logging.getLogger(_chatty).setLevel(logging.WARNING)

_TURN = 0.01
_JOIN = 1.0
"""Seconds that the end of the consumer's thread is waited for, after it has reported that it is done."""


class Hooks(Protocol):
    """What the app tells the runner, all in the runner's own loop. Raises nothing."""

    async def message(self, message: Any, /) -> None:
        """One event, in order per partition. Faust fetches a bounded amount while this has not returned."""

    async def revoked(self) -> None:
        """Partitions are being taken away, and Faust has dropped what it held of them."""

    async def assigned(self, partitions: Set[TP], /) -> None:
        """These were assigned; nothing is fetched before this returns."""

    def starts(self, committed: Mapping[TP, int | None], /) -> Mapping[TP, int]:
        """Given the committed offsets (None: none): where to start instead."""

    def started(self) -> None:
        """From now on events are fetched."""


class _DaemonThread(WorkerThread):
    def __init__(self, service: Any, **kwargs: Any) -> None:
        super().__init__(service, **kwargs)
        self.daemon = True

    def run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # after `ConsumerThread.kill`
            super().run()

    def stop(self) -> None:
        self.join(_JOIN)


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's thread, with the partitions shared out as our own runner does."""

    abstract = False
    logger = _LOGGER
    Worker = _DaemonThread

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._partition_assignment_strategy = (RangePartitionAssignor,)
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_bytes = FETCH_BYTES
        return consumer

    async def _serve(self) -> None:
        try:
            await super()._serve()
        finally:
            await self._gather_remaining_tasks()  # after `kill`, too

    async def inside(self, call: Callable[[AIOKafkaConsumer], Coroutine[Any, Any, T]]) -> T:
        """Runs the call in the thread's loop, beside what Faust does there. Raises `FatalRunnerError` where that has
        ended."""
        if self.thread_loop.is_closed():
            raise FatalRunnerError("Faust's consumer has ended: restart the worker")
        future = asyncio.run_coroutine_threadsafe(call(self._ensure_consumer()), self.thread_loop)
        return await asyncio.wrap_future(future)

    async def check_group(self) -> None:
        """Raises the KafkaError with which aiokafka gave up its place in the group, if it did."""

        async def check(consumer: AIOKafkaConsumer) -> None:
            if consumer._coordinator is not None:
                consumer._coordinator.check_errors()

        if self._consumer is not None:
            await self.inside(check)

    @property
    def member_id(self) -> str:
        """ "" after the broker has thrown this member out."""
        return str(self._ensure_consumer()._coordinator.member_id)

    async def kill(self) -> None:
        """Ends the thread in the middle of whatever it waits for, and closes its sockets."""

        async def end(consumer: AIOKafkaConsumer) -> None:
            for connection in list(consumer._client._conns.values()):
                connection.close()
            await asyncio.sleep(_TURN)  # closed a turn of the loop later
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        if self._consumer is not None and not self.thread_loop.is_closed():
            await self.inside(end)
        self.set_shutdown()

    def close(self) -> None:
        """Nothing: where a rebalance meets a stop, Faust would close the sockets half, and from another loop. The stop
        itself closes them."""

    def on_crash(self, msg: str, *fmt: Any, **kwargs: Any) -> None:
        """The runner reports it; Faust would print it."""


class StageConsumer(driver.Consumer):
    """Faust's consumer, with the hooks."""

    abstract = False
    logger = _LOGGER
    app: "StageApp"

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        await super().perform_seek()
        starts = self.app.hooks.starts({tp: self._committed_offset.get(tp) for tp in self.assignment()})
        if starts:
            await self.seek_wait(starts)

    def resume_flow(self) -> None:
        super().resume_flow()
        self.app.hooks.started()


class _Transport(driver.Transport):
    Consumer = StageConsumer


class _Boot(BootStrategy):
    enable_kafka_producer = False
    enable_web = False


class StageApp(faust.App):
    """Made by `new_app`."""

    abstract = False
    logger = _LOGGER
    BootStrategy = _Boot
    hooks: Hooks

    @property
    def thread(self) -> ConsumerThread:
        """Where the aiokafka consumer lives. Not before the app has been started."""
        return cast(ConsumerThread, cast(StageConsumer, self.consumer)._thread)

    def _new_transport(self) -> _Transport:
        return _Transport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """None is needed: there are no tables."""


def new_app(
    group: str,
    topics: Sequence[str],
    hooks: Hooks,
    *,
    bootstrap: str,
    session_timeout: float,
    instance: str | None,
    metadata_age: float,
    security: KafkaSecurity = PLAINTEXT,
) -> StageApp:
    """An app that feeds `hooks`. To be started and stopped by `app.start()` and `app.stop()` in the running loop."""
    app = StageApp(
        group,
        broker=[f"kafka://{host}" for host in bootstrap.split(",")],
        broker_credentials=_credentials(security),
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        store="memory://",
        table_standby_replicas=0,
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=instance and f"{group}-{instance}",
        consumer_max_fetch_size=PARTITION_FETCH_BYTES,
        consumer_metadata_max_age_ms=int(metadata_age * 1000),
        broker_session_timeout=session_timeout,
        broker_heartbeat_interval=heartbeat(session_timeout),
        broker_rebalance_timeout=REBALANCE_TIMEOUT,
        broker_request_timeout=REQUEST_TIMEOUT,
        broker_max_poll_interval=POLL_INTERVAL,
        stream_buffer_maxsize=_BUFFER,
        stream_recovery_delay=0.0,
    )
    app.hooks = hooks
    # Plain functions: Faust keeps what is connected for ever, for every app of the process.
    cast(Any, app.on_partitions_revoked).connect(_on_revoked)
    cast(Any, app.on_rebalance_complete).connect(_on_assigned)
    topic = app.topic(*topics, value_serializer="raw", key_serializer="raw", acks=False)

    @app.agent(topic, name=f"{group}-intake", concurrency=1)
    async def intake(stream: Any) -> None:
        async for event in stream.events():
            await hooks.message(event.message)

    return app


def _credentials(security: KafkaSecurity) -> CredentialsT | None:
    if security.uses_sasl:
        return faust.SASLCredentials(
            username=security.user,
            password=security.password,
            mechanism=security.mechanism,
            ssl_context=security.context,
        )
    return None if security.context is None else faust.SSLCredentials(security.context)


async def _on_revoked(app: StageApp, *_: Any, **__: Any) -> None:
    await app.hooks.revoked()


async def _on_assigned(app: StageApp, *_: Any, **__: Any) -> None:
    await app.hooks.assigned(app.consumer.assignment())
