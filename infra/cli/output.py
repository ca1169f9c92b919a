"""Where words go. stdout: the result, or with `--json` one JSON object on its last line. stderr: everything else.

Titles and ids come from elsewhere: control characters in them never reach the terminal, and markup in them is text.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

import typer

_BAR = 20
"""Characters of a bar of 1."""


def say(message: str) -> None:
    """A message beside the result."""
    typer.echo(plain(message), err=True)


def emit(document: object) -> None:
    """The one JSON object, from a mapping or a dataclass. ASCII, so that it passes through any terminal and pipe."""
    typer.echo(json.dumps(document, default=_plain_data))


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None) -> None:
    """A table on stdout, as wide as the terminal; long values are folded, not cut."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=None if title is None else Text(plain(title)), title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(value)) for value in row))
    Console().print(table)


def show_fields(fields: Mapping[str, str]) -> None:
    """Name and value, one pair a line."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        typer.echo(f"{name:<{width}}  {plain(value)}")


def tell_accepted(
    answer: Mapping[str, object], as_json: bool, then: str = "`attune profile show` shows it in a moment"
) -> None:
    """That a command was taken, and what comes of it."""
    if as_json:
        emit(answer)
    else:
        say(f"Accepted as command {answer['command_id']}: {then}.")


def bar(share: float) -> str:
    """Of up to 20 characters, for a share of -1 to 1."""
    return "#" * round(_BAR * min(1.0, abs(share)))


def moment(time: str) -> str:
    """ISO 8601 as people read it, to the second."""
    return time[:19].replace("T", " ")


def plain(text: str) -> str:
    """Without what steers a terminal: escape sequences, line feeds within a value, reversed writing."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)


def _plain_data(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
