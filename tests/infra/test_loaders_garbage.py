"""Loaders: whatever the bytes, rows and refusals come out, or the file is refused as a whole; no other error."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.loaders.formats import CatalogFormat, InteractionFormat
from infra.loaders.reading import FileRefused
from infra.loaders.rows import Row
from tests.infra.loader_files import (
    BEHAVIOR,
    EVENT,
    NEWS,
    RECBOLE_ITEMS,
    RECBOLE_LISTS,
    RECBOLE_PLAIN,
    read_catalog,
    read_interactions,
    written,
)

CATALOGS = {
    CatalogFormat.MIND: ("", NEWS),
    CatalogFormat.RECBOLE: (RECBOLE_ITEMS, "1\tTitle\tRock\n"),
    CatalogFormat.JSONL: ("", '{"item": "1", "title": "Title"}\n'),
    CatalogFormat.TABLE: ("item_id\ttitle\n", "1\tTitle\n"),
}
INTERACTIONS = [
    (InteractionFormat.MIND, "", BEHAVIOR),
    (InteractionFormat.RECBOLE, RECBOLE_LISTS, "9\t10 20\t30\n"),
    (InteractionFormat.RECBOLE, RECBOLE_PLAIN, "9\t10\t4\t1\n"),
    (InteractionFormat.JSONL, "", json.dumps(EVENT) + "\n"),
]
PIECES = [
    b"\t",
    b"\n",
    b'"',
    b",",
    b"\r",
    b"\0",
    b"{",
    b"}",
    b"1",
    b"\xff",
    b"-1",
    b" ",
    b"\xe2\x80\xa8",
    b"&#0;",
    b";",
]
GARBAGE = st.one_of(
    st.binary(max_size=400),
    st.lists(st.sampled_from(PIECES), max_size=80).map(b"".join),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
FILES = st.one_of(GARBAGE, GARBAGE.map(gzip.compress), GARBAGE.map(lambda raw: b"\x1f\x8b\x08" + raw))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("garbage")


def between(header: str, row: str, garbage: bytes) -> bytes:
    # A zero byte near the start refuses the whole file as binary; further in it is garbage like any other.
    return (header + row).encode() + garbage.replace(b"\0", b"\x01") + b"\n" + row.encode()


@settings(max_examples=100, deadline=None)
@given(garbage=GARBAGE, form=st.sampled_from(CatalogFormat))
def test_rows_around_garbage_in_a_catalog_are_read(folder: Path, garbage: bytes, form: CatalogFormat) -> None:
    rows = read_catalog(written(folder, between(*CATALOGS[form], garbage)), form)
    assert isinstance(rows[0], Row)
    assert isinstance(rows[-1], Row)
    assert rows[0].body == rows[-1].body


@settings(max_examples=100, deadline=None)
@given(garbage=GARBAGE)
@example(garbage=b'"\n\x80')
def test_the_row_before_garbage_in_csv_is_read(folder: Path, garbage: bytes) -> None:
    # Not the row after it: a quote that opens in the garbage takes it in.
    rows = read_catalog(written(folder, between("item_id,title\n", "1,Title\n", garbage)), CatalogFormat.TABLE)
    assert isinstance(rows[0], Row)
    assert [row.line for row in rows] == sorted(row.line for row in rows)


@settings(max_examples=100, deadline=None)
@given(garbage=GARBAGE, kind=st.sampled_from(INTERACTIONS), impressions=st.booleans())
def test_rows_around_garbage_in_interactions_are_read(
    folder: Path, garbage: bytes, kind: tuple[InteractionFormat, str, str], impressions: bool
) -> None:
    form, header, row = kind
    path = written(folder, between(header, row, garbage))
    rows = read_interactions(path, form, impressions=impressions)
    assert isinstance(rows[0], Row)
    assert isinstance(rows[-1], Row)
    assert rows[0].body.user == rows[-1].body.user


@settings(max_examples=150, deadline=None)
@given(content=FILES)
def test_a_file_of_garbage_is_read_or_refused(folder: Path, content: bytes) -> None:
    path = written(folder, content)
    for read in (read_catalog, read_interactions):
        try:
            read(path)
        except FileRefused as error:
            assert str(path) in str(error)  # noqa: PT017 - it need not be refused
