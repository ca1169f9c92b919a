"""Handing out what is due and what waits, in the embedded store: each function is one step on an open transaction."""

import itertools
import math
import sqlite3
from collections.abc import Sequence

from infra.stores.sqlite_users import next_number
from workers.ports import Due, LeasedJob

_CLAIMABLE = """
SELECT user, running, job, progress FROM jobs AS one LEFT JOIN progress USING (user)
WHERE CASE WHEN running THEN leased_until <= ?
           ELSE NOT EXISTS (SELECT 1 FROM jobs WHERE user = one.user AND running) END
ORDER BY place LIMIT 1
"""


def claim_due(connection: sqlite3.Connection, name: str, now: float, limit: int, lease: float) -> list[Due]:
    due = connection.execute(
        "SELECT user, time FROM times WHERE name = ? AND time <= ? AND (hidden_until IS NULL OR hidden_until <= ?)"
        " ORDER BY time, user LIMIT ?",
        (name, now, now, limit),
    ).fetchall()
    connection.executemany(
        "UPDATE times SET hidden_until = ? WHERE user = ? AND name = ?", [(now + lease, user, name) for user, _ in due]
    )
    return [Due(user, time) for user, time in due]


def count_times(connection: sqlite3.Connection, name: str, edges: Sequence[float]) -> list[int]:
    bounds = [-math.inf, *edges, math.inf]
    return [
        connection.execute(
            "SELECT count(*) FROM times WHERE name = ? AND time >= ? AND time < ?", (name, low, high)
        ).fetchone()[0]
        for low, high in itertools.pairwise(bounds)
    ]


def claim_job(connection: sqlite3.Connection, now: float, lease: float) -> LeasedJob | None:
    found = connection.execute(_CLAIMABLE, (now,)).fetchone()
    if found is None:
        return None
    user, running, job, progress = found
    token = next_number(connection, "tokens")
    connection.execute(
        "UPDATE jobs SET running = TRUE, token = ?, leased_until = ? WHERE user = ? AND running = ?",
        (token, now + lease, user, running),
    )
    return LeasedJob(user, job, token, progress)


def save_job(connection: sqlite3.Connection, user: str, token: int, progress: bytes, leased_until: float) -> bool:
    renewed = connection.execute(
        "UPDATE jobs SET leased_until = ? WHERE user = ? AND running AND token = ?", (leased_until, user, token)
    )
    if renewed.rowcount == 0:
        return False
    connection.execute("INSERT OR REPLACE INTO progress VALUES (?, ?)", (user, progress))
    return True


def finish_job(connection: sqlite3.Connection, user: str, token: int) -> bool:
    ended = connection.execute("DELETE FROM jobs WHERE user = ? AND running AND token = ?", (user, token))
    if ended.rowcount == 0:
        return False
    connection.execute("DELETE FROM progress WHERE user = ?", (user,))
    return True


def count_jobs(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("SELECT count(DISTINCT user) FROM jobs").fetchone()
    return int(count)
