"""Rows with a header: RecBole's atomic files (`name:type`), and plain CSV or TSV. Which column is what, and items."""

import csv
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from infra.loaders.reading import FileRefused, Line, filled
from infra.loaders.rows import Refusal, Row, make_row
from schemas.api import ItemBody
from schemas.base import MAX_TEXT

MAX_CATEGORY = 120
"""As long as `schemas.base.Label` allows."""

ITEM = ("item_id", "item", "id")
TITLE = ("title", "movie_title", "item_name", "name")
CATEGORY = ("category", "categories", "genre", "genres", "class")
TEXT = ("text", "description", "abstract")

_QUOTED = re.compile(r'"(?:[^"]|"")*"')


@dataclass(frozen=True, slots=True)
class Record:
    """The values of one row, as many as the header has. `line` is where it begins."""

    line: int
    values: tuple[str, ...]


class Header:
    """The names of the columns. Several names are known for most: RecBole's data sets do not agree on them."""

    def __init__(self, names: Sequence[str], found_in: str) -> None:
        self.names = tuple(name.strip().partition(":")[0].lower() for name in names)
        self._found_in = found_in

    def find(self, known: Sequence[str]) -> int | None:
        """The position of the first known name that is there."""
        return next((self.names.index(name) for name in known if name in self.names), None)

    def need(self, known: Sequence[str]) -> int:
        position = self.find(known)
        if position is None:
            raise FileRefused(f"{self._found_in} has no column '{known[0]}' in its header (line 1)")
        return position


def split_header(line: str) -> list[str]:
    """Its columns, parted by tabs where there is one, otherwise by commas."""
    if "\t" in line:
        return [_unquoted(name.strip()) for name in line.split("\t")]
    return [_unquoted(name.strip()) for name in line.split(",")]


def read_items(header: Header, records: Iterable[Record | Refusal]) -> Iterator[Row[ItemBody] | Refusal]:
    """HTML entities become characters; category levels are parted by ';' and kept as far as a category has room.
    Raises `FileRefused` at once where a column is missing."""
    item, title = header.need(ITEM), header.need(TITLE)
    category, text = header.find(CATEGORY), header.find(TEXT)

    def read(record: Record) -> Row[ItemBody] | Refusal:
        values = [html.unescape(value).strip() for value in record.values]
        fields = {
            "item": values[item],
            "title": values[title],
            "category": None if category is None else _levels(values[category]),
            "text": None if text is None else values[text][:MAX_TEXT] or None,
        }
        return make_row(ItemBody, record.line, fields)

    return (record if isinstance(record, Refusal) else read(record) for record in records)


def _levels(text: str) -> str | None:
    """General to specific; the most specific are left out where they do not fit."""
    kept = ""
    for level in filter(None, (level.strip() for level in text.split(";"))):
        longer = f"{kept}; {level}" if kept else level
        if len(longer) > MAX_CATEGORY:
            break
        kept = longer
    return kept or None


def tab_records(lines: Iterable[Line | Refusal], quotes: bool) -> Iterator[Record | Refusal]:
    """Every filled line after the first (the header, of as many columns). With `quotes`, a value that stands in
    quotes as a whole, its own quotes doubled, is taken out of them: so spreadsheets and pandas write TSV."""
    width = 0
    for line in filled(lines):
        if isinstance(line, Refusal):
            yield line
            continue
        columns = line.text.split("\t")
        values = tuple(map(_unquoted, columns) if quotes else columns)
        if width == 0:
            width = len(values)
        else:
            yield _checked(Record(line.number, values), width)


def _unquoted(value: str) -> str:
    return value[1:-1].replace('""', '"') if _QUOTED.fullmatch(value) else value


def _checked(record: Record, width: int) -> Record | Refusal:
    if len(record.values) == width:
        return record
    return Refusal(record.line, f"has {len(record.values)} columns where the header has {width}")


class _Feed:
    """Lines for the csv reader, which does not take refusals: they wait in `refused`."""

    def __init__(self, lines: Iterable[Line | Refusal]) -> None:
        self._lines = iter(lines)
        self.refused: list[Refusal] = []
        self.first: int | None = None
        """Line where the record in hand begins."""

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            if isinstance(line, Refusal):
                self.refused.append(line)
                continue
            if self.first is None:
                self.first = line.number
            yield line.text + "\n"


def comma_records(lines: Iterable[Line | Refusal]) -> Iterator[Record | Refusal]:
    """As `tab_records`, for CSV: a quoted value may hold commas and line ends."""
    feed = _Feed(lines)
    reader = csv.reader(feed, strict=True)
    width = 0
    while (record := _next_record(reader, feed)) is not None:
        # In the order of the file: lines inside a record that spans several come after its first.
        yield from (refused for refused in feed.refused if refused.line < record.line)
        if isinstance(record, Refusal):
            yield record
        elif any(value.strip() for value in record.values):
            if width:
                yield _checked(record, width)
            width = width or len(record.values)
        yield from (refused for refused in feed.refused if refused.line >= record.line)
        feed.refused.clear()
    yield from feed.refused


def _next_record(reader: Iterator[list[str]], feed: _Feed) -> Record | Refusal | None:
    feed.first = None
    try:
        values = next(reader)
    except StopIteration:
        return None
    except csv.Error as error:
        return Refusal(feed.first or 1, f"is not well-formed CSV ({error}); a quote may open here and never close")
    return Record(feed.first or 1, tuple(values))
