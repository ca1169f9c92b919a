"""Commits of a group member: what the broker did not take is not lost."""

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, GroupAuthorizationFailedError, IllegalStateError, KafkaConnectionError

from streams.contract import Record
from streams.kafka_commits import Commits
from tests.virtual_time import in_virtual_time
from workers.errors import BrokerUnavailable, FatalRunnerError

LETTERS, PARCELS = TopicPartition("letters", 0), TopicPartition("parcels", 0)


class Broker:
    """Takes commits, after the errors and hangs that it is told."""

    def __init__(self, *troubles: Exception | None) -> None:
        self._troubles = list(troubles)
        self.taken: list[dict[TopicPartition, int]] = []
        self.counted: list[BrokerUnavailable] = []
        self.commits = Commits(self._commit, self.counted.append, stage="agents", bootstrap="kafka:9092")

    async def _commit(self, offsets: dict[TopicPartition, int]) -> None:
        if self._troubles:
            trouble = self._troubles.pop(0)
            if trouble is None:
                await asyncio.sleep(60)
            else:
                raise trouble
        self.taken.append(offsets)


def record(partition: TopicPartition, offset: int) -> Record:
    return Record(partition.topic, partition.partition, offset, b"key", b"value", 0)


@in_virtual_time
async def test_per_partition_the_offset_after_the_last() -> None:
    broker = Broker()
    broker.commits.add([record(LETTERS, 3), record(LETTERS, 4), record(PARCELS, 9)])
    await broker.commits.flush(1.0)
    assert broker.taken == [{LETTERS: 5, PARCELS: 10}]


@in_virtual_time
async def test_nothing_waits_twice() -> None:
    broker = Broker()
    broker.commits.add([record(LETTERS, 3)])
    await broker.commits.flush(1.0)
    await broker.commits.flush(1.0)
    assert len(broker.taken) == 1


@pytest.mark.parametrize("trouble", [None, KafkaConnectionError()])
@in_virtual_time
async def test_what_got_no_answer_goes_with_the_next(trouble: Exception | None) -> None:
    broker = Broker(trouble)
    broker.commits.add([record(LETTERS, 3)])
    await broker.commits.flush(0.05)
    assert len(broker.counted) == 1
    broker.commits.add([record(PARCELS, 9)])
    await broker.commits.flush(1.0)
    assert broker.taken == [{LETTERS: 4, PARCELS: 10}]


@pytest.mark.parametrize("trouble", [CommitFailedError(), IllegalStateError()])
@in_virtual_time
async def test_partitions_of_somebody_else_are_forgotten(trouble: Exception) -> None:
    broker = Broker(trouble)
    broker.commits.add([record(LETTERS, 3)])
    await broker.commits.flush(1.0)
    await broker.commits.flush(1.0)
    assert broker.taken == []
    assert broker.counted == []


@in_virtual_time
async def test_a_refusal_for_good_is_fatal() -> None:
    broker = Broker(GroupAuthorizationFailedError("agents"))
    broker.commits.add([record(LETTERS, 3)])
    with pytest.raises(FatalRunnerError, match="GroupAuthorizationFailedError"):
        await broker.commits.flush(1.0)
