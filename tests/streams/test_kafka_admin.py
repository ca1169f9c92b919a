"""Kafka's topics are made from the table, and what is there already is compared with it."""

import asyncio
import uuid
from dataclasses import replace
from types import SimpleNamespace

import pytest
from aiokafka.admin import NewTopic
from aiokafka.errors import InvalidReplicationFactorError, NoError

from infra.processes import free_port
from streams.contract import Outgoing
from streams.deadline import Deadline
from streams.kafka_admin import TopicReport, _create, create_topics, topic_problems
from streams.kafka_clients import admin_client
from streams.kafka_producer import KafkaProducer
from streams.topics import Topic
from tests.contract.runner_cases import shared_broker
from workers.errors import BrokerUnavailable, ConfigurationError, TopicMismatch

pytestmark = pytest.mark.kafka


@pytest.fixture
def table() -> tuple[Topic, ...]:
    unique = uuid.uuid4().hex[:12]
    return (
        Topic(f"{unique}.letters", mailbox=True),
        Topic(f"{unique}.parcels", mailbox=True),
        Topic(f"{unique}.items", compacted=True),
    )


async def test_they_are_made_and_the_second_time_nothing_happens(table: tuple[Topic, ...]) -> None:
    bootstrap = shared_broker().bootstrap
    names = tuple(topic.name for topic in table)
    assert await create_topics(bootstrap, 3, 1, topics=table) == TopicReport(created=names, existing=())
    assert await create_topics(bootstrap, 3, 1, topics=table) == TopicReport(created=(), existing=names)
    assert await topic_problems(bootstrap, 3, topics=table) == []


async def test_they_can_be_sent_to_at_once(table: tuple[Topic, ...], caplog: pytest.LogCaptureFixture) -> None:
    """Without waiting for the leaders the first send would be refused and tried again."""
    bootstrap = shared_broker().bootstrap
    await create_topics(bootstrap, 8, 1, topics=table)
    producer = KafkaProducer(bootstrap)
    caplog.clear()
    await producer.send([Outgoing(topic.name, b"key-%d" % i, b"") for topic in table for i in range(50)])
    await producer.close()
    assert caplog.messages == []


async def test_what_is_missing_is_added(table: tuple[Topic, ...]) -> None:
    bootstrap = shared_broker().bootstrap
    await create_topics(bootstrap, 2, 1, topics=table[:1])
    assert [line.split(" is missing")[0] for line in await topic_problems(bootstrap, 2, topics=table)] == [
        table[1].name,
        table[2].name,
    ]
    report = await create_topics(bootstrap, 2, 1, topics=table)
    assert report == TopicReport(created=(table[1].name, table[2].name), existing=(table[0].name,))


async def test_two_who_make_them_at_once_both_succeed(table: tuple[Topic, ...]) -> None:
    bootstrap = shared_broker().bootstrap
    await asyncio.gather(*(create_topics(bootstrap, 2, 1, topics=table) for _ in range(3)))
    assert await topic_problems(bootstrap, 2, topics=table) == []


async def test_other_partitions_are_named_with_the_cure_and_nothing_is_made(table: tuple[Topic, ...]) -> None:
    bootstrap = shared_broker().bootstrap
    await create_topics(bootstrap, 2, 1, topics=table[:1])
    with pytest.raises(TopicMismatch, match=rf"{table[0].name} has 2 partitions, not 4.*ATTUNE_PARTITIONS=2"):
        await create_topics(bootstrap, 4, 1, topics=table)
    assert len([line for line in await topic_problems(bootstrap, 2, topics=table) if "missing" in line]) == 2


async def test_every_other_setting_that_loses_messages_is_named_with_the_cure(table: tuple[Topic, ...]) -> None:
    bootstrap = shared_broker().bootstrap
    odd = {"cleanup.policy": "compact", "message.timestamp.type": "CreateTime"}
    async with admin_client(bootstrap, 10) as admin:
        await admin.create_topics([NewTopic(table[0].name, 2, 1, topic_configs=odd)])
    with pytest.raises(TopicMismatch) as caught:
        await create_topics(bootstrap, 2, 1, topics=table)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "cleanup.policy=compact, not delete: kafka-configs --alter" in lines[0]
    assert "message.timestamp.type=CreateTime, not LogAppendTime: kafka-configs --alter" in lines[1]


async def test_retention_is_the_operators_to_choose(table: tuple[Topic, ...]) -> None:
    bootstrap = shared_broker().bootstrap
    await create_topics(bootstrap, 2, 1, topics=[replace(table[0], retention_ms=60_000)])
    await create_topics(bootstrap, 2, 1, topics=table)


async def test_more_replicas_than_brokers(table: tuple[Topic, ...]) -> None:
    with pytest.raises(ConfigurationError, match="ATTUNE_REPLICATION"):
        await create_topics(shared_broker().bootstrap, 2, 3, topics=table)


async def test_a_broker_that_is_not_counted_yet_is_asked_again(table: tuple[Topic, ...]) -> None:
    """As one answers that has just come up: "All brokers are currently fenced"."""
    admin = Fenced(refuses=2)
    assert not await _create(admin, "kafka:9092", table, 2, 1, Deadline(30.0))
    assert admin.asked == 3


class Fenced:
    def __init__(self, refuses: int) -> None:
        self.asked = 0
        self._refuses = refuses

    async def create_topics(self, new_topics: list[NewTopic], **_: object) -> SimpleNamespace:
        self.asked += 1
        code = InvalidReplicationFactorError.errno if self.asked <= self._refuses else NoError.errno
        return SimpleNamespace(topic_errors=[(topic.name, code, "all brokers are fenced") for topic in new_topics])


async def test_no_kafka(table: tuple[Topic, ...]) -> None:
    with pytest.raises(BrokerUnavailable, match="ATTUNE_BROKER"):
        await create_topics(f"127.0.0.1:{free_port()}", 2, 1, topics=table, timeout=2.0)
