"""What every producer must do (`streams.contract.Producer`), and what a log answers (`streams.contract.Broker`)."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.contract import Broker, Outgoing, Producer
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.kafka_admin import create_topics
from streams.kafka_log import KafkaLog
from streams.kafka_producer import KafkaProducer
from tests.contract.runner_cases import PARTITIONS, fresh_topics, mail, shared_broker
from workers.errors import ConfigurationError

pytestmark = pytest.mark.parametrize("log", ["embedded", pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True)


class Log:
    """A producer and the broker behind it, with two fresh topics."""

    def __init__(self, producer: Producer, broker: Broker, topics: tuple[str, str]) -> None:
        self.producer = producer
        self.broker = broker
        self.topics = topics

    async def contents(self, topic: str) -> list[tuple[bytes | None, bytes | None]]:
        return [(record.key, record.value) for record in await self.broker.read(topic, 10_000)]


@pytest.fixture
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    topics = fresh_topics()
    names = (topics[0].name, topics[1].name)
    if request.param == "embedded":
        database = Database(tmp_path / "log.sqlite")
        embedded = await EmbeddedLog.open(database, PARTITIONS, topics)
        yield Log(embedded, embedded, names)
        await embedded.close()
        await database.close()
    else:
        await create_topics(shared_broker().bootstrap, PARTITIONS, 1, topics=topics)
        producer = KafkaProducer(shared_broker().bootstrap)
        yield Log(producer, KafkaLog(shared_broker().bootstrap), names)
        await producer.close()


class TestSend:
    async def test_what_it_returned_from_stands_in_the_log_in_order_per_key(self, log: Log) -> None:
        messages = mail(log.topics[0], 500)
        await log.producer.send(messages)
        contents = await log.contents(log.topics[0])
        assert len(contents) == 500
        for user in range(7):
            key = b"user-%d" % user
            assert [v for k, v in contents if k == key] == [m.value for m in messages if m.key == key]

    async def test_many_senders_at_once_each_keep_their_order(self, log: Log) -> None:
        async def send(sender: int) -> None:
            for i in range(20):
                await log.producer.send([Outgoing(log.topics[0], b"sender-%d" % sender, b"%d" % i)])

        await asyncio.gather(*(send(sender) for sender in range(20)))
        contents = await log.contents(log.topics[0])
        for sender in range(20):
            values = [value for key, value in contents if key == b"sender-%d" % sender]
            assert values == [b"%d" % i for i in range(20)]

    async def test_a_send_may_go_to_several_topics_and_carry_tombstones(self, log: Log) -> None:
        letters, parcels = log.topics
        await log.producer.send([Outgoing(letters, b"key", b"value"), Outgoing(parcels, b"key", None)])
        assert await log.contents(letters) == [(b"key", b"value")]
        assert await log.contents(parcels) == [(b"key", None)]

    async def test_nothing_is_nothing(self, log: Log) -> None:
        await log.producer.send([])

    async def test_a_topic_that_is_not_there_is_named_with_the_cure(self, log: Log) -> None:
        if isinstance(log.producer, KafkaProducer):
            await log.producer.close()
            log.producer = KafkaProducer(shared_broker().bootstrap, send_timeout=4.0)
        with pytest.raises(ConfigurationError, match="topic"):
            await log.producer.send([Outgoing("no-such-topic", b"key", b"value")])
        await log.producer.close()

    async def test_a_caller_that_is_cancelled_harms_nobody(self, log: Log) -> None:
        sending = asyncio.create_task(log.producer.send(mail(log.topics[0], 100)))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait({sending})
        await log.producer.send([Outgoing(log.topics[1], b"key", b"value")])
        assert await log.contents(log.topics[1]) == [(b"key", b"value")]


class TestBroker:
    async def test_a_group_is_behind_by_all_that_it_has_not_committed(self, log: Log) -> None:
        await log.producer.send(mail(log.topics[0], 30) + mail(log.topics[1], 12))
        assert await log.broker.lag("strangers", log.topics) == 42
        assert await log.broker.lag("strangers", log.topics[1:]) == 12

    async def test_reading_gives_the_newest_oldest_of_them_first(self, log: Log) -> None:
        for i in range(20):
            await log.producer.send([Outgoing(log.topics[0], b"key-%d" % i, b"%d" % i)])
            await asyncio.sleep(0.002)  # a later millisecond
        records = await log.broker.read(log.topics[0], 5)
        assert [record.value for record in records] == [b"%d" % i for i in range(15, 20)]
        assert await log.broker.read(log.topics[1], 5) == []

    async def test_a_record_says_where_it_stands(self, log: Log) -> None:
        before = int(time.time() * 1000)
        await log.producer.send([Outgoing(log.topics[0], b"key", b"value")])
        (record,) = await log.broker.read(log.topics[0], 1)
        assert (record.topic, record.offset, record.key, record.value) == (log.topics[0], 0, b"key", b"value")
        assert before - 1000 <= record.timestamp_ms <= int(time.time() * 1000) + 1000

    async def test_a_topic_that_is_not_there_is_named(self, log: Log) -> None:
        with pytest.raises(ConfigurationError, match="no-such-topic"):
            await log.broker.lag("strangers", ["no-such-topic"])
        with pytest.raises(ConfigurationError, match="no-such-topic"):
            await log.broker.read("no-such-topic", 5)
