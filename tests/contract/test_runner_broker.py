"""Runners whose Kafka is away, dies, stands still or grows."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewPartitions

from infra.processes import KafkaBroker, free_port
from streams.contract import Outgoing, Record
from streams.kafka_admin import create_topics
from streams.kafka_clients import admin_client
from streams.kafka_producer import KafkaProducer
from streams.metrics import Metrics
from streams.topics import Topic
from tests.contract.runner_cases import (
    BATCH,
    KAFKA_KINDS,
    SESSION,
    KafkaBench,
    KafkaKind,
    RecordingStage,
    eventually,
    kafka_bench,
    mail,
    running,
    shared_broker,
)
from tests.patience import AT_ONCE, PATIENCE
from workers.errors import BrokerUnavailable, ConfigurationError, FatalRunnerError

pytestmark = pytest.mark.kafka

CALL = 2.0
"""Seconds for one call, where the broker stands still or dies: the calls before that have no more either."""


@pytest.fixture(params=KAFKA_KINDS)
def kind(request: pytest.FixtureRequest) -> KafkaKind:
    return KAFKA_KINDS[request.param]


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """A broker that may be killed and paused; a test leaves it running."""
    with KafkaBroker.start(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
async def bench(kind: KafkaKind, mortal: KafkaBroker) -> AsyncIterator[KafkaBench]:
    async with kafka_bench(kind, mortal, partitions=2) as opened:
        yield opened


async def test_nobody_listens(kind: KafkaKind) -> None:
    stage = RecordingStage(("letters",))
    runner = kind(stage, bootstrap=f"127.0.0.1:{free_port()}", batch_size=BATCH, metrics=Metrics(), call_timeout=2.0)
    start = time.monotonic()
    with pytest.raises(BrokerUnavailable, match="start it, or correct ATTUNE_BROKER"):
        await runner.run()
    assert time.monotonic() - start < AT_ONCE


async def test_somebody_listens_who_does_not_answer(kind: KafkaKind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bootstrap = f"127.0.0.1:{silent.getsockname()[1]}"
        stage = RecordingStage(("letters",))
        runner = kind(stage, bootstrap=bootstrap, batch_size=BATCH, metrics=Metrics(), call_timeout=1.0)
        start = time.monotonic()
        with pytest.raises(BrokerUnavailable, match="start it, or correct ATTUNE_BROKER"):
            await runner.run()
        assert time.monotonic() - start < AT_ONCE


async def test_a_topic_is_missing(kind: KafkaKind) -> None:
    stage = RecordingStage(("no-such-topic",))
    runner = kind(stage, bootstrap=shared_broker().bootstrap, batch_size=BATCH, metrics=Metrics())
    with pytest.raises(ConfigurationError, match="no-such-topic: run `attune topics create`"):
        await runner.run()


async def test_a_topic_that_comes_while_it_is_looked_for(kind: KafkaKind) -> None:
    """As with a broker that answers again before it has read all that it knew."""
    topic = f"late-{uuid4().hex}"
    stage = RecordingStage((topic,))
    runner = kind(stage, bootstrap=shared_broker().bootstrap, batch_size=BATCH, metrics=Metrics())
    async with running(runner) as run:
        await asyncio.sleep(0.5)
        await create_topics(shared_broker().bootstrap, 1, 1, topics=[Topic(topic)])
        producer = KafkaProducer(shared_broker().bootstrap)
        await producer.send(mail(topic, 1))
        await producer.close()
        await eventually(lambda: stage.records, run)


async def test_the_broker_is_killed_and_comes_back(bench: KafkaBench, mortal: KafkaBroker) -> None:
    """Everything that was sent arrives, per key in the order in which it was sent first. A runner may end with a fatal
    error (Faust's does at times): whoever supervises it starts another."""
    everything: list[Record] = []

    async def keep(batch: Sequence[Record]) -> None:
        await asyncio.sleep(0.02)
        everything.extend(batch)

    stage, metrics = RecordingStage(bench.topics[:1], on_handle=keep), Metrics()
    supervisor = asyncio.create_task(supervise(bench, stage, metrics))
    sender = asyncio.create_task(send_until_taken(bench, mail(bench.topics[0], 400)))
    await eventually(lambda: len(everything) > 60)
    await asyncio.to_thread(mortal.kill)
    await asyncio.sleep(1.0)
    await asyncio.to_thread(mortal.begin)
    await asyncio.wait_for(sender, 2 * PATIENCE)
    await eventually(lambda: {r.value for r in everything} == {b"%d" % i for i in range(400)})
    supervisor.cancel()
    await asyncio.wait({supervisor})
    for user in range(7):
        values = [int(record.value or b"") for record in everything if record.key == b"user-%d" % user]
        firsts = list(dict.fromkeys(values))
        assert firsts == sorted(firsts)


async def test_the_broker_stands_still_while_the_runner_is_stopped(bench: KafkaBench, mortal: KafkaBroker) -> None:
    """aiokafka's `commit` waits for ever then, and its `stop` raises a CancelledError that nobody asked for."""
    begun = asyncio.Event()

    async def slow(batch: Sequence[Record]) -> None:
        begun.set()
        await asyncio.sleep(0.3)

    await bench.send(mail(bench.topics[0], 50))
    runner = bench.runner(RecordingStage(bench.topics[:1], on_handle=slow), stop_timeout=5.0, call_timeout=CALL)
    run = asyncio.create_task(runner.run())
    await asyncio.wait_for(begun.wait(), 2 * PATIENCE)
    mortal.pause()
    try:
        start = time.monotonic()
        await runner.stop()
        assert time.monotonic() - start < AT_ONCE
        await asyncio.wait({run}, timeout=AT_ONCE)
        assert run.done()
        assert run.exception() is None
    finally:
        mortal.resume()


async def test_the_broker_stands_still_while_the_runner_works(bench: KafkaBench, mortal: KafkaBroker) -> None:
    """It is counted, and it passes."""
    stage, metrics = RecordingStage(bench.topics[:1]), Metrics()
    await bench.send(mail(bench.topics[0], 20))
    errors = metrics.broker_errors.labels(stage="recording")._value
    async with running(bench.runner(stage, metrics, call_timeout=CALL, session_timeout=30.0)) as run:
        await eventually(lambda: len(stage.records) == 20, run)
        mortal.pause()
        try:
            await eventually(lambda: errors.get() > 0, run)
        finally:
            mortal.resume()
        await bench.send(mail(bench.topics[0], 20, start=20))
        await eventually(lambda: len(set(stage.values())) == 40, run)


async def test_a_commit_that_the_broker_did_not_take_is_made_when_it_is_back(
    bench: KafkaBench, mortal: KafkaBroker
) -> None:
    async def while_it_dies(batch: Sequence[Record]) -> None:
        if mortal.running:
            await asyncio.to_thread(mortal.kill)

    stage, metrics = RecordingStage(bench.topics[:1], on_handle=while_it_dies), Metrics()
    errors = metrics.broker_errors.labels(stage="recording")._value
    await bench.send([Outgoing(bench.topics[0], b"user", b"value")])
    async with running(bench.runner(stage, metrics, call_timeout=CALL, session_timeout=30.0)) as run:
        try:
            await eventually(lambda: stage.records and errors.get() > 0, run)
        finally:
            await asyncio.to_thread(mortal.begin)
        end = time.monotonic() + PATIENCE
        while await bench.committed(stage) < 1:
            assert time.monotonic() < end
            await asyncio.sleep(0.1)


async def test_what_a_foreign_producer_took_back_is_not_read(kind: KafkaKind) -> None:
    async with kafka_bench(kind, shared_broker()) as bench:
        stage = RecordingStage(bench.topics[:1])
        producer = AIOKafkaProducer(bootstrap_servers=bench.bootstrap, transactional_id=bench.topics[0])
        await producer.start()
        for outcome in (producer.abort_transaction, producer.commit_transaction):
            await producer.begin_transaction()
            await producer.send_and_wait(bench.topics[0], key=b"user", value=outcome.__name__.encode())
            await outcome()
        await producer.stop()
        async with running(bench.runner(stage)) as run:
            await eventually(lambda: stage.records, run)
        assert stage.values() == [b"commit_transaction"]


async def test_new_partitions_are_read(kind: KafkaKind) -> None:
    """By a reader without a group as well, which goes on where it is with the others."""
    async with kafka_bench(kind, shared_broker(), partitions=1) as bench:
        stage = RecordingStage(bench.topics[:1], group=None)
        await bench.send(mail(bench.topics[0], 10))
        async with running(bench.runner(stage, metadata_age=0.5)) as run:
            await eventually(lambda: len(stage.records) == 10, run)
            async with admin_client(bench.bootstrap, 10) as admin:
                await admin.create_partitions({bench.topics[0]: NewPartitions(8)})
            await create_topics(bench.bootstrap, 8, 1, topics=[Topic(bench.topics[0])])  # waits for their leaders
            producer = KafkaProducer(bench.bootstrap)  # that knows of them from the start
            await producer.send(mail(bench.topics[0], 70, start=10))
            await producer.close()
            await eventually(lambda: len(stage.records) >= 80, run)
        assert stage.values()[:10] == [b"%d" % i for i in range(10)]
        assert len(set(stage.values())) == len(stage.records) == 80, "nothing was read again"
        assert len({record.partition for record in stage.records}) > 1


async def supervise(bench: KafkaBench, stage: RecordingStage, metrics: Metrics) -> None:
    while True:
        runner = bench.runner(stage, metrics, session_timeout=SESSION)
        try:
            await runner.run()
        except (FatalRunnerError, BrokerUnavailable):
            await asyncio.sleep(0.5)


async def send_until_taken(bench: KafkaBench, messages: Sequence[Outgoing]) -> None:
    for i in range(0, len(messages), 20):
        while True:
            try:
                await bench.send(messages[i : i + 20])
                break
            except BrokerUnavailable:
                await asyncio.sleep(0.1)
        await asyncio.sleep(0.05)
