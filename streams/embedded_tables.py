"""The log's tables in the embedded service's file: functions on a connection, to be run by `streams.database`.

A message's id is its partition's number in this file, then its offset: one b-tree keeps every partition in order.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from streams.contract import Outgoing, Partition, Record

_OFFSET_BITS = 40
"""10^12 offsets a partition, 8 million partitions: at 100 k messages a second the offsets last four months per
partition, and the file would hold hundreds of terabytes by then."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log_settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_partitions (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, number INTEGER NOT NULL, next INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, number));
CREATE TABLE IF NOT EXISTS log_messages (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB, time_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS log_offsets (
    consumers TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
    PRIMARY KEY (consumers, partition)) WITHOUT ROWID;
"""


class Contents(NamedTuple):
    """What the log keeps in memory of its tables: ids, first and next offsets, and the offsets of each group."""

    ids: dict[Partition, int]
    starts: dict[Partition, int]
    ends: dict[Partition, int]
    offsets: dict[str, dict[Partition, int]]


class Span(NamedTuple):
    """Where to read one partition: from `offset` on."""

    source: Partition
    id: int
    offset: int


def first_id(partition: int, offset: int = 0) -> int:
    """The id of a message; with the next partition's number, the end of this partition's ids."""
    return partition << _OFFSET_BITS | offset


def create(connection: sqlite3.Connection, topics: Collection[str], partitions: int) -> int:
    """Makes what is missing; returns the number of partitions that counts, which is the one first opened with."""
    for statement in filter(str.strip, _SCHEMA.split(";")):
        connection.execute(statement)
    connection.execute("INSERT OR IGNORE INTO log_settings VALUES ('partitions', ?)", (partitions,))
    (kept,) = connection.execute("SELECT value FROM log_settings WHERE name = 'partitions'").fetchone()
    rows = [(topic, number) for topic in topics for number in range(kept)]
    connection.executemany("INSERT OR IGNORE INTO log_partitions (topic, number) VALUES (?, ?)", rows)
    return int(kept)


def contents(connection: sqlite3.Connection) -> Contents:
    rows = connection.execute("SELECT id, topic, number, next FROM log_partitions ORDER BY topic, number").fetchall()
    sources = {id_: Partition(topic, number) for id_, topic, number, _ in rows}
    offsets: dict[str, dict[Partition, int]] = {}
    for group, id_, following in connection.execute("SELECT consumers, partition, next FROM log_offsets"):
        offsets.setdefault(group, {})[sources[id_]] = following
    return Contents(
        ids={source: id_ for id_, source in sources.items()},
        starts={sources[id_]: _first_offset(connection, id_, following) for id_, _, _, following in rows},
        ends={sources[id_]: following for id_, _, _, following in rows},
        offsets=offsets,
    )


def append(
    connection: sqlite3.Connection,
    messages: Mapping[Partition, Sequence[Outgoing]],
    ids: Mapping[Partition, int],
    ms: int,
) -> dict[Partition, int]:
    """Writes the messages at the ends of their partitions; returns the new ends."""
    ends = {}
    for source, group in messages.items():
        id_ = ids[source]
        (start,) = connection.execute("SELECT next FROM log_partitions WHERE id = ?", (id_,)).fetchone()
        rows = [(first_id(id_, start + i), message.key, message.value, ms) for i, message in enumerate(group)]
        connection.executemany("INSERT INTO log_messages VALUES (?, ?, ?, ?)", rows)
        ends[source] = start + len(rows)
        connection.execute("UPDATE log_partitions SET next = ? WHERE id = ?", (ends[source], id_))
    return ends


def page(connection: sqlite3.Connection, spans: Sequence[Span], limit: int) -> list[Record]:
    """Up to `limit` records, partition by partition in the order given."""
    records: list[Record] = []
    for span in spans:
        if len(records) >= limit:
            break
        records += _read(connection, span, limit - len(records))
    return records


def newest(connection: sqlite3.Connection, ids: Mapping[Partition, int], limit: int) -> list[Record]:
    """The `limit` newest records of the partitions together, oldest of them first."""
    records: list[Record] = []
    for source, id_ in ids.items():
        records += _records(
            source,
            connection.execute(
                "SELECT id, key, value, time_ms FROM log_messages WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?",
                (first_id(id_), first_id(id_ + 1), limit),
            ).fetchall(),
        )
    return sorted(records, key=lambda record: (record.timestamp_ms, record.partition, record.offset))[-limit:]


def write_offsets(
    connection: sqlite3.Connection, group: str, offsets: Mapping[Partition, int], ids: Mapping[Partition, int]
) -> None:
    rows = [(group, ids[source], following) for source, following in offsets.items()]
    connection.executemany("INSERT OR REPLACE INTO log_offsets VALUES (?, ?, ?)", rows)


def _read(connection: sqlite3.Connection, span: Span, limit: int) -> list[Record]:
    rows = connection.execute(
        "SELECT id, key, value, time_ms FROM log_messages WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (first_id(span.id, span.offset), first_id(span.id + 1), limit),
    ).fetchall()
    return _records(span.source, rows)


def _records(source: Partition, rows: Sequence[tuple[int, bytes, bytes | None, int]]) -> list[Record]:
    mask = (1 << _OFFSET_BITS) - 1
    return [Record(source.topic, source.number, id_ & mask, key, value, ms) for id_, key, value, ms in rows]


def _first_offset(connection: sqlite3.Connection, id_: int, following: int) -> int:
    (lowest,) = connection.execute(
        "SELECT min(id) FROM log_messages WHERE id >= ? AND id < ?", (first_id(id_), first_id(id_ + 1))
    ).fetchone()
    return following if lowest is None else int(lowest) - first_id(id_)
