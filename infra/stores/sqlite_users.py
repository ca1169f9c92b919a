"""Users in the embedded store: each function is one step on an open transaction."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Sequence
from hashlib import sha256

from workers.ports import CommitOutcome, Outgoing, UserCommit, UserPage, UserRecord

_PAGE = 1000


def read_users(connection: sqlite3.Connection, users: Collection[str]) -> dict[str, UserRecord]:
    """Those that the store knows."""
    names = json.dumps(list(users))
    outbox: defaultdict[str, list[Outgoing]] = defaultdict(list)
    for user, *message in connection.execute(
        "SELECT user, topic, key, value FROM outbox WHERE user IN (SELECT value FROM json_each(?))"
        " ORDER BY user, revision, place",
        (names,),
    ):
        outbox[user].append(Outgoing(*message))
    records = {
        user: UserRecord(revision, state, tuple(outbox.get(user, ())))
        for user, revision, state in connection.execute(
            "SELECT user, revision, state FROM users WHERE user IN (SELECT value FROM json_each(?))", (names,)
        )
    }
    digests = {_digest(user): user for user in users if user not in records}
    for (digest,) in connection.execute(
        "SELECT digest FROM gone WHERE digest IN (SELECT value FROM json_each(?))", (json.dumps(list(digests)),)
    ):
        records[digests[digest]] = UserRecord(forgotten=True)
    return records


def commit_user(connection: sqlite3.Connection, commit: UserCommit) -> CommitOutcome:
    if connection.execute("SELECT 1 FROM gone WHERE digest = ?", (_digest(commit.user),)).fetchone():
        return CommitOutcome.FORGOTTEN
    if not _write_state(connection, commit):
        return CommitOutcome.CONFLICT
    connection.executemany(
        "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?)",
        [
            (commit.user, commit.expected_revision + 1, place, message.topic, message.key, message.value)
            for place, message in enumerate(commit.outbox)
        ],
    )
    for name, time in (commit.times or {}).items():
        _set_time(connection, commit.user, name, time)
    if commit.job is not None:
        _queue_job(connection, commit.user, commit.job)
    return CommitOutcome.COMMITTED


def trim(connection: sqlite3.Connection, published: Sequence[tuple[str, int]]) -> None:
    connection.executemany("DELETE FROM outbox WHERE user = ? AND revision <= ?", published)


def pending(connection: sqlite3.Connection) -> list[str]:
    return [user for (user,) in connection.execute("SELECT DISTINCT user FROM outbox")]


def forget(connection: sqlite3.Connection, user: str) -> None:
    connection.execute("INSERT OR IGNORE INTO gone VALUES (?)", (_digest(user),))
    for table in ("users", "outbox", "times", "jobs", "progress"):
        connection.execute(f"DELETE FROM {table} WHERE user = ?", (user,))


def page(connection: sqlite3.Connection, place: int) -> UserPage:
    """A place is the last row of the page before."""
    query = "SELECT rowid, user FROM users WHERE rowid > ? ORDER BY rowid LIMIT ?"
    rows = connection.execute(query, (place, _PAGE)).fetchall()
    return UserPage(tuple(user for _, user in rows), rows[-1][0] if len(rows) == _PAGE else 0)


def next_number(connection: sqlite3.Connection, name: str) -> int:
    """One more than the last time, whatever happened to what got the last one."""
    (value,) = connection.execute(
        "INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value", (name,)
    ).fetchone()
    return int(value)


def _write_state(connection: sqlite3.Connection, commit: UserCommit) -> bool:
    """Whether nobody else wrote since the read."""
    expected = commit.expected_revision
    if expected == 0:
        written = connection.execute(
            "INSERT INTO users VALUES (?, 1, ?) ON CONFLICT DO NOTHING", (commit.user, commit.state)
        )
    else:
        written = connection.execute(
            "UPDATE users SET revision = ?, state = ? WHERE user = ? AND revision = ?",
            (expected + 1, commit.state, commit.user, expected),
        )
    return written.rowcount == 1


def _set_time(connection: sqlite3.Connection, user: str, name: str, time: float | None) -> None:
    if time is None:
        connection.execute("DELETE FROM times WHERE user = ? AND name = ?", (user, name))
    else:
        connection.execute("INSERT OR REPLACE INTO times VALUES (?, ?, ?, NULL)", (user, name, time))


def _queue_job(connection: sqlite3.Connection, user: str, job: bytes) -> None:
    """A job that waited keeps its place: a busy user would otherwise never be served."""
    replaced = connection.execute("UPDATE jobs SET job = ? WHERE user = ? AND NOT running", (job, user))
    if not replaced.rowcount:
        place = next_number(connection, "jobs")
        connection.execute("INSERT INTO jobs VALUES (?, FALSE, ?, ?, NULL, NULL)", (user, place, job))


def _digest(user: str) -> str:
    return sha256(user.encode()).hexdigest()
