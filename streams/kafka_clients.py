"""Short-lived Kafka clients, started and stopped under a deadline, and what is asked of them in several places."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code
from aiokafka.structs import ConsumerRecord

from streams.contract import Record
from streams.deadline import Deadline, abandon, within
from streams.kafka_calls import ask_until
from streams.kafka_connecting import connected
from streams.kafka_security import PLAINTEXT, KafkaSecurity
from workers.errors import ConfigurationError

_LOG = logging.getLogger(__name__)

PARTITION_FETCH_BYTES = 1024 * 1024
FETCH_BYTES = 8 * 1024 * 1024
"""What a consumer holds ahead of its stage at most, per partition and per broker: 8 MiB are some 20,000 events, over
half a second of work at the agents' rate, and 8 MiB more are on their way."""

_TASKS = (
    ("_coordinator", "_coordination_task"),
    ("_coordinator", "_heartbeat_task"),
    ("_coordinator", "_commit_refresh_task"),
    ("_fetcher", "_fetch_task"),
)
"""What keeps running in a consumer whose `stop` did not come to its end."""

_SETTLES = 2.0
_AGAIN = 0.2
"""Seconds for which a missing topic is looked for again, and between two looks: a broker that was killed answers again
before it has read all that it knew, and whoever takes its first word ends as if it had been set up wrongly."""

_CLOSE = 1.0
"""Seconds to close a few sockets; 5 ms measured."""


@asynccontextmanager
async def consumer_client(
    bootstrap: str, seconds: float, security: KafkaSecurity = PLAINTEXT
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group or a subscription. Raises `BrokerUnavailable` where it cannot connect in time, and
    `ConfigurationError` where it is refused."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        request_timeout_ms=int(seconds * 1000),
        retry_backoff_ms=20,  # it meets its first partitions one such wait late (as shipped: 100)
        **security.of_client(),
    )
    try:
        await connected(consumer.start(), seconds, bootstrap, security)
        yield consumer
    finally:
        await stop_quietly(consumer, _CLOSE)


@asynccontextmanager
async def admin_client(
    bootstrap: str, seconds: float, security: KafkaSecurity = PLAINTEXT
) -> AsyncIterator[AIOKafkaAdminClient]:
    """Raises `BrokerUnavailable` where it cannot connect in time, and `ConfigurationError` where it is refused."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, request_timeout_ms=int(seconds * 1000), **security.of_client()
    )
    try:
        await connected(admin.start(), seconds, bootstrap, security)
        yield admin
    finally:
        try:
            await within(_CLOSE, admin.close())
        except (TimeoutError, OSError, KafkaError) as error:
            _LOG.debug("an admin client did not close in order: %s", type(error).__name__)


def record_of(message: ConsumerRecord) -> Record:
    """Kafka's message as a stage sees it."""
    return Record(message.topic, message.partition, message.offset, message.key, message.value, message.timestamp)


async def partitions_of(
    bootstrap: str, topics: Collection[str], seconds: float, security: KafkaSecurity = PLAINTEXT
) -> list[TopicPartition]:
    """Every partition of the topics. Raises `BrokerUnavailable`, and `ConfigurationError` naming what is missing."""
    settled, deadline = Deadline(min(_SETTLES, seconds / 2)), Deadline(seconds)
    async with admin_client(bootstrap, seconds, security) as admin:
        while missing := _missing_in(described := await _described(admin, topics, deadline, bootstrap)):
            if not settled.remaining():
                raise ConfigurationError(f"Kafka at {bootstrap} lacks {', '.join(missing)}: run `attune topics create`")
            await asyncio.sleep(_AGAIN)
    return [TopicPartition(one["topic"], part["partition"]) for one in described for part in one["partitions"]]


async def _described(
    admin: AIOKafkaAdminClient, topics: Collection[str], deadline: Deadline, bootstrap: str
) -> list[dict[str, Any]]:
    ask = partial(admin.describe_topics, list(topics))
    return list(await ask_until(ask, deadline.remaining(), "looking for its topics", bootstrap))


def _missing_in(described: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(one["topic"] for one in described if for_code(one["error_code"]) is UnknownTopicOrPartitionError)


async def stop_quietly(consumer: AIOKafkaConsumer, seconds: float) -> None:
    """Stops the consumer, by force at the end of `seconds`. Raises nothing: with something uncommitted and the broker
    gone, aiokafka raises a CancelledError that nobody asked for, or waits for ever."""
    try:
        await within(seconds, consumer.stop())
    except (TimeoutError, OSError, KafkaError) as error:
        _LOG.warning("a consumer did not stop in order: %s", error)
        await _close_sockets(consumer)


async def _close_sockets(consumer: AIOKafkaConsumer) -> None:
    for part, task in _TASKS:
        running = getattr(getattr(consumer, part), task, None)
        if running is not None:
            abandon(running)
    try:
        await within(_CLOSE, consumer._client.close())
    except (TimeoutError, OSError, KafkaError) as error:
        _LOG.warning("a consumer's sockets did not close: %s", error)
