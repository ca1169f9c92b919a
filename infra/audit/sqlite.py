"""Every row of every table of the embedded service's file. (`files` looks at its bytes.)"""

import sqlite3

from infra.audit.needles import Needles
from infra.audit.report import Report


def look_into_sqlite(connection: sqlite3.Connection, needles: Needles, report: Report) -> None:
    place = report.place("sqlite", "rows")
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    for (name,) in tables:
        for row in connection.execute(f'SELECT * FROM "{name}"'):
            hit = any(needles.are_in(_bytes(column)) for column in row if column is not None)
            place.look(hit, f"a row of the table {name}")


def _bytes(column: object) -> bytes:
    return column if isinstance(column, bytes) else str(column).encode()
