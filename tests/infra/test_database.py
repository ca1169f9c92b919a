"""One file, one writer: groups, savepoints, one moment per read, and one process at a time."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Self

import pytest

from streams.database import Database
from workers.errors import ConfigurationError, StoreUnavailable

HOLDER = """
import asyncio, sys
from pathlib import Path
from streams.database import Database

async def main():
    database = Database(Path(sys.argv[1]))
    await database.write(lambda connection: connection.execute("CREATE TABLE numbers (number INTEGER)"))
    await database.write(lambda connection: connection.execute("INSERT INTO numbers VALUES (7)"))
    print("committed", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "attune.sqlite"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    opened = Database(path)
    await opened.write(lambda connection: connection.execute("CREATE TABLE numbers (number INTEGER UNIQUE)"))
    yield opened
    await opened.close()


def insert(number: int) -> Callable[[sqlite3.Connection], int]:
    def change(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO numbers VALUES (?)", (number,))
        return number

    return change


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT number FROM numbers ORDER BY rowid")]


class Held:
    """A write that keeps the writer busy until `free`, so that what is asked meanwhile becomes one group."""

    def __init__(self, database: Database) -> None:
        self._begun, self._freed = threading.Event(), threading.Event()
        self.task = asyncio.ensure_future(database.write(self._wait))

    @classmethod
    async def begin(cls, database: Database) -> Self:
        held = cls(database)
        assert await asyncio.to_thread(held._begun.wait, 30)
        return held

    async def free(self) -> None:
        await asyncio.sleep(0)  # whoever was asked before is in the queue now
        self._freed.set()
        await self.task

    def _wait(self, connection: sqlite3.Connection) -> bool:
        self._begun.set()
        return self._freed.wait(30)


async def test_what_is_written_is_read(database: Database) -> None:
    assert await database.write(insert(1)) == 1
    assert await database.read(numbers) == [1]


async def test_what_waits_is_committed_together_and_in_order(database: Database, path: Path) -> None:
    committed: list[int] = []

    def look_outside(number: int) -> Callable[[sqlite3.Connection], None]:
        def change(connection: sqlite3.Connection) -> None:
            insert(number)(connection)
            other = sqlite3.connect(path)
            committed.append(len(numbers(other)))
            other.close()

        return change

    held = await Held.begin(database)
    writes = asyncio.gather(*(database.write(look_outside(number)) for number in range(100)))
    await held.free()
    await writes
    assert committed == [0] * 100  # nobody outside saw any of them before all were done
    assert await database.read(numbers) == list(range(100))


async def test_more_than_one_group_of_writes(database: Database) -> None:
    assert await asyncio.gather(*(database.write(insert(number)) for number in range(1000))) == list(range(1000))
    assert await database.read(numbers) == list(range(1000))


async def test_a_write_that_raises_undoes_only_itself(database: Database) -> None:
    def half(connection: sqlite3.Connection) -> None:
        insert(50)(connection)
        raise LookupError("its own reason")

    held = await Held.begin(database)
    asked = [database.write(insert(1)), database.write(half), database.write(insert(1)), database.write(insert(2))]
    outcomes = asyncio.gather(*asked, return_exceptions=True)
    await held.free()
    first, failed, twice, last = await outcomes
    assert (first, last) == (1, 2)
    assert isinstance(failed, LookupError)
    assert isinstance(twice, sqlite3.IntegrityError)
    assert await database.read(numbers) == [1, 2]


async def test_a_write_whose_caller_gave_up_early_is_not_made(database: Database) -> None:
    held = await Held.begin(database)
    lost = asyncio.ensure_future(database.write(insert(1)))
    kept = asyncio.ensure_future(database.write(insert(2)))
    await asyncio.sleep(0)
    lost.cancel()
    await held.free()
    assert await kept == 2
    assert await database.read(numbers) == [2]


async def test_a_write_whose_caller_gave_up_late_harms_nobody(database: Database) -> None:
    held = await Held.begin(database)
    held.task.cancel()
    other = asyncio.ensure_future(database.write(insert(1)))
    with pytest.raises(asyncio.CancelledError):
        await held.free()
    assert await other == 1


async def test_a_full_disk_is_told_to_everybody_it_concerns(database: Database) -> None:
    await database.write(lambda connection: connection.execute("CREATE TABLE blobs (number INTEGER, blob BLOB)"))
    await database.write(lambda connection: connection.execute("PRAGMA max_page_count = 40").fetchall())

    def store_blob(number: int) -> Callable[[sqlite3.Connection], None]:
        def change(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO blobs VALUES (?, zeroblob(30000))", (number,))

        return change

    held = await Held.begin(database)
    writes = asyncio.gather(*(database.write(store_blob(number)) for number in range(10)), return_exceptions=True)
    await held.free()
    told = await writes
    stored = await database.read(lambda connection: connection.execute("SELECT number FROM blobs").fetchall())
    assert {number for (number,) in stored} == {number for number, error in enumerate(told) if error is None}
    failures = [error for error in told if error is not None]
    assert failures
    assert all(isinstance(error, StoreUnavailable) and "make room" in str(error) for error in failures)

    await database.write(lambda connection: connection.execute("PRAGMA max_page_count = 4000").fetchall())
    await database.write(store_blob(99))


@pytest.mark.parametrize("error", [None, LookupError("and then this")])
async def test_a_write_that_ends_the_transaction_itself_does_not_end_the_writer(
    database: Database, error: Exception | None
) -> None:
    def mistaken(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")
        if error is not None:
            raise error

    with pytest.raises(StoreUnavailable, match="try again"):
        await database.write(mistaken)
    assert await database.write(insert(1)) == 1


async def test_a_mistake_in_a_query_is_not_taken_for_an_outage(database: Database) -> None:
    def mistaken(connection: sqlite3.Connection) -> object:
        return connection.execute("SELECT * FROM nothing_of_that_name").fetchall()

    for ask in (database.read, database.write):
        with pytest.raises(sqlite3.OperationalError):
            await ask(mistaken)
    assert await database.write(insert(1)) == 1


async def test_a_read_sees_one_moment(database: Database) -> None:
    await database.write(insert(1))
    looked, written = threading.Event(), threading.Event()

    def look_twice(connection: sqlite3.Connection) -> tuple[list[int], list[int]]:
        before = numbers(connection)
        looked.set()
        assert written.wait(30)
        return before, numbers(connection)

    both = asyncio.ensure_future(database.read(look_twice))
    await asyncio.to_thread(looked.wait, 30)
    await database.write(insert(2))
    written.set()
    assert await both == ([1], [1])
    assert await database.read(numbers) == [1, 2]


async def test_a_read_does_not_wait_for_the_writer(database: Database) -> None:
    held = await Held.begin(database)
    assert await asyncio.wait_for(database.read(numbers), 10) == []
    assert not held.task.done()
    await held.free()


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(StoreUnavailable, match="writable"):
        await database.read(insert(1))
    assert await database.read(numbers) == []


async def test_close_ends_what_was_asked_and_refuses_the_rest(path: Path) -> None:
    database = Database(path)
    await database.write(lambda connection: connection.execute("CREATE TABLE numbers (number INTEGER)"))
    held = await Held.begin(database)
    asked = [asyncio.ensure_future(database.write(insert(number))) for number in range(300)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(database.close())
    await held.free()
    await closing
    await database.close()
    assert await asyncio.gather(*asked) == list(range(300))
    with pytest.raises(StoreUnavailable, match="is closed"):
        await database.write(insert(1))
    with pytest.raises(StoreUnavailable, match="is closed"):
        await database.read(numbers)
    again = Database(path)
    assert await again.read(numbers) == list(range(300))
    await again.close()


async def test_what_is_deleted_cannot_be_read_off_the_file(path: Path) -> None:
    secret = b"ann@example.org" * 1000
    database = Database(path)
    await database.write(lambda connection: connection.execute("CREATE TABLE blobs (blob BLOB)"))
    await database.write(lambda connection: connection.execute("INSERT INTO blobs VALUES (?)", (secret,)))
    await database.write(lambda connection: connection.execute("UPDATE blobs SET blob = ?", (secret[:900],)))
    await database.write(lambda connection: connection.execute("DELETE FROM blobs"))
    await database.close()
    contents = [file.read_bytes() for file in path.parent.iterdir()]
    assert not any(b"ann@example.org" in content for content in contents)


async def test_a_second_one_is_refused_while_the_first_lives(database: Database, path: Path) -> None:
    with pytest.raises(ConfigurationError, match="in use by another process"):
        Database(path)
    assert await database.write(insert(1)) == 1


async def test_another_process_is_refused_until_it_is_gone_and_what_it_committed_stays(path: Path) -> None:
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this loop
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "committed\n"
        with pytest.raises(ConfigurationError, match="stop it, or name another folder in ATTUNE_DATA_DIR"):
            Database(path)
        holder.send_signal(signal.SIGKILL)
    database = Database(path)
    assert await database.read(numbers) == [7]
    await database.close()


def test_what_is_no_database_is_refused_and_let_go(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"these are not the pages you are looking for" * 100)
    for _ in range(2):  # the first refusal has not kept the lock
        with pytest.raises(ConfigurationError, match="cannot open"):
            Database(path)


def test_a_folder_that_cannot_be_is_refused(path: Path) -> None:
    path.parent.touch()
    with pytest.raises(ConfigurationError, match="cannot write to"):
        Database(path)
