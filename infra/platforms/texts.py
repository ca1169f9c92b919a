"""The text of a file in whatever encoding it came, as rows of a table or as JSON, with only the fields that are needed.

What is not asked for is let go of while it is read: it stands in no row, no reason and no log.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from infra.platforms.archive import LOOK, Archive, Member
from infra.platforms.rows import HistoryRefused, NotTaken, clean

MAX_WHOLE = 64 * 1024 * 1024
"""Bytes of a page or of JSON, which is read in one piece: fifteen years of YouTube."""

MAX_DROPPED = 64
"""Names of fields that are told."""

_NOT_A_LETTER = re.compile(r"[^0-9a-z\u00c0-\uffff]+")

Aliases = Mapping[str, Collection[str]]
"""Of a column: what it is called, in whatever language, as `plain_name` writes it."""


@dataclass(slots=True)
class Dropped:
    """Names of the fields that were met and not read."""

    names: set[str] = field(default_factory=set)
    _met: set[str] = field(default_factory=set)
    """As they were written: nearly every object of a file has the same."""

    def add(self, names: Collection[str]) -> None:
        for name in names:
            if name not in self._met and len(self._met) < MAX_DROPPED:
                self._met.add(name)
                self.names |= {clean(name, 40)} - {""}


@dataclass(frozen=True, slots=True)
class Cells:
    """A row of a table: the columns that were asked for. A missing one is empty."""

    line: int
    values: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values.get(column, "")


def plain_name(column: str) -> str:
    """Of a column, whatever its case, blanks and signs: "Start Time" is "starttime"."""
    return _NOT_A_LETTER.sub("", column.casefold())


def first_line(head: bytes) -> tuple[str, ...]:
    """The names of the columns where the first line is a table's, as `plain_name` writes them."""
    text = _decoded(head).lstrip("\ufeff\r\n ").splitlines()
    if not text:
        return ()
    return tuple(plain_name(cell) for cell in next(csv.reader([text[0]], delimiter=_delimiter(text[0])), []))


def read_table(archive: Archive, member: Member, wanted: Aliases, dropped: Dropped) -> Iterator[Cells | NotTaken]:
    """Rows below the first line that names all the columns that have to be there, which are those of `wanted` whose
    name does not begin with "?"; the others may be missing."""
    with archive.open(member) as raw:
        reader = csv.reader(_lines(raw), delimiter=_delimiter(_decoded(member.head).lstrip("\ufeff\r\n ")))
        places: dict[str, int] | None = None
        rows = _rows(reader)
        for row in rows:
            if isinstance(row, NotTaken):
                yield row
            elif places is None:
                places = _places(row, wanted)
                if places is not None:
                    dropped.add([name for at, name in enumerate(row) if at not in places.values()])
            elif any(row):
                yield Cells(reader.line_num, {name: row[at] for name, at in places.items() if at < len(row)})


def read_lines(archive: Archive, member: Member) -> Iterator[tuple[int, str]]:
    """Of a file without a header. They are numbered from 1."""
    with archive.open(member) as raw:
        yield from enumerate(_lines(raw), start=1)


def read_text(archive: Archive, member: Member) -> str:
    """Whole. Raises `HistoryRefused` for more than `MAX_WHOLE`."""
    with archive.open(member) as raw:
        content = raw.read(MAX_WHOLE + 1)
    if len(content) > MAX_WHOLE:
        raise HistoryRefused(f"a file in it has more than {MAX_WHOLE >> 20} MiB: export fewer years at once")
    return _decoded(content)


def read_json(text: str, wanted: Collection[str], dropped: Dropped) -> list[Any]:
    """The list that the text is. Of every object only the wanted fields are kept. Raises `HistoryRefused`."""

    def kept(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        dropped.add([name for name, _ in pairs if name not in wanted])
        return {name: value for name, value in pairs if name in wanted}

    try:
        value = json.loads(text, object_pairs_hook=kept)
    except (ValueError, RecursionError) as error:
        raise HistoryRefused("a JSON file in it is damaged or cut off: download it again") from error
    if not isinstance(value, list):
        raise HistoryRefused("a JSON file in it is not the list that the platform writes: send it as it came")
    return value


def _rows(reader: Any) -> Iterator[list[str] | NotTaken]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield NotTaken(reader.line_num, "is no row of a table, or longer than one can be; the rest was not read")
            return


def _places(row: Sequence[str], wanted: Aliases) -> dict[str, int] | None:
    """Where each column stands; None where the row is not the header."""
    names = [plain_name(cell) for cell in row]
    places: dict[str, int] = {}
    for column, aliases in wanted.items():
        at = next((names.index(alias) for alias in aliases if alias in names), None)
        if at is not None:
            places[column.removeprefix("?")] = at
        elif not column.startswith("?"):
            return None
    return places


def _lines(raw: BinaryIO) -> io.TextIOWrapper:
    start = raw.peek(LOOK) if isinstance(raw, io.BufferedReader) else b""
    return io.TextIOWrapper(raw, encoding=_encoding(start), errors="replace", newline="")


def _decoded(raw: bytes) -> str:
    return raw.decode(_encoding(raw[:LOOK]), errors="replace")


def _encoding(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def _delimiter(text: str) -> str:
    """Of the first line: spreadsheets of some countries write semicolons."""
    line = text.splitlines()[0] if text else ""
    return max(",;\t", key=line.count)
