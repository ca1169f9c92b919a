"""The keys that seal, in the embedded store: each function is one step on an open transaction."""

import sqlite3
from collections.abc import Collection, Mapping

Wrapped = dict[bytes, tuple[bytes, ...]]


def read_keys(connection: sqlite3.Connection, mailboxes: Collection[bytes]) -> Wrapped:
    found = {mailbox: _keys_of(connection, mailbox) for mailbox in mailboxes}
    return {mailbox: keys for mailbox, keys in found.items() if keys or is_gone(connection, mailbox)}


def add_keys(connection: sqlite3.Connection, keys: Mapping[bytes, Collection[bytes]]) -> Wrapped:
    rows = [(mailbox, one) for mailbox, added in keys.items() if not is_gone(connection, mailbox) for one in added]
    connection.executemany("INSERT OR IGNORE INTO sealing_keys (mailbox, wrapped) VALUES (?, ?)", rows)
    return read_keys(connection, keys)


def destroy_keys(connection: sqlite3.Connection, mailboxes: Collection[bytes]) -> None:
    """With what their persons brought (`sqlite_own`)."""
    rows = [(mailbox,) for mailbox in mailboxes]
    connection.executemany("DELETE FROM sealing_keys WHERE mailbox = ?", rows)
    connection.executemany("DELETE FROM own_items WHERE mailbox = ?", rows)
    connection.executemany("INSERT OR IGNORE INTO destroyed_keys VALUES (?)", rows)


def _keys_of(connection: sqlite3.Connection, mailbox: bytes) -> tuple[bytes, ...]:
    rows = connection.execute("SELECT wrapped FROM sealing_keys WHERE mailbox = ? ORDER BY place", (mailbox,))
    return tuple(wrapped for (wrapped,) in rows)


def is_gone(connection: sqlite3.Connection, mailbox: bytes) -> bool:
    return connection.execute("SELECT 1 FROM destroyed_keys WHERE mailbox = ?", (mailbox,)).fetchone() is not None
