"""The store in the embedded service's one file. Each method is one transaction, or one read of one moment."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from infra.stores import (
    sqlite_bank,
    sqlite_budgets,
    sqlite_items,
    sqlite_leases,
    sqlite_own,
    sqlite_sealing,
    sqlite_spaces,
    sqlite_users,
)
from streams.database import Database
from workers.errors import StoreUnavailable
from workers.ports import (
    CommitOutcome,
    Due,
    ItemPage,
    ItemRecord,
    LeasedJob,
    Partition,
    Snapshot,
    Spent,
    UserCommit,
    UserPage,
)
from workers.sightings import Bounds, GrownPhrase, Sighting

_LIFE: Final = "file"
"""A file loses nothing while a process has it open: what the power took, it took from that process too."""

_SCHEMA: Final = (Path(__file__).parent / "sql" / "schema.sql").read_text(encoding="utf-8")


class SqliteStore:
    """`workers.ports.Store` on a `Database`, which it shares with the embedded log."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unshed = True
        """Whether the write-ahead log may still have what was deleted; nobody knows at first."""

    @classmethod
    async def open(cls, database: Database) -> Self:
        """Creates the tables where they are missing."""
        await database.write(_create_tables)
        return cls(database)

    async def read(
        self, users: Collection[str], items: Collection[str], space: str, partitions: Collection[Partition] = ()
    ) -> Snapshot:
        return await self._database.read(
            lambda connection: Snapshot(
                users=sqlite_users.read_users(connection, users),
                items=sqlite_items.read_items(connection, items, space),
                providers=sqlite_items.providers(connection),
                marks=_read_marks(connection, partitions),
            )
        )

    async def commit(
        self,
        commits: Sequence[UserCommit],
        marks: Mapping[Partition, int] | None = None,
        floors: Mapping[Partition, int] | None = None,
    ) -> list[CommitOutcome]:
        def change(connection: sqlite3.Connection) -> list[CommitOutcome]:
            outcomes = [sqlite_users.commit_user(connection, commit) for commit in commits]
            _raise_marks(connection, marks or {}, floors or {})
            return outcomes

        return await self._database.write(change)

    async def trim(self, published: Mapping[str, int]) -> None:
        entries = list(published.items())
        await self._database.write(lambda connection: sqlite_users.trim(connection, entries))

    async def marks(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        return await self._database.read(lambda connection: _read_marks(connection, partitions))

    async def life(self) -> str:
        return _LIFE

    async def mark(self, marks: Mapping[Partition, int], floors: Mapping[Partition, int], life: str) -> None:
        _check(life)
        await self._database.write(lambda connection: _raise_marks(connection, marks, floors))

    async def pending(self) -> list[str]:
        return await self._database.read(sqlite_users.pending)

    async def put_items(self, records: Sequence[ItemRecord], deleted: Collection[str] = ()) -> set[str]:
        return await self._database.write(lambda connection: sqlite_items.put_items(connection, records, deleted))

    async def put_phrases(self, space: str, vectors: Mapping[str, bytes]) -> None:
        await self._database.write(lambda connection: sqlite_items.put_phrases(connection, space, vectors))

    async def read_phrases(self, space: str, phrases: Collection[str]) -> dict[str, bytes]:
        return await self._database.read(lambda connection: sqlite_items.read_phrases(connection, space, phrases))

    async def replace_items(self, changes: Sequence[tuple[ItemRecord, ItemRecord]]) -> list[bool]:
        return await self._database.write(
            lambda connection: [sqlite_bank.replace_item(connection, *change) for change in changes]
        )

    async def sight(self, space: str, sightings: Sequence[Sighting], bounds: Bounds) -> dict[str, tuple[Sighting, ...]]:
        return await self._database.write(lambda connection: sqlite_bank.sight(connection, space, sightings, bounds))

    async def grow(self, space: str, phrases: Sequence[GrownPhrase], most: int) -> int:
        return await self._database.write(lambda connection: sqlite_bank.grow(connection, space, phrases, most))

    async def grown(self, space: str, after: int = 0) -> list[GrownPhrase]:
        return await self._database.read(lambda connection: sqlite_bank.grown(connection, space, after))

    async def sample_items(self, space: str, count: int) -> list[str]:
        return await self._database.read(lambda connection: sqlite_items.sample_items(connection, space, count))

    async def items_in(self, space: str, place: int = 0) -> ItemPage:
        return await self._database.read(lambda connection: sqlite_spaces.items_in(connection, space, place))

    async def drop_items(self, space: str, items: Collection[str]) -> None:
        await self._database.write(lambda connection: sqlite_spaces.drop_items(connection, space, items))

    async def drop_words(self, space: str) -> None:
        while await self._database.write(lambda connection: sqlite_spaces.drop_words(connection, space)):
            pass  # A step at a time, so that other writes come in between.

    async def own_items(self, mailbox: bytes) -> list[str]:
        return await self._database.read(lambda connection: sqlite_own.keys_of(connection, mailbox))

    async def close_own(self, mailbox: bytes) -> list[str]:
        return await self._database.write(lambda connection: sqlite_own.close(connection, mailbox))

    async def claim_due(self, name: str, now: float, limit: int, lease: float) -> list[Due]:
        return await self._database.write(
            lambda connection: sqlite_leases.claim_due(connection, name, now, limit, lease)
        )

    async def count_times(self, name: str, edges: Sequence[float]) -> list[int]:
        return await self._database.read(lambda connection: sqlite_leases.count_times(connection, name, edges))

    async def claim_job(self, now: float, lease: float) -> LeasedJob | None:
        return await self._database.write(lambda connection: sqlite_leases.claim_job(connection, now, lease))

    async def save_job(self, user: str, token: int, progress: bytes, leased_until: float) -> bool:
        return await self._database.write(
            lambda connection: sqlite_leases.save_job(connection, user, token, progress, leased_until)
        )

    async def finish_job(self, user: str, token: int) -> bool:
        return await self._database.write(lambda connection: sqlite_leases.finish_job(connection, user, token))

    async def count_jobs(self) -> int:
        return await self._database.read(sqlite_leases.count_jobs)

    async def reserve(
        self, account: str, period: int, calls: int, tokens: int, max_calls: int, max_tokens: int
    ) -> bool:
        wanted, most = Spent(calls, tokens), Spent(max_calls, max_tokens)
        return await self._database.write(
            lambda connection: sqlite_budgets.reserve(connection, account, period, wanted, most)
        )

    async def settle(self, account: str, period: int, calls: int, tokens: int) -> None:
        await self._database.write(lambda connection: sqlite_budgets.settle(connection, account, period, calls, tokens))

    async def spent(self, account: str, period: int) -> Spent:
        return await self._database.read(lambda connection: sqlite_budgets.spent(connection, account, period))

    async def forget(self, user: str) -> tuple[str, ...]:
        def change(connection: sqlite3.Connection) -> tuple[str, ...]:
            sqlite_users.forget(connection, user)
            return sqlite_items.providers_ever(connection)

        self._unshed = True
        return await self._database.write(change)

    async def users(self, place: int = 0) -> UserPage:
        return await self._database.read(lambda connection: sqlite_users.page(connection, place))

    async def shed(self) -> None:
        if self._unshed:
            self._unshed = not await self._database.truncate()

    async def read_keys(self, mailboxes: Collection[bytes]) -> dict[bytes, tuple[bytes, ...]]:
        return await self._database.read(lambda connection: sqlite_sealing.read_keys(connection, mailboxes))

    async def add_keys(self, keys: Mapping[bytes, Collection[bytes]]) -> dict[bytes, tuple[bytes, ...]]:
        return await self._database.write(lambda connection: sqlite_sealing.add_keys(connection, keys))

    async def destroy_keys(self, mailboxes: Collection[bytes], life: str) -> None:
        _check(life)
        self._unshed = True
        await self._database.write(lambda connection: sqlite_sealing.destroy_keys(connection, mailboxes))

    async def close(self) -> None:
        """Nothing: the database belongs to whoever opened it."""


def _check(life: str) -> None:
    if life != _LIFE:
        raise StoreUnavailable("the embedded store never had that life: ask it anew")


def _create_tables(connection: sqlite3.Connection) -> None:
    # Not executescript: it would commit what the writer has in hand. A statement ends where its line does.
    for statement in _SCHEMA.split(";\n"):
        connection.execute(statement)
    sqlite_items.hide_phrases(connection)


def _raise_marks(
    connection: sqlite3.Connection, marks: Mapping[Partition, int], floors: Mapping[Partition, int]
) -> None:
    stored = _read_marks(connection, marks.keys())
    raised = {
        partition: offset
        for partition, offset in marks.items()
        if floors.get(partition, 0) <= stored.get(partition, 0) < offset
    }
    rows = [(*partition, offset) for partition, offset in raised.items()]
    connection.executemany("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", rows)


def _read_marks(connection: sqlite3.Connection, partitions: Collection[Partition]) -> dict[Partition, int]:
    query = "SELECT position FROM marks WHERE topic = ? AND partition = ?"
    found = {partition: connection.execute(query, partition).fetchone() for partition in partitions}
    return {partition: row[0] for partition, row in found.items() if row is not None}
