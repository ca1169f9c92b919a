"""The embedded service's file, read beside the service: its log, its keys, its providers."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from infra.stores import sqlite_items, sqlite_own, sqlite_sealing
from streams import embedded_tables as tables
from streams.contract import Partition, Record
from workers.errors import ConfigurationError


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Read-only; a service that runs is not disturbed. Raises `ConfigurationError` where there is no such file, or it
    is of a release before this one."""
    if not path.is_file():
        raise ConfigurationError(f"{path} is not there: name the folder of the embedded service in ATTUNE_DATA_DIR")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as connection:
        try:
            connection.execute("SELECT 1 FROM sealing_keys, providers, own_items LIMIT 1").fetchone()
        except sqlite3.Error as error:
            cure = "start the service once with this release"
            raise ConfigurationError(f"{path} is no file of this release ({error}): {cure}") from error
        yield connection


class FileStore:
    """What an audit asks a store."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def read_keys(self, mailboxes: Collection[bytes]) -> dict[bytes, tuple[bytes, ...]]:
        return sqlite_sealing.read_keys(self._connection, mailboxes)

    async def own_items(self, mailbox: bytes) -> list[str]:
        return sqlite_own.keys_of(self._connection, mailbox)

    async def providers(self) -> tuple[str, ...]:
        return sqlite_items.providers_ever(self._connection)


class FileHistory:
    """What an audit asks a log."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ids, _, self._ends, _ = tables.contents(connection)

    async def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        return {source: end for source, end in self._ends.items() if source.topic in topics}

    async def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        found = tables.page(self._connection, [tables.Span(source, self._ids[source], start)], limit)
        return [record for record in found if record.offset < end]

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        """Nobody goes on from here."""
        return {}
