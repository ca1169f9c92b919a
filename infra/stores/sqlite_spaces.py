"""Giving up a space in the embedded store: each function is one step on an open transaction."""

import json
import sqlite3
from collections.abc import Collection

from workers.ports import ItemPage

_PAGE = 500
"""Rows of one step: deleted in a few milliseconds, which is what a writer behind it waits."""

_ITEMS = """
SELECT rowid, item FROM {table} INDEXED BY {table}_by_space WHERE space = ? AND rowid > ? ORDER BY rowid LIMIT ?
"""
_DROP_ITEMS = "DELETE FROM {table} WHERE space = ? AND item IN (SELECT value FROM json_each(?))"
_BOTH = ("items", "own_items")
"""Everybody's, and what persons brought."""
_DROP_WORDS = """
DELETE FROM {table} WHERE space = :space AND {name} IN (SELECT {name} FROM {table} WHERE space = :space LIMIT :page)
"""
_TABLES = {"words": "digest", "candidates": "phrase", "grown": "phrase"}


def items_in(connection: sqlite3.Connection, space: str, place: int) -> ItemPage:
    """A place is twice the last row of the page before, and one more for rows of the second table."""
    row, table = divmod(place, 2)
    rows = connection.execute(_ITEMS.format(table=_BOTH[table]), (space, row, _PAGE)).fetchall()
    after = 2 * rows[-1][0] + table if len(rows) == _PAGE else 1 - table
    return ItemPage(tuple(item for _, item in rows), after)


def drop_items(connection: sqlite3.Connection, space: str, items: Collection[str]) -> None:
    for table in _BOTH:
        connection.execute(_DROP_ITEMS.format(table=table), (space, json.dumps(list(items))))


def drop_words(connection: sqlite3.Connection, space: str) -> int:
    """How many went: 0 when none is left."""
    words = {"space": space, "page": _PAGE}
    steps = (_DROP_WORDS.format(table=table, name=name) for table, name in _TABLES.items())
    return sum(connection.execute(step, words).rowcount for step in steps)
