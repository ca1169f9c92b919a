"""From a path to rows: open the file, find out its format unless told, and read it with that format's loader."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from infra.loaders import jsonl, mind, recbole
from infra.loaders.columns import Header, Record, comma_records, read_items, split_header, tab_records
from infra.loaders.detect import detect_catalog, detect_interactions
from infra.loaders.formats import CatalogFormat, InteractionFormat
from infra.loaders.reading import FileRefused, Source
from infra.loaders.rows import Body, Refusal, Row
from schemas.api import ItemBody
from schemas.interaction import Interaction


@dataclass(frozen=True, slots=True)
class Opened(Generic[Body]):
    """A file that is being read. `source` says how far; close it after the last row."""

    source: Source
    format: str
    rows: Iterator[Row[Body] | Refusal]


def open_catalog(path: Path, provider: str, form: CatalogFormat | None = None) -> Opened[ItemBody]:
    """Raises `FileRefused` for what is no catalog; afterwards a bad line only refuses itself."""
    source = Source(path)
    try:
        source.check_text()
        known = form or detect_catalog(source)
        return Opened(source, known, _items(source, known, provider))
    except FileRefused:
        source.close()
        raise


def open_interactions(
    path: Path, provider: str | None, form: InteractionFormat | None = None, impressions: bool = False
) -> Opened[Interaction]:
    """Only JSON lines name their provider: for the others it must be given. Raises `FileRefused`."""
    source = Source(path)
    try:
        source.check_text()
        known = form or detect_interactions(source)
        return Opened(source, known, _interactions(source, known, provider, impressions))
    except FileRefused:
        source.close()
        raise


def _items(source: Source, form: CatalogFormat, provider: str) -> Iterator[Row[ItemBody] | Refusal]:
    if form is CatalogFormat.MIND:
        return mind.read_news(source.lines())
    if form is CatalogFormat.JSONL:
        return jsonl.read_items(source.lines(), provider)
    plain = form is CatalogFormat.TABLE
    header, records = _table(source, commas=plain, quotes=plain)
    return read_items(header, records)


def _interactions(
    source: Source, form: InteractionFormat, provider: str | None, impressions: bool
) -> Iterator[Row[Interaction] | Refusal]:
    if form is InteractionFormat.JSONL:
        return jsonl.read_interactions(source.lines(), provider)
    if provider is None:
        raise FileRefused(f"{source.path} names no provider: add --provider")
    if form is InteractionFormat.MIND:
        return mind.read_behaviors(source.lines(), provider, impressions)
    header, records = _table(source, commas=False, quotes=False)
    return recbole.read_interactions(header, records, provider)


def _table(source: Source, commas: bool, quotes: bool) -> tuple[Header, Iterator[Record | Refusal]]:
    """The header, and the rows after it. Where there is no tab in the header, `commas` allows for columns parted so."""
    first = source.first().text
    header = Header(split_header(first), str(source.path))
    if commas and "\t" not in first:
        return header, comma_records(source.lines())
    return header, tab_records(source.lines(), quotes)
