"""Which format a file has, by its first line. What is like none is refused, with what was found and what is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from infra.loaders import mind
from infra.loaders.columns import ITEM, TITLE, Header, split_header
from infra.loaders.formats import CATALOG_WORDS, INTERACTION_WORDS, CatalogFormat, InteractionFormat
from infra.loaders.jsonl import parse_object
from infra.loaders.reading import FileRefused, Line, Source
from infra.loaders.rows import Refusal

Format = TypeVar("Format", bound=StrEnum)

_SHOWN = 8
_TYPED = re.compile(r"^[\w.-]+:(token|token_seq|float|float_seq)$")
_NAME = re.compile(r"^[A-Za-z_][\w .:-]{0,39}$")
_TITLE_OR_DELETED = {"title", "deleted"}


@dataclass(frozen=True, slots=True)
class Found:
    """What the first line looks like; at most one of the two is set."""

    words: str
    catalog: CatalogFormat | None = None
    interactions: InteractionFormat | None = None


def detect_catalog(source: Source) -> CatalogFormat:
    """Raises `FileRefused` for a file that is no catalog."""
    found = _look(source.first())
    if found.catalog is None:
        hint = " These are interactions: load them with `attune ingest`." if found.interactions else ""
        raise _refused(source, "a catalog", found.words, CATALOG_WORDS, hint)
    return found.catalog


def detect_interactions(source: Source) -> InteractionFormat:
    """Raises `FileRefused` for a file that holds no interactions."""
    found = _look(source.first())
    if found.interactions is None:
        hint = " This is a catalog: load it with `attune catalog load`." if found.catalog else ""
        raise _refused(source, "interactions", found.words, INTERACTION_WORDS, hint)
    return found.interactions


def _refused(source: Source, wanted: str, words: str, known: Mapping[Format, str], hint: str) -> FileRefused:
    reads = "; ".join(f"{name}: {text}" for name, text in known.items())
    return FileRefused(f"{source.path} does not look like {wanted}: found {words}.{hint}\nWhat is read: {reads}.")


def _look(line: Line) -> Found:
    if line.text.lstrip().startswith("{"):
        return _json(line)
    columns = [column.strip() for column in line.text.split("\t")]
    if all(_TYPED.match(column) for column in columns):
        return _recbole(columns)
    if len(columns) == mind.BEHAVIORS_COLUMNS and _is_mind_time(columns[2]):
        return Found("MIND behaviors", interactions=InteractionFormat.MIND)
    if len(columns) == mind.NEWS_COLUMNS and all(not column or column[0] == "[" for column in columns[6:]):
        return Found("MIND news", catalog=CatalogFormat.MIND)
    return _table(split_header(line.text))


def _json(line: Line) -> Found:
    fields = parse_object(line)
    if isinstance(fields, Refusal):
        return Found(f"a line that begins like JSON and {fields.reason}")
    if {"user", "item"} <= fields.keys():
        return Found("interactions in JSON lines", interactions=InteractionFormat.JSONL)
    if "item" in fields and fields.keys() & _TITLE_OR_DELETED:
        return Found("items in JSON lines", catalog=CatalogFormat.JSONL)
    return Found(f"JSON lines with the fields {_names(list(fields))}")


def _recbole(columns: list[str]) -> Found:
    names = {column.partition(":")[0] for column in columns}
    words = f"a RecBole file with the columns {_names(columns)}"
    if {"user_id", "item_id"} <= names:
        return Found(words, interactions=InteractionFormat.RECBOLE)
    if "item_id" in names and names & set(TITLE):
        return Found(words, catalog=CatalogFormat.RECBOLE)
    return Found(words)


def _is_mind_time(text: str) -> bool:
    return not text or mind.read_time(text) is not None


def _table(columns: list[str]) -> Found:
    if len(columns) == 1:
        return Found("text without columns")
    if not all(map(_NAME.match, columns)):
        return Found(f"{len(columns)} columns without a header that names them")
    header = Header(columns, "")
    words = f"a table with the columns {_names(columns)}"
    person = {"user", "user_id"} & set(header.names)
    if header.find(ITEM) is None or header.find(TITLE) is None or person:
        return Found(words)
    return Found(words, catalog=CatalogFormat.TABLE)


def _names(names: list[str]) -> str:
    shown = ", ".join(name[:40] if name.isprintable() else "?" for name in names[:_SHOWN])
    return f"{shown}, ..." if len(names) > _SHOWN else shown or "(none)"
