"""What accounts have spent, in the embedded store: each function is one step on an open transaction."""

import sqlite3

from workers.ports import Spent


def reserve(connection: sqlite3.Connection, account: str, period: int, wanted: Spent, most: Spent) -> bool:
    """Whether it was taken. The first taking of a period drops what is older than the period before it."""
    before = spent(connection, account, period)
    after = Spent(before.calls + wanted.calls, before.tokens + wanted.tokens)
    if after.calls > most.calls or after.tokens > most.tokens:
        return False
    connection.execute("INSERT OR REPLACE INTO budgets VALUES (?, ?, ?, ?)", (period, account, *after))
    connection.execute("DELETE FROM budgets WHERE period < ?", (period - 1,))
    return True


def settle(connection: sqlite3.Connection, account: str, period: int, calls: int, tokens: int) -> None:
    before = spent(connection, account, period)
    after = Spent(max(0, before.calls + calls), max(0, before.tokens + tokens))
    if after != before:
        connection.execute("INSERT OR REPLACE INTO budgets VALUES (?, ?, ?, ?)", (period, account, *after))


def spent(connection: sqlite3.Connection, account: str, period: int) -> Spent:
    row = connection.execute(
        "SELECT calls, tokens FROM budgets WHERE period = ? AND account = ?", (period, account)
    ).fetchone()
    return Spent(*row) if row else Spent()
