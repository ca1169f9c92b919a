"""One SQLite file with one writer: the log, the offsets and the state of the embedded service all go through here.

All writes run on one thread. What waits when the thread is free goes into one transaction (a group commit):

1. Begin.
2. Each write in its own savepoint, so that one that raises undoes only itself.
3. Commit: all of the group is on its way to the disk, or none.
4. Each caller is told.

Reads run on a few threads of their own, each sees one moment, and none waits for a writer (write-ahead log).
"""

import asyncio
import contextlib
import fcntl
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

from workers.errors import ConfigurationError, StoreUnavailable

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], Any]

_GROUP = 256
"""Writes in one transaction at most: at about 0.1 ms a write a group holds its callers for 25 ms."""

_READERS = 2
_BUSY_SECONDS = 5.0

_PASSES = {
    sqlite3.SQLITE_FULL: "make room on its disk",
    sqlite3.SQLITE_IOERR: "see whether its disk is well",
    sqlite3.SQLITE_READONLY: "make it writable for this user",
    sqlite3.SQLITE_CANTOPEN: "see whether its folder is still there",
    sqlite3.SQLITE_NOMEM: "the machine is out of memory",
    sqlite3.SQLITE_BUSY: "another program holds it, a backup perhaps: wait or end that",
    sqlite3.SQLITE_LOCKED: "another program holds it, a backup perhaps: wait or end that",
}
"""What may pass: the same write can succeed later."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class _Write(NamedTuple):
    change: Change
    future: Future[Any]
    alone: bool = False
    """Outside of any transaction."""


class _Outcome(NamedTuple):
    result: Any = None
    error: Exception | None = None


class Database:
    """Open it once per process and file; a second one is refused while the first lives. Raises `ConfigurationError`
    where the file cannot be opened; every call raises `StoreUnavailable` where the disk refuses, and what the given
    function raises otherwise."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._closed = False
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = _lock_file(path)
        try:
            self._writer_connection = self._connect()
        except BaseException:
            self._close_files()
            raise
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-read")
        self._writer = threading.Thread(target=self._write_loop, name="sqlite-write", daemon=True)
        self._writer.start()

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `change` in the writer's next transaction and returns its result once that is committed. A caller that
        is cancelled meanwhile does not learn whether it was."""
        self._refuse_if_closed()
        future: Future[T] = Future()
        self._queue.put(_Write(change, future))
        return await asyncio.wrap_future(future)

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `query` on what is committed, read-only, all of it as of one moment."""
        self._refuse_if_closed()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._query, query)

    async def truncate(self) -> bool:
        """Moves what the write-ahead log has into the file and empties it: what was deleted is in neither then. False
        where somebody has read all the while; ask again."""
        self._refuse_if_closed()
        future: Future[bool] = Future()
        self._queue.put(_Write(_truncate, future, alone=True))
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Ends the writer after what is queued; later calls raise `StoreUnavailable`."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._shut)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"{self._path} is closed: this process is ending")

    def _shut(self) -> None:
        self._writer.join()
        self._readers.shutdown()
        self._close_files()

    def _close_files(self) -> None:
        for connection in self._connections:
            connection.close()
        self._lock.close()

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
            )
            self._connections.append(connection)
            # NORMAL survives the death of the process; only a power cut can take the last moments (FULL costs half
            # the rate, and a service in one file promises no more than its disk). What is deleted is overwritten, so
            # that it cannot be read off the file; some builds of SQLite do that anyway.
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            raise ConfigurationError(
                f"cannot open {self._path} as a database ({error}): name another folder in ATTUNE_DATA_DIR"
            ) from error
        return connection

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
        return connection

    def _query(self, query: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._reader()
        try:
            connection.execute("BEGIN")
            return query(connection)
        except sqlite3.Error as error:
            raise self._translated(error) from error
        finally:
            _roll_back(connection)

    def _write_loop(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first, *self._waiting()]
            last = group[-1] is None
            writes = [write for write in group if write is not None and _claim(write)]
            self._commit([write for write in writes if not write.alone])
            for write in writes:
                if write.alone:
                    self._run_alone(write)
            if last:
                return

    def _waiting(self) -> list[_Write | None]:
        waiting: list[_Write | None] = []
        with contextlib.suppress(queue.Empty):
            while len(waiting) < _GROUP and (not waiting or waiting[-1] is not None):
                waiting.append(self._queue.get_nowait())
        return waiting

    def _commit(self, group: list[_Write]) -> None:
        connection = self._writer_connection
        try:
            connection.execute("BEGIN IMMEDIATE")  # 1
            outcomes = [self._attempt(write.change) for write in group]  # 2
            connection.execute("COMMIT")  # 3
        except Exception as error:
            _roll_back(connection)
            for write in group:
                write.future.set_exception(self._undone(error))
            return
        for write, outcome in zip(group, outcomes, strict=True):  # 4
            if outcome.error is None:
                write.future.set_result(outcome.result)
            else:
                write.future.set_exception(outcome.error)

    def _run_alone(self, write: _Write) -> None:
        try:
            write.future.set_result(write.change(self._writer_connection))
        except sqlite3.Error as error:
            write.future.set_exception(self._translated(error))

    def _attempt(self, change: Change) -> _Outcome:
        connection = self._writer_connection
        connection.execute("SAVEPOINT one")
        try:
            outcome = _Outcome(change(connection))
        except Exception as error:
            if not connection.in_transaction:  # SQLite itself has given up the whole group, as on a full disk
                raise
            connection.execute("ROLLBACK TO one")
            outcome = _Outcome(error=self._translated(error) if isinstance(error, sqlite3.Error) else error)
        connection.execute("RELEASE one")
        return outcome

    def _undone(self, error: Exception) -> Exception:
        """For the callers of a whole group: also for those whose own part was right."""
        translated = self._translated(error) if isinstance(error, sqlite3.Error) else error
        if isinstance(translated, ConfigurationError | StoreUnavailable):
            return translated
        return StoreUnavailable(f"{self._path}: another write undid this one ({type(error).__name__}): try again")

    def _translated(self, error: sqlite3.Error) -> Exception:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended part
        if code in _PASSES:
            return StoreUnavailable(f"{self._path}: {error}: {_PASSES[code]}")
        if code in _DAMAGED:
            return ConfigurationError(f"{self._path} is damaged ({error}): restore it, or name another ATTUNE_DATA_DIR")
        return error


def _claim(write: _Write) -> bool:
    """Whether its caller still waits; from here on it cannot be cancelled, so that it can always be told."""
    return write.future.set_running_or_notify_cancel()


def _truncate(connection: sqlite3.Connection) -> bool:
    (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        with contextlib.suppress(sqlite3.Error):  # the next BEGIN says it again, to callers who can be told
            connection.execute("ROLLBACK")


def _lock_file(path: Path) -> IO[str]:
    cure = "name another folder in ATTUNE_DATA_DIR"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = (path.parent / f"{path.name}.lock").open("w")
    except OSError as error:
        raise ConfigurationError(
            f"cannot write to {path.parent} ({error.strerror}): make it writable, or {cure}"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise ConfigurationError(f"{path} is in use by another process: stop it, or {cure}") from error
    except OSError as error:
        lock.close()
        raise ConfigurationError(f"{path.parent} does not support file locks ({error.strerror}): {cure}") from error
    return lock
