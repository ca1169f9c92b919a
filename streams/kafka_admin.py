"""Makes Kafka's topics from the table of topics, and compares those that are there with it.

1. What exists is compared: partitions, cleanup policy, kind of timestamp. One difference, and nothing is made.
2. What is missing is made. What somebody else made at that moment is compared, too.
3. Every partition answers: right after making a topic a send would wait 0.1 s for its leader, or longer.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    BrokerResponseError,
    InvalidReplicationFactorError,
    NoError,
    TopicAlreadyExistsError,
    for_code,
)

from streams.deadline import Deadline
from streams.kafka_calls import ask_until
from streams.kafka_clients import admin_client, consumer_client
from streams.kafka_security import PLAINTEXT, KafkaSecurity
from streams.topics import TOPICS, Topic
from workers.errors import ConfigurationError, TopicMismatch

_COMPARED = ("cleanup.policy", "message.timestamp.type")
"""Settings whose other values lose messages (see `Topic.config`). The rest is the operator's to choose."""

TIMEOUT = 30.0
"""Seconds for the whole: nine topics take about 0.3 s on one broker."""

_SETTLES = 5.0
_AGAIN = 0.2
"""Seconds for which too few brokers are asked again, and between two times: one that has just come up answers before
the controller counts it (a second or two on a busy machine), and then there are too few for any number of replicas."""


@dataclass(frozen=True, slots=True)
class TopicReport:
    """What `create_topics` found and did, in the order of the table."""

    created: tuple[str, ...]
    existing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic as the broker has it."""

    partitions: int
    settings: Mapping[str, str]


async def create_topics(
    bootstrap: str,
    partitions: int,
    replication: int,
    *,
    topics: Sequence[Topic] = TOPICS,
    timeout: float = TIMEOUT,
    security: KafkaSecurity = PLAINTEXT,
) -> TopicReport:
    """Steps 1 to 3; running it again changes nothing. Raises `TopicMismatch` with every difference and its cure,
    `ConfigurationError` where the broker refuses, `BrokerUnavailable` where it does not answer within `timeout`."""
    deadline = Deadline(timeout)
    async with admin_client(bootstrap, timeout, security) as admin:
        found = await _found(admin, bootstrap, topics, deadline)
        _refuse_differences(topics, found, partitions)  # 1
        missing = [topic for topic in topics if topic.name not in found]
        if await _create(admin, bootstrap, missing, partitions, replication, deadline):  # 2
            _refuse_differences(topics, await _found(admin, bootstrap, topics, deadline), partitions)
    await _wait_for_leaders(bootstrap, topics, partitions, deadline, security)  # 3
    return TopicReport(
        created=tuple(topic.name for topic in missing),
        existing=tuple(topic.name for topic in topics if topic.name in found),
    )


async def topic_problems(
    bootstrap: str,
    partitions: int,
    *,
    topics: Sequence[Topic] = TOPICS,
    timeout: float = TIMEOUT,
    security: KafkaSecurity = PLAINTEXT,
) -> list[str]:
    """What differs from the table of topics, with the cure; [] when nothing does. Changes nothing."""
    async with admin_client(bootstrap, timeout, security) as admin:
        found = await _found(admin, bootstrap, topics, Deadline(timeout))
    missing = [f"{topic.name} is missing: run `attune topics create`" for topic in topics if topic.name not in found]
    return missing + _differences(topics, found, partitions)


async def _found(
    admin: AIOKafkaAdminClient, bootstrap: str, topics: Sequence[Topic], deadline: Deadline
) -> dict[str, FoundTopic]:
    described = await ask_until(admin.describe_topics, deadline.remaining(), "listing the topics", bootstrap)
    wanted = {topic.name for topic in topics}
    counts = {entry["topic"]: len(entry["partitions"]) for entry in described if entry["topic"] in wanted}
    if not counts:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(_COMPARED)) for name in counts]
    answers = await ask_until(
        lambda: admin.describe_configs(resources), deadline.remaining(), "reading the topics' settings", bootstrap
    )
    settings = {name: {key: value for key, value, *_ in rows} for a in answers for _, _, _, name, rows in a.resources}
    return {name: FoundTopic(count, settings.get(name, {})) for name, count in counts.items()}


def _refuse_differences(topics: Sequence[Topic], found: Mapping[str, FoundTopic], partitions: int) -> None:
    if differences := _differences(topics, found, partitions):
        raise TopicMismatch("\n".join(differences))


def _differences(topics: Sequence[Topic], found: Mapping[str, FoundTopic], partitions: int) -> list[str]:
    return [
        difference
        for topic in topics
        if topic.name in found
        for difference in [
            *_partition_difference(topic, found[topic.name].partitions, partitions),
            *_setting_differences(topic, found[topic.name].settings),
        ]
    ]


def _partition_difference(topic: Topic, found: int, wanted: int) -> list[str]:
    if found == wanted:
        return []
    why = "; every mailbox topic must have the same number, or a user's events part ways" if topic.mailbox else ""
    return [
        f"{topic.name} has {found} partitions, not {wanted}{why}:"
        f" set ATTUNE_PARTITIONS={found}, or delete the topic and run `attune topics create`"
    ]


def _setting_differences(topic: Topic, found: Mapping[str, str]) -> list[str]:
    wanted = topic.config()
    return [
        f"{topic.name} has {key}={found.get(key)}, not {wanted[key]}: kafka-configs --alter --entity-type topics"
        f" --entity-name {topic.name} --add-config {key}={wanted[key]}"
        for key in _COMPARED
        if found.get(key) != wanted[key]
    ]


async def _create(
    admin: AIOKafkaAdminClient,
    bootstrap: str,
    topics: Sequence[Topic],
    partitions: int,
    replication: int,
    deadline: Deadline,
) -> bool:
    """Makes the topics; whether somebody else made one of them first."""
    if not topics:
        return False
    new = [
        NewTopic(topic.name, partitions, replication, topic_configs=topic.config() | _durability(replication))
        for topic in topics
    ]
    settled = Deadline(min(_SETTLES, deadline.remaining() / 2))
    refusals = await _refusals(admin, bootstrap, new, deadline)
    while any(error is InvalidReplicationFactorError for _, error, _ in refusals) and settled.remaining():
        await asyncio.sleep(_AGAIN)
        refusals = await _refusals(admin, bootstrap, new, deadline)
    for name, error, text in refusals:
        if error is InvalidReplicationFactorError:
            raise ConfigurationError(f"{name}: {text} Start more brokers, or set ATTUNE_REPLICATION lower")
        if error is not TopicAlreadyExistsError:
            raise ConfigurationError(f"Kafka at {bootstrap} refused to make {name} ({error.__name__}): {text}")
    return bool(refusals)


async def _refusals(
    admin: AIOKafkaAdminClient, bootstrap: str, new: list[NewTopic], deadline: Deadline
) -> list[tuple[str, type[BrokerResponseError], str]]:
    """Topic, error and Kafka's words for it."""
    answer = await ask_until(lambda: admin.create_topics(new), deadline.remaining(), "making the topics", bootstrap)
    return [(name, for_code(code), text) for name, code, text in answer.topic_errors if for_code(code) != NoError]


def _durability(replication: int) -> dict[str, str]:
    """With three replicas, acks=all must mean two: one broker may die and nothing acknowledged is lost."""
    return {"min.insync.replicas": "2"} if replication >= 3 else {}


async def _wait_for_leaders(
    bootstrap: str, topics: Sequence[Topic], partitions: int, deadline: Deadline, security: KafkaSecurity
) -> None:
    everything = [TopicPartition(topic.name, number) for topic in topics for number in range(partitions)]
    async with consumer_client(bootstrap, deadline.remaining(), security) as consumer:
        await ask_until(
            lambda: consumer.end_offsets(everything), deadline.remaining(), "waiting for new partitions", bootstrap
        )
