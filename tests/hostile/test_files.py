"""Files that are more than they seem: what a loader holds stays small, whatever a line unfolds to."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest

from infra.loaders.formats import InteractionFormat
from infra.loaders.reading import MAX_LINE
from infra.loaders.rows import Row
from tests.infra.loader_files import EVENT, read_interactions, refusals, written

LINE = json.dumps(EVENT).encode() + b"\n"


@pytest.mark.parametrize("filling", [b"a", b"\x00", b" ", b"["])
def test_a_bomb_is_one_refused_line_and_the_rest_is_read(tmp_path: Path, filling: bytes) -> None:
    """64 MiB in 64 KiB, between two good lines."""
    path = written(tmp_path, gzip.compress(LINE + LINE * 40 + filling * (64 * MAX_LINE) + b"\n" + LINE))
    tracemalloc.start()
    try:
        rows = read_interactions(path, InteractionFormat.JSONL)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len([row for row in rows if isinstance(row, Row)]) == 42
    assert len(refusals(rows)) == 1
    assert peak < 8 * MAX_LINE


def test_a_line_of_lists_in_lists_is_refused(tmp_path: Path) -> None:
    deep = LINE.replace(b'"like"', b"[" * 1_000 + b"]" * 1_000)
    rows = read_interactions(written(tmp_path, LINE + deep + LINE), InteractionFormat.JSONL)
    assert [isinstance(row, Row) for row in rows] == [True, False, True]
