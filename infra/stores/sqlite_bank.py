"""What the bank of a space grows by, in the embedded store: each function is one step on an open transaction."""

import sqlite3
from collections.abc import Sequence

from infra.stores.bank_codec import head_of, line_of, pack_grown, sightings_of, unpack_grown
from infra.stores.codec import pack_item
from workers.ports import ItemRecord
from workers.sightings import Bounds, GrownPhrase, Sighting

_FORGET_OLDEST = """
DELETE FROM candidates WHERE space = :space AND phrase IN (
    SELECT phrase FROM candidates WHERE space = :space ORDER BY touched LIMIT
        max(0, (SELECT count(*) FROM candidates WHERE space = :space) - :most)
)
"""


def sight(
    connection: sqlite3.Connection, space: str, sightings: Sequence[Sighting], bounds: Bounds
) -> dict[str, tuple[Sighting, ...]]:
    (clock,) = connection.execute(
        "SELECT coalesce(max(touched), 0) FROM candidates WHERE space = ?", (space,)
    ).fetchone()
    kept = [
        one.phrase
        for at, one in enumerate(sightings)
        if not _is_grown(connection, space, one.phrase) and _keep(connection, space, one, clock + 1 + at, bounds.each)
    ]
    connection.execute(_FORGET_OLDEST, {"space": space, "most": bounds.most})
    told = {phrase: sightings_of(phrase, lines) for phrase in set(kept) if (lines := _lines(connection, space, phrase))}
    return {phrase: seen for phrase, seen in told.items() if len(seen) >= bounds.least}


def grow(connection: sqlite3.Connection, space: str, phrases: Sequence[GrownPhrase], most: int) -> int:
    (before,) = connection.execute("SELECT count(*) FROM grown WHERE space = ?", (space,)).fetchone()
    place = int(before)
    for one in phrases:
        if place < most and not _is_grown(connection, space, one.phrase):
            connection.execute("INSERT INTO grown VALUES (?, ?, ?, ?)", (space, place, one.phrase, pack_grown(one)))
            connection.execute("DELETE FROM candidates WHERE space = ? AND phrase = ?", (space, one.phrase))
            place += 1
    return place - int(before)


def grown(connection: sqlite3.Connection, space: str, after: int) -> list[GrownPhrase]:
    rows = connection.execute("SELECT packed FROM grown WHERE space = ? AND place >= ? ORDER BY place", (space, after))
    return unpack_grown(packed for (packed,) in rows)


def replace_item(connection: sqlite3.Connection, before: ItemRecord, after: ItemRecord) -> bool:
    changed = connection.execute(
        "UPDATE items SET packed = ? WHERE item = ? AND space = ? AND packed = ?",
        (pack_item(after), before.key, before.space, pack_item(before)),
    )
    return changed.rowcount == 1


def _keep(connection: sqlite3.Connection, space: str, sighting: Sighting, touched: int, each: int) -> bool:
    """Whether it is kept; the candidate is touched in any case."""
    lines = (_lines(connection, space, sighting.phrase) or "").split("\n")
    lines = [line for line in lines if line]
    head, line = head_of(sighting.item), line_of(sighting)
    places = [at for at, old in enumerate(lines) if old.startswith(head)]
    if places:
        lines[places[0]] = line
    elif len(lines) < each:
        lines.append(line)
    connection.execute(
        "INSERT OR REPLACE INTO candidates VALUES (?, ?, ?, ?)", (space, sighting.phrase, touched, "\n".join(lines))
    )
    return line in lines


def _lines(connection: sqlite3.Connection, space: str, phrase: str) -> str | None:
    row = connection.execute(
        "SELECT sightings FROM candidates WHERE space = ? AND phrase = ?", (space, phrase)
    ).fetchone()
    return None if row is None else str(row[0])


def _is_grown(connection: sqlite3.Connection, space: str, phrase: str) -> bool:
    found = connection.execute("SELECT 1 FROM grown WHERE space = ? AND phrase = ?", (space, phrase))
    return found.fetchone() is not None
