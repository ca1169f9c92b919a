"""Topics of a real Kafka that are made anew while a runner reads them, and while none does."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping

import pytest

from streams.contract import Outgoing, Partition
from streams.kafka_admin import create_topics
from streams.kafka_clients import admin_client, partitions_of
from streams.topics import Topic
from tests.contract.runner_cases import (
    KAFKA_KINDS,
    PARTITIONS,
    KafkaBench,
    RecordingStage,
    eventually,
    kafka_bench,
    running,
    shared_broker,
)
from tests.patience import PATIENCE
from workers.errors import ConfigurationError, FatalRunnerError

pytestmark = pytest.mark.kafka


@pytest.fixture(params=KAFKA_KINDS)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[KafkaBench]:
    async with kafka_bench(KAFKA_KINDS[request.param], shared_broker()) as opened:
        yield opened


async def make_anew(bench: KafkaBench) -> None:
    async with admin_client(bench.bootstrap, 10.0) as admin:
        await admin.delete_topics([bench.topics[0]])
    for _ in range(100):
        try:
            await partitions_of(bench.bootstrap, bench.topics[:1], 10.0)
        except ConfigurationError:
            break
        await asyncio.sleep(0.1)
    await create_topics(bench.bootstrap, PARTITIONS, 1, topics=[Topic(bench.topics[0], mailbox=True)])


def letters(bench: KafkaBench, count: int) -> list[Outgoing]:
    return [Outgoing(bench.topics[0], b"user", b"%d" % i) for i in range(count)]


class Marking(RecordingStage):
    """Keeps high-water marks, as a store does."""

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        await super().resume(assigned)
        return {record.source: record.offset + 1 for record in self.records}


async def test_a_topic_that_was_made_anew_in_between_is_not_read(bench: KafkaBench) -> None:
    stage = Marking(bench.topics[:1])
    await bench.send(letters(bench, 20))
    async with running(bench.runner(stage)) as run:
        await eventually(lambda: stage.has(20), run)
    await make_anew(bench)
    await bench.send(letters(bench, 5))
    with pytest.raises(FatalRunnerError, match="up to offset 20, and now it goes on at 5: the topic was made anew"):
        await asyncio.wait_for(bench.runner(stage, call_timeout=3.0).run(), 2 * PATIENCE)
    assert stage.has(20)


async def test_a_topic_that_is_made_anew_under_the_runner_ends_it(bench: KafkaBench) -> None:
    stage = Marking(bench.topics[:1])
    await bench.send(letters(bench, 20))
    task = asyncio.create_task(bench.runner(stage, metadata_age=1.0, call_timeout=3.0).run())
    await eventually(lambda: stage.has(20), task)
    await make_anew(bench)
    await bench.send(letters(bench, 5))
    with pytest.raises((FatalRunnerError, ConfigurationError), match=r"made anew|lacks a topic"):
        await asyncio.wait_for(task, 2 * PATIENCE)
    assert stage.has(20), "nothing of the new one was handled"
