"""What persons brought, in the embedded store: each function is one step on an open transaction."""

import json
import sqlite3
from collections.abc import Collection

from infra.stores.codec import pack_item, standing_of, unpack_item
from infra.stores.sqlite_sealing import is_gone
from workers.ports import ItemRecord
from workers.standing import gives_way, is_taken_away


def read(connection: sqlite3.Connection, items: Collection[str], space: str) -> dict[str, ItemRecord]:
    """Those that the store knows in this space."""
    found = connection.execute(
        "SELECT item, packed FROM own_items WHERE space = ? AND item IN (SELECT value FROM json_each(?))",
        (space, json.dumps(list(items))),
    )
    return {item: unpack_item(item, space, packed) for item, packed in found}


def put(connection: sqlite3.Connection, owner: bytes, record: ItemRecord) -> bool:
    """False where it stays as it was."""
    place = record.key, record.space
    found = connection.execute("SELECT packed FROM own_items WHERE item = ? AND space = ?", place).fetchone()
    if _is_closed(connection, owner) or (found is not None and not gives_way(standing_of(found[0]), record.standing)):
        return False
    connection.execute("INSERT OR REPLACE INTO own_items VALUES (?, ?, ?, ?)", (*place, owner, pack_item(record)))
    return True


def delete(connection: sqlite3.Connection, item: str, tombstone: str) -> bool:
    """Whether nothing is left of it."""
    found = connection.execute("SELECT space, packed FROM own_items WHERE item = ?", (item,)).fetchall()
    gone = [(item, space) for space, packed in found if is_taken_away(standing_of(packed), tombstone)]
    connection.executemany("DELETE FROM own_items WHERE item = ? AND space = ?", gone)
    return len(gone) == len(found)


def keys_of(connection: sqlite3.Connection, mailbox: bytes) -> list[str]:
    """In whatever space."""
    query = "SELECT DISTINCT item FROM own_items WHERE mailbox = ? AND space <> '' ORDER BY item"
    return [item for (item,) in connection.execute(query, (mailbox,))]


def close(connection: sqlite3.Connection, mailbox: bytes) -> list[str]:
    """A row that is in no space says so; it goes with the others. Returns the keys of what there is."""
    if not is_gone(connection, mailbox):
        row = (mailbox.decode(), "", mailbox, b"")
        connection.execute("INSERT OR IGNORE INTO own_items VALUES (?, ?, ?, ?)", row)
    return keys_of(connection, mailbox)


def _is_closed(connection: sqlite3.Connection, mailbox: bytes) -> bool:
    query = "SELECT 1 FROM own_items WHERE item = ? AND space = ''"
    return is_gone(connection, mailbox) or connection.execute(query, (mailbox.decode(),)).fetchone() is not None
