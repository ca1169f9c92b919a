"""Loaders: which file is taken as what, what is refused as a whole, and that a file of any size takes little memory."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest

from infra.loaders.formats import CatalogFormat, InteractionFormat
from infra.loaders.opening import open_catalog, open_interactions
from infra.loaders.reading import MAX_LINE, FileRefused, Source
from infra.loaders.rows import Refusal
from infra.loaders.summary import MAX_SHOWN, Seen, Tally
from tests.infra.loader_files import (
    BEHAVIOR,
    EVENT,
    NEWS,
    RECBOLE_ITEMS,
    RECBOLE_LISTS,
    RECBOLE_PLAIN,
    items,
    read_catalog,
    refusals,
    written,
)


class TestFormats:
    @pytest.mark.parametrize(
        ("text", "form"),
        [
            (NEWS, CatalogFormat.MIND),
            (RECBOLE_ITEMS, CatalogFormat.RECBOLE),
            ('{"item": "a", "title": "b"}', CatalogFormat.JSONL),
            ('{"item": "a", "deleted": true}', CatalogFormat.JSONL),
            ("item_id\ttitle\n", CatalogFormat.TABLE),
            ('\ufeff"item_id","title"\n', CatalogFormat.TABLE),
        ],
    )
    def test_a_catalog_shows_its_format(self, tmp_path: Path, text: str, form: CatalogFormat) -> None:
        opened = open_catalog(written(tmp_path, text), "news")
        opened.source.close()
        assert opened.format == form

    @pytest.mark.parametrize(
        ("text", "form"),
        [
            (BEHAVIOR, InteractionFormat.MIND),
            ("7\tU1\t\t\tN1 N2\n", InteractionFormat.MIND),
            (RECBOLE_LISTS, InteractionFormat.RECBOLE),
            (RECBOLE_PLAIN, InteractionFormat.RECBOLE),
            (json.dumps(EVENT), InteractionFormat.JSONL),
        ],
    )
    def test_interactions_show_their_format(self, tmp_path: Path, text: str, form: InteractionFormat) -> None:
        opened = open_interactions(written(tmp_path, text), "news")
        opened.source.close()
        assert opened.format == form

    @pytest.mark.parametrize(
        ("content", "found"),
        [
            (b"", "is empty"),
            (b" \r\n\n", "is empty"),
            (b"\xef\xbb\xbf", "is empty"),
            ("\u00a0\n".encode(), "is empty"),
            (b"%PDF-1.7\n%\xe2\xe3", "is a PDF"),
            (b"PK\x03\x04\x14\x00", "is a zip archive"),
            ("item_id,title".encode("utf-16"), "is UTF-16 text"),
            (b"a\0b\n", "holds binary data"),
            (b"\x1f\x8bgarbage", "is a damaged gzip file"),
            (b"\xff\xe9\xe8 text\n", "line 1 is not UTF-8 text"),
            (b"Dear reader,\n", "found a table with the columns|found 2 columns"),
            (b"hello\n", "found text without columns"),
            (b"x" * (MAX_LINE + 1), "line 1 is longer than 1024 KiB"),
            (b'{"user_id": 1, "history": []}\n', "found JSON lines with the fields user_id, history"),
            (b"{oops\n", "found a line that begins like JSON and is not JSON"),
            (b"user_id,title,rating\n", "found a table with the columns user_id, title, rating"),
            (b"uid:token\tprice:float\n", "found a RecBole file with the columns uid:token, price:float"),
            (b"a\tb\n1\t2\n", "found a table with the columns a, b"),
        ],
    )
    def test_a_wrong_file_is_named_for_what_it_is(self, tmp_path: Path, content: bytes, found: str) -> None:
        path = written(tmp_path, content)
        for open_it in (open_catalog, open_interactions):
            with pytest.raises(FileRefused, match=found) as raised:
                open_it(path, "news")
            assert str(path) in str(raised.value)

    def test_the_error_lists_what_is_read(self, tmp_path: Path) -> None:
        with pytest.raises(FileRefused, match=r"(?s)MIND news\.tsv.*RecBole \.item.*JSON lines.*CSV or TSV"):
            open_catalog(written(tmp_path, "hello\n"), "news")

    def test_the_right_file_for_the_other_command_is_sent_there(self, tmp_path: Path) -> None:
        with pytest.raises(FileRefused, match="attune ingest"):
            open_catalog(written(tmp_path, BEHAVIOR), "news")
        with pytest.raises(FileRefused, match="attune catalog load"):
            open_interactions(written(tmp_path, NEWS), "news")

    def test_a_folder_a_missing_file_and_a_pipe(self, tmp_path: Path) -> None:
        with pytest.raises(FileRefused, match="is a folder"):
            Source(tmp_path)
        with pytest.raises(FileRefused, match="No such file"):
            Source(tmp_path / "none")
        with pytest.raises(FileRefused, match="no ordinary file"):
            Source(Path("/dev/null"))

    def test_only_json_lines_may_leave_the_provider_out(self, tmp_path: Path) -> None:
        with pytest.raises(FileRefused, match="add --provider"):
            open_interactions(written(tmp_path, BEHAVIOR), None)

    def test_a_told_format_is_taken(self, tmp_path: Path) -> None:
        rows = read_catalog(written(tmp_path, "N1\tonly\tthree\n" + NEWS), CatalogFormat.MIND)
        assert [line for line, _ in refusals(rows)] == [1]


class TestGzip:
    def test_is_read_as_what_is_in_it(self, tmp_path: Path) -> None:
        (item,) = items(written(tmp_path, gzip.compress(NEWS.encode())))
        assert item.item == "N1"

    def test_a_file_cut_off_gives_what_stands_before(self, tmp_path: Path) -> None:
        noise = "".join(NEWS.replace("N1", f"N{n}").replace("rivals", f"{n * 7919:x}") for n in range(5000))
        whole = gzip.compress(noise.encode())
        rows = read_catalog(written(tmp_path, whole[: len(whole) // 2]))
        ((line, reason),) = refusals(rows)
        assert 1000 < len(rows) == line
        assert "damaged or cut off" in reason


class TestMemory:
    def test_ten_thousand_lines_take_the_memory_of_one(self, tmp_path: Path) -> None:
        path = written(tmp_path, BEHAVIOR * 10_000)
        tracemalloc.start()
        try:
            opened = open_interactions(path, "news")
            count = sum(1 for _ in opened.rows)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            opened.source.close()
        assert count == 30_000
        assert peak < 300_000 < path.stat().st_size

    def test_a_line_without_end_is_read_past(self, tmp_path: Path) -> None:
        path = written(tmp_path, NEWS.encode() + b"x" * (8 * MAX_LINE) + b"\n" + NEWS.encode())
        tracemalloc.start()
        try:
            rows = read_catalog(path)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert refusals(rows) == [(2, "is longer than 1024 KiB")]
        assert len(rows) == 3
        assert peak < 4 * MAX_LINE

    def test_how_far_a_file_is_read_is_known(self, tmp_path: Path) -> None:
        opened = open_interactions(written(tmp_path, BEHAVIOR * 1000), "news")
        with opened.source as source:
            begin = source.position
            assert len(list(opened.rows)) == 3000
            assert begin < source.position == source.size


class TestSeen:
    def test_a_repetition_is_known(self) -> None:
        seen = Seen()
        assert [seen.repeats(1, 0), seen.repeats(2, 0), seen.repeats(1, 0)] == [False, False, True]

    def test_a_changed_item_is_no_repetition_and_neither_is_its_old_form_afterwards(self) -> None:
        seen = Seen()
        assert [seen.repeats(1, content) for content in (5, 6, 5, 5)] == [False, False, False, True]

    def test_remembers_two_generations_at_most(self) -> None:
        seen = Seen(generation=10)
        for key in range(100):
            assert not seen.repeats(key, 0)
        assert seen.repeats(99, 0)
        assert not seen.repeats(50, 0)
        assert seen.size <= 20

    def test_what_is_seen_again_is_kept(self) -> None:
        seen = Seen(generation=10)
        for key in range(1, 100):
            seen.repeats(key, 0)
            assert seen.repeats(0, 0) == (key > 1)


class TestTally:
    def test_counts_all_and_keeps_the_first(self) -> None:
        tally = Tally(accepted=3, duplicates=2)
        for line in range(30, 0, -1):
            tally.met(line)
            tally.met(line)
            tally.reject(Refusal(line, "reason"))
        summary = tally.summary()
        assert summary.lines == 30
        assert (summary.read, summary.accepted, summary.duplicates, summary.rejected) == (35, 3, 2, 30)
        assert [one.line for one in summary.rejections] == list(range(11, 31))
        assert len(summary.rejections) == MAX_SHOWN
