"""Items, providers and phrases in the embedded store: each function is one step on an open transaction."""

import json
import random
import sqlite3
from collections.abc import Collection, Mapping, Sequence

from infra.stores import sqlite_own
from infra.stores.codec import digest_of, pack_item, provider_of, standing_of, unpack_item
from workers.mine import is_mine, owner_of
from workers.ports import ItemRecord
from workers.standing import NONE, REMEMBERED_MS, comes_too_late, gives_way, gone_at, is_taken_away

# Straight to the first item of the space from a place on. Without the hint SQLite walks the items of other spaces.
_FROM_A_PLACE = """
SELECT item FROM items INDEXED BY items_by_space WHERE space = ? AND rowid >= ? ORDER BY rowid LIMIT 1
"""
_ENDS = (
    "SELECT (SELECT min(rowid) FROM items WHERE space = :space), (SELECT max(rowid) FROM items WHERE space = :space)"
)

_GONE = """
INSERT INTO gone_items VALUES (?, ?) ON CONFLICT (item) DO UPDATE SET time_ms = max(time_ms, excluded.time_ms)
"""

_DRAWS = 2
"""For each key that is wanted: some are drawn twice."""

# Jumps from one provider to the next: DISTINCT would walk every item, on every read.
_PROVIDERS = """
WITH RECURSIVE list(provider) AS (
    SELECT min(provider) FROM items
    UNION ALL
    SELECT (SELECT min(provider) FROM items WHERE provider > list.provider) FROM list WHERE list.provider IS NOT NULL
)
SELECT provider FROM list WHERE provider IS NOT NULL
"""


def read_items(connection: sqlite3.Connection, items: Collection[str], space: str) -> dict[str, ItemRecord]:
    """Those that the store knows in this space."""
    own = [item for item in items if owner_of(item) is not None]
    found = connection.execute(
        "SELECT item, packed FROM items WHERE space = ? AND item IN (SELECT value FROM json_each(?))",
        (space, json.dumps(list(items))),
    )
    everybodys = {item: unpack_item(item, space, packed) for item, packed in found}
    return everybodys | sqlite_own.read(connection, own, space) if own else everybodys


def providers(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Sorted; none of `workers.mine`."""
    return tuple(provider for (provider,) in connection.execute(_PROVIDERS) if not is_mine(provider))


def providers_ever(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Also those whose last item is gone; sorted, none of `workers.mine`."""
    found = connection.execute("SELECT provider FROM providers ORDER BY provider")
    return tuple(provider for (provider,) in found if not is_mine(provider))


def put_items(connection: sqlite3.Connection, records: Sequence[ItemRecord], deleted: Collection[str]) -> set[str]:
    """Returns the keys of which something stayed as it was."""
    kept = {record.key for record in records if not _put(connection, record)}
    tombstones = deleted if isinstance(deleted, Mapping) else dict.fromkeys(deleted, NONE)
    _remember(connection, tombstones)
    return kept | {item for item, standing in tombstones.items() if not _delete(connection, item, standing)}


def _remember(connection: sqlite3.Connection, tombstones: Mapping[str, str]) -> None:
    """Those that are the providers', for a while."""
    times = {item: time for item, standing in tombstones.items() if (time := gone_at(standing)) is not None}
    if times:
        connection.executemany(_GONE, times.items())
        connection.execute("DELETE FROM gone_items WHERE time_ms < ?", (max(times.values()) - REMEMBERED_MS,))


def _put(connection: sqlite3.Connection, record: ItemRecord) -> bool:
    if (owner := owner_of(record.key)) is not None:
        return sqlite_own.put(connection, owner, record)
    place = record.key, record.space
    found = connection.execute("SELECT packed FROM items WHERE item = ? AND space = ?", place).fetchone()
    if found is not None and not gives_way(standing_of(found[0]), record.standing):
        return False
    gone = connection.execute("SELECT time_ms FROM gone_items WHERE item = ?", (record.key,)).fetchone()
    if gone is not None and comes_too_late(record.standing, gone[0]):
        return False
    row = (*place, provider_of(record.key), pack_item(record))
    connection.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", row)
    connection.execute("INSERT OR IGNORE INTO providers VALUES (?)", (provider_of(record.key),))
    return True


def _delete(connection: sqlite3.Connection, item: str, tombstone: str) -> bool:
    """Whether nothing is left of it."""
    if owner_of(item) is not None:
        return sqlite_own.delete(connection, item, tombstone)
    found = connection.execute("SELECT space, packed FROM items WHERE item = ?", (item,)).fetchall()
    gone = [(item, space) for space, packed in found if is_taken_away(standing_of(packed), tombstone)]
    connection.executemany("DELETE FROM items WHERE item = ? AND space = ?", gone)
    return len(gone) == len(found)


def sample_items(connection: sqlite3.Connection, space: str, count: int) -> list[str]:
    """From random places in the order of writing; all items, where there are no more than `count`."""
    few = connection.execute("SELECT item FROM items WHERE space = ? LIMIT ?", (space, count + 1)).fetchall()
    if len(few) <= count:
        return [item for (item,) in few]
    first, last = connection.execute(_ENDS, {"space": space}).fetchone()
    places = (random.randint(first, last) for _ in range(_DRAWS * count))
    drawn = {connection.execute(_FROM_A_PLACE, (space, place)).fetchone()[0]: None for place in places}
    return list(drawn)[:count]


def put_phrases(connection: sqlite3.Connection, space: str, vectors: Mapping[str, bytes]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO words VALUES (?, ?, ?)",
        [(space, digest_of(phrase), vector) for phrase, vector in vectors.items()],
    )


def read_phrases(connection: sqlite3.Connection, space: str, phrases: Collection[str]) -> dict[str, bytes]:
    """Those that are known."""
    query = "SELECT vector FROM words WHERE space = ? AND digest = ?"
    found = {phrase: connection.execute(query, (space, digest_of(phrase))).fetchone() for phrase in phrases}
    return {phrase: row[0] for phrase, row in found.items() if row is not None}


def hide_phrases(connection: sqlite3.Connection) -> None:
    """An earlier release kept the words themselves."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'phrases'").fetchone():
        return
    connection.create_function("digest_of", 1, digest_of, deterministic=True)
    connection.execute("INSERT OR IGNORE INTO words SELECT space, digest_of(phrase), vector FROM phrases")
    connection.execute("DROP TABLE phrases")
