"""One SQLite file with one writer: the log, the offsets and the state of the embedded service all go through here.

All writes run on one thread. What waits when the thread is free goes into one transaction (a group commit): each write
in its own savepoint, so that one that raises undoes only itself, and one fsync for all of them. Reads run on a few
threads of their own and never wait for a writer (write-ahead log).
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from workers.errors import ConfigurationError, StoreUnavailable

T = TypeVar("T")
Write = Callable[[sqlite3.Connection], Any]

_GROUP = 256
"""Writes in one transaction at most: at about 0.1 ms a write a group holds its callers for 25 ms."""

_READERS = 2
_BUSY_SECONDS = 5.0


class Database:
    """Open it once per process and file; a second process is refused while the first lives."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[tuple[Write, Future[Any]] | None] = queue.SimpleQueue()
        self._lock = _lock_file(path)
        self._writer_connection = self._connect()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-read")
        self._local = threading.local()
        self._closed = False
        self._connections: list[sqlite3.Connection] = []
        self._writer = threading.Thread(target=self._write_loop, name="sqlite-write", daemon=True)
        self._writer.start()

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `change` in the writer's next transaction and returns its result once that is committed."""
        if self._closed:
            raise StoreUnavailable(f"{self._path} is closed")
        future: Future[T] = Future()
        self._queue.put((change, future))
        return await asyncio.wrap_future(future)

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `query` on a read-only view of what is committed."""
        if self._closed:
            raise StoreUnavailable(f"{self._path} is closed")
        return await asyncio.get_running_loop().run_in_executor(self._readers, lambda: query(self._reader()))

    async def close(self) -> None:
        """Ends the writer after what is queued; later calls raise `StoreUnavailable`."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._writer.join()
        self._readers.shutdown()
        for connection in [*self._connections, self._writer_connection]:
            connection.close()
        self._lock.close()

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
            )
            # NORMAL survives the death of the process; only a power cut can take the last moments (FULL costs half
            # the rate, and a service in one file promises no more than its disk).
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            raise ConfigurationError(
                f"cannot open {self._path} as a database ({error}): name another folder"
            ) from error
        return connection

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
            self._connections.append(connection)
        return connection

    def _write_loop(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first, *self._waiting()]
            last = group[-1] is None
            self._commit([entry for entry in group if entry is not None])
            if last:
                return

    def _waiting(self) -> list[tuple[Write, Future[Any]] | None]:
        waiting: list[tuple[Write, Future[Any]] | None] = []
        with contextlib.suppress(queue.Empty):
            while len(waiting) < _GROUP and (not waiting or waiting[-1] is not None):
                waiting.append(self._queue.get_nowait())
        return waiting

    def _commit(self, group: list[tuple[Write, Future[Any]]]) -> None:
        connection = self._writer_connection
        done: list[tuple[Future[Any], Any]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for change, future in group:
                self._attempt(change, future, done)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            for _, future in group:
                if not future.done():
                    future.set_exception(StoreUnavailable(f"{self._path}: {error}"))
            return
        for future, result in done:
            future.set_result(result)

    def _attempt(self, change: Write, future: Future[Any], done: list[tuple[Future[Any], Any]]) -> None:
        connection = self._writer_connection
        if not future.set_running_or_notify_cancel():
            return
        connection.execute("SAVEPOINT one")
        try:
            result = change(connection)
        except Exception as error:
            connection.execute("ROLLBACK TO one")
            connection.execute("RELEASE one")
            future.set_exception(error)
            return
        connection.execute("RELEASE one")
        done.append((future, result))


def _lock_file(path: Path) -> Any:
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = (path.parent / f"{path.name}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise ConfigurationError(
            f"{path} is in use by another process: stop it, or name another folder in ATTUNE_DATA_DIR"
        ) from error
    return lock
