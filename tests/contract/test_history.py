"""Reading a log once more: what every log answers besides feeding its runners."""

import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from streams.aiokafka_runner import AiokafkaRunner
from streams.contract import Log, Outgoing, Partition, Producer, Runner, Stage
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.embedded_runner import EmbeddedRunner
from streams.kafka_admin import create_topics
from streams.kafka_log import KafkaLog
from streams.kafka_producer import KafkaProducer
from streams.metrics import Metrics
from streams.topics import Topic
from tests.contract.runner_cases import BATCH, RecordingStage, eventually, running, shared_broker


class Shelf(NamedTuple):
    """A log with one empty topic of two partitions."""

    log: Log
    producer: Producer
    topic: str
    runner: Callable[[Stage], Runner]


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shelf]:
    name = f"letters-{uuid.uuid4().hex[:8]}"
    if request.param == "embedded":
        database = Database(tmp_path / "attune.sqlite")
        log = await EmbeddedLog.open(database, partitions=2, topics=[Topic(name)])
        yield Shelf(log, log, name, lambda stage: EmbeddedRunner(log, stage, batch_size=BATCH, metrics=Metrics()))
        await log.close()
        await database.close()
    else:
        bootstrap = shared_broker().bootstrap
        await create_topics(bootstrap, 2, 1, topics=[Topic(name)])
        producer = KafkaProducer(bootstrap)
        yield Shelf(
            KafkaLog(bootstrap),
            producer,
            name,
            lambda stage: AiokafkaRunner(stage, bootstrap=bootstrap, batch_size=BATCH, metrics=Metrics()),
        )
        await producer.close()


async def fill(producer: Producer, topic: str, count: int) -> None:
    """Messages of one key, and so of one partition."""
    await producer.send([Outgoing(topic, b"ada", b"%d" % number) for number in range(count)])


async def filled(log: Log, topic: str) -> Partition:
    (source,) = [partition for partition, end in (await log.ends([topic])).items() if end]
    return source


async def test_the_ends_are_after_the_last(shelf: Shelf) -> None:
    log, producer, topic, _ = shelf
    assert await log.ends([topic]) == {Partition(topic, 0): 0, Partition(topic, 1): 0}
    await fill(producer, topic, 7)
    assert sorted((await log.ends([topic])).values()) == [0, 7]


async def test_a_span_is_read_in_order_and_no_further(shelf: Shelf) -> None:
    log, producer, topic, _ = shelf
    await fill(producer, topic, 30)
    source = await filled(log, topic)
    records = await log.span(source, 5, 25, 100)
    assert [record.offset for record in records] == list(range(5, 25))
    assert [record.value for record in records] == [b"%d" % number for number in range(5, 25)]
    assert {record.source for record in records} == {source}
    assert [record.offset for record in await log.span(source, 28, 99, 100)] == [28, 29]
    assert [record.offset for record in await log.span(source, 3, 25, 4)] == [3, 4, 5, 6]
    assert await log.span(source, 30, 40, 10) == []
    assert await log.span(source, 9, 9, 10) == []


async def test_where_a_group_goes_on_is_absent_before_its_first_commit(shelf: Shelf) -> None:
    stage = RecordingStage((shelf.topic,))
    assert stage.group is not None
    assert await shelf.log.committed("nobody", [shelf.topic]) == {}
    await fill(shelf.producer, shelf.topic, 7)
    source = await filled(shelf.log, shelf.topic)
    async with running(shelf.runner(stage)) as run:
        await eventually(lambda: stage.has(7), run)
    committed = await shelf.log.committed(stage.group, [shelf.topic])
    assert (committed[source], sum(committed.values())) == (7, 7)
    assert await shelf.log.committed(stage.group, []) == {}


async def test_what_was_compacted_is_passed_over(tmp_path: Path) -> None:
    database = Database(tmp_path / "attune.sqlite")
    log = await EmbeddedLog.open(database, partitions=1, topics=[Topic("items", compacted=True)])
    await log.send([Outgoing("items", key, b"") for key in (b"a", b"b", b"a", b"a", b"c")])
    await log.compact("items")
    source = Partition("items", 0)
    assert [record.offset for record in await log.span(source, 0, 5, 10)] == [1, 3, 4]
    assert await log.span(source, 2, 3, 10) == []
    await log.close()
    await database.close()
