"""What the embedded log throws away while it opens, and what it must keep."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from streams.contract import Outgoing, Partition
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.embedded_runner import EmbeddedRunner
from streams.metrics import Metrics
from streams.topics import Topic
from tests.contract.runner_cases import RecordingStage, eventually, running
from tests.patience import PATIENCE

DAY = 24 * 60 * 60.0
PAPERS = Topic("papers", retention_ms=int(7 * DAY * 1000))
ITEMS = Topic("items", compacted=True)
START = 1_700_000_000.0

Opens = Callable[[float], AbstractAsyncContextManager[EmbeddedLog]]


@pytest.fixture
def on_day(tmp_path: Path) -> Opens:
    """Opens the log that many days after the start."""

    @asynccontextmanager
    async def opens(days: float) -> AsyncIterator[EmbeddedLog]:
        database = Database(tmp_path / "log.sqlite")
        log = await EmbeddedLog.open(database, 1, [PAPERS, ITEMS], clock=lambda: START + days * DAY)
        try:
            yield log
        finally:
            await log.close()
            await database.close()

    return opens


async def values(log: EmbeddedLog, topic: str) -> list[bytes | None]:
    return [record.value for record in await log.read(topic, 100)]


class TestRetention:
    async def test_what_is_old_and_consumed_by_all_goes(self, on_day: Opens) -> None:
        async with on_day(0) as log:
            await log.send([Outgoing("papers", b"key", b"old")])
            await log.join("readers", ["papers"])
            await log.commit("readers", {Partition("papers", 0): 1})
        async with on_day(6) as log:
            assert await values(log, "papers") == [b"old"]
            await log.send([Outgoing("papers", b"key", b"new")])
        async with on_day(8) as log:
            assert await values(log, "papers") == [b"new"]
            assert await log.lag("readers", ["papers"]) == 1
            assert log.starts(["papers"]) == {Partition("papers", 0): 1}

    async def test_what_one_group_has_not_read_stays(self, on_day: Opens) -> None:
        async with on_day(0) as log:
            await log.send([Outgoing("papers", b"key", b"old")])
            for group in ("quick", "slow"):
                await log.join(group, ["papers"])
            await log.commit("quick", {Partition("papers", 0): 1})
        async with on_day(30) as log:
            assert await values(log, "papers") == [b"old"]

    async def test_offsets_go_on_after_everything_is_gone(self, on_day: Opens) -> None:
        async with on_day(0) as log:
            await log.send([Outgoing("papers", b"key", b"old")])
        async with on_day(8) as log:
            assert await values(log, "papers") == []
            await log.send([Outgoing("papers", b"key", b"new")])
            assert [record.offset for record in await log.read("papers", 10)] == [1]
            assert await log.lag("a new group", ["papers"]) == 1


class TestCompaction:
    async def test_the_newest_value_of_each_key_stays(self, on_day: Opens) -> None:
        async with on_day(0) as log:
            await log.send([Outgoing("items", key, value) for key, value in [(b"a", b"1"), (b"b", b"1"), (b"a", b"2")]])
        async with on_day(1000) as log:
            assert await values(log, "items") == [b"1", b"2"]
            assert [record.offset for record in await log.read("items", 10)] == [1, 2], "offsets do not move"

    async def test_a_topic_that_is_not_compacted_keeps_all(self, on_day: Opens) -> None:
        async with on_day(0) as log:
            await log.send([Outgoing("papers", b"a", b"1"), Outgoing("papers", b"a", b"2")])
        async with on_day(1) as log:
            assert await values(log, "papers") == [b"1", b"2"]

    async def test_a_tombstone_stays_a_day_and_until_all_have_seen_it(self, on_day: Opens) -> None:
        async with on_day(0) as log:
            await log.send([Outgoing("items", b"a", b"1"), Outgoing("items", b"a", None)])
            await log.join("readers", ["items"])
        async with on_day(0.5) as log:
            assert await values(log, "items") == [None]
        async with on_day(2) as log:
            assert await values(log, "items") == [None], "readers have not seen it"
            await log.commit("readers", {Partition("items", 0): 2})
        async with on_day(2) as log:
            assert await values(log, "items") == []

    async def test_it_may_be_asked_for(self, on_day: Opens) -> None:
        async with on_day(0) as log:
            await log.send([Outgoing("items", b"a", b"1"), Outgoing("items", b"a", b"2")])
            await log.compact("items")
            assert await values(log, "items") == [b"2"]


async def nothing_waits(log: EmbeddedLog, group: str) -> None:
    """Though of the last offsets nothing can ever be handled."""
    async with asyncio.timeout(PATIENCE):
        while await log.lag(group, ["items"]) > 0:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("group", ["readers", None])
async def test_a_runner_gets_over_offsets_whose_messages_are_gone(on_day: Opens, group: str | None) -> None:
    """The last offset's message is gone: nothing to read there, and nothing to wait for either."""
    async with on_day(0) as log:
        await log.send([Outgoing("items", b"a", b"1"), Outgoing("items", b"b", b"1"), Outgoing("items", b"b", None)])
    async with on_day(2) as log:
        stage = RecordingStage(("items",), group)
        runner = EmbeddedRunner(log, stage, batch_size=1, metrics=Metrics())
        async with running(runner) as run:
            await eventually(lambda: stage.values() == [b"1"], run)
            if stage.group is not None:
                await nothing_waits(log, stage.group)
            await log.send([Outgoing("items", b"c", b"3")])
            await eventually(lambda: stage.values() == [b"1", b"3"], run)
        if stage.group is not None:
            assert await log.lag(stage.group, ["items"]) == 0
