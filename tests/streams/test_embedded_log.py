"""The embedded log beside what the runner and producer contracts say: its file, its readers, its bounds."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.contract import Outgoing, Partition
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.embedded_runner import EmbeddedRunner
from streams.metrics import Metrics
from streams.partitioning import partition_of
from streams.topics import TOPICS, Topic
from tests.contract.runner_cases import RecordingStage, eventually, running
from tests.patience import PATIENCE
from workers.errors import ConfigurationError, Overloaded, StoreUnavailable

LETTERS = Topic("letters", mailbox=True)
PARCELS = Topic("parcels", mailbox=True)
KEY = b"key"
SOURCE = Partition("letters", partition_of(KEY, 4))


class Clock:
    """Epoch seconds, as the test says."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def opened(
    folder: Path,
    partitions: int = 4,
    topics: Sequence[Topic] = (LETTERS, PARCELS),
    max_behind: int = 1000,
    database: Database | None = None,
) -> AsyncIterator[EmbeddedLog]:
    database = database or Database(folder / "log.sqlite")
    log = await EmbeddedLog.open(database, partitions, topics, max_behind=max_behind, clock=Clock())
    try:
        yield log
    finally:
        await log.close()
        await database.close()


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EmbeddedLog]:
    async with opened(tmp_path) as one:
        yield one


def letters(count: int, start: int = 0) -> list[Outgoing]:
    return [Outgoing("letters", KEY, b"%d" % i) for i in range(start, start + count)]


class TestFile:
    async def test_messages_offsets_and_times_survive(self, tmp_path: Path) -> None:
        async with opened(tmp_path) as log:
            await log.send(letters(3))
            await log.commit("readers", {SOURCE: 2})
        async with opened(tmp_path) as log:
            await log.send(letters(1, start=3))
            assert (await log.join("readers", ["letters"]))[SOURCE] == 2
            records, following = await log.page({SOURCE: 2}, 10)
        assert [(r.offset, r.value, r.timestamp_ms) for r in records] == [
            (2, b"2", 1_700_000_000_000),
            (3, b"3", 1_700_000_000_000),
        ]
        assert following == {SOURCE: 4}

    async def test_the_number_of_partitions_is_the_one_it_was_made_with(self, tmp_path: Path) -> None:
        async with opened(tmp_path, partitions=4) as log:
            await log.send(letters(1))
        async with opened(tmp_path, partitions=16) as log:
            assert log.partitions == 4
            await log.send(letters(1, start=1))
            assert len((await log.page({SOURCE: 0}, 10)).records) == 2, "the key is still in its partition"

    async def test_a_topic_that_is_new_in_the_table_is_added(self, tmp_path: Path) -> None:
        async with opened(tmp_path, topics=[LETTERS]) as log:
            with pytest.raises(ConfigurationError, match="parcels"):
                await log.send([Outgoing("parcels", KEY, b"")])
        async with opened(tmp_path, topics=[LETTERS, PARCELS]) as log:
            await log.send([Outgoing("parcels", KEY, b"")])
            assert await log.lag("readers", ["parcels"]) == 1

    async def test_the_whole_table_of_topics_is_the_default(self, tmp_path: Path) -> None:
        database = Database(tmp_path / "log.sqlite")
        log = await EmbeddedLog.open(database, 2)
        await log.send([Outgoing(topic.name, KEY, b"") for topic in TOPICS])
        await log.close()
        await database.close()


class TestPages:
    async def test_partitions_are_read_in_the_order_given_up_to_the_limit(self, log: EmbeddedLog) -> None:
        other = Partition("parcels", SOURCE.number)
        await log.send([*letters(3), *(Outgoing("parcels", KEY, b"%d" % i) for i in range(3))])
        records, following = await log.page({other: 0, SOURCE: 1}, 4)
        assert [(r.topic, r.offset) for r in records] == [
            ("parcels", 0),
            ("parcels", 1),
            ("parcels", 2),
            ("letters", 1),
        ]
        assert following == {other: 3, SOURCE: 2}

    async def test_at_the_ends_there_is_nothing(self, log: EmbeddedLog) -> None:
        await log.send(letters(3))
        assert await log.page({SOURCE: 3}, 10) == ([], {})


class TestWaiting:
    async def test_a_reader_is_woken_by_the_append(self, log: EmbeddedLog) -> None:
        reading = asyncio.create_task(log.wait({SOURCE: 0}))
        await asyncio.sleep(0.01)
        await log.send(letters(1))
        for _ in range(10):
            await asyncio.sleep(0)
        assert reading.done(), "it does not poll"

    async def test_another_partition_does_not_end_the_wait(self, log: EmbeddedLog) -> None:
        reading = asyncio.create_task(log.wait({Partition("parcels", SOURCE.number): 0}))
        await log.send(letters(1))
        await asyncio.sleep(0.01)
        assert not reading.done()
        reading.cancel()

    async def test_a_sender_that_is_cancelled_has_sent_and_the_reader_is_woken(self, log: EmbeddedLog) -> None:
        reading = asyncio.create_task(log.wait({SOURCE: 0}))
        sending = asyncio.create_task(log.send(letters(1)))
        await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait_for(reading, PATIENCE)

    async def test_closing_ends_every_wait(self, log: EmbeddedLog) -> None:
        reading = asyncio.create_task(log.wait({SOURCE: 0}))
        await asyncio.sleep(0.01)
        await log.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            await asyncio.wait_for(reading, PATIENCE)


class TestBounds:
    async def test_the_slowest_group_holds_the_senders_back(self, tmp_path: Path) -> None:
        async with opened(tmp_path, max_behind=10) as log:
            for group in ("quick", "slow"):
                await log.join(group, ["letters"])
            await log.send(letters(10))
            await log.commit("quick", {SOURCE: 10})
            with pytest.raises(Overloaded, match="slow is 10 messages behind on letters"):
                await log.send(letters(1))
            await log.send([Outgoing("parcels", KEY, b"another topic")])
            await log.commit("slow", {SOURCE: 1})
            await log.send(letters(1))

    async def test_what_is_on_its_way_counts(self, tmp_path: Path) -> None:
        async with opened(tmp_path, max_behind=10) as log:
            await log.join("readers", ["letters"])
            results = await asyncio.gather(*(log.send(letters(1)) for _ in range(15)), return_exceptions=True)
        assert [type(result) for result in results] == [type(None)] * 10 + [Overloaded] * 5

    async def test_a_group_that_does_not_read_here_any_more_holds_nobody(self, tmp_path: Path) -> None:
        async with opened(tmp_path, max_behind=10) as log:
            await log.join("former", ["letters"])
            await log.send(letters(10))
        async with opened(tmp_path, max_behind=10) as log:
            await log.send(letters(10))


class CountingDatabase(Database):
    transactions = 0

    def _commit(self, group: list[Any]) -> None:
        self.transactions += 1
        super()._commit(group)


async def test_many_senders_share_transactions(tmp_path: Path) -> None:
    """4,000 commits of their own would take over 10 s on a slow disk."""
    database = CountingDatabase(tmp_path / "log.sqlite")
    async with opened(tmp_path, max_behind=10_000, database=database) as log:
        await asyncio.gather(*(log.send([Outgoing("letters", b"%d" % i, b"")]) for i in range(4000)))
        assert await log.lag("readers", ["letters"]) == 4000
    assert database.transactions < 400


async def test_a_long_backlog_does_not_keep_others_waiting(log: EmbeddedLog) -> None:
    """A person's command is not behind a thousand events."""
    await log.send([*letters(500), Outgoing("parcels", KEY, b"a command")])
    stage = RecordingStage(("letters", "parcels"))
    async with running(EmbeddedRunner(log, stage, batch_size=10, metrics=Metrics())) as run:
        await eventually(lambda: len(stage.records) == 501, run)
    assert b"a command" in stage.values()[:100]
