"""What is not asked for is let go of while it is read."""

import io
import json

import pytest

from infra.platforms.archive import Archive
from infra.platforms.rows import HistoryRefused, NotTaken
from infra.platforms.texts import (
    MAX_DROPPED,
    MAX_WHOLE,
    Cells,
    Dropped,
    first_line,
    plain_name,
    read_json,
    read_table,
    read_text,
)
from tests.infra.platforms.files import IP, NETFLIX_HEAD, SECRETS, netflix_row, play, table


def test_of_an_object_only_the_wanted_fields_are_kept_however_deep() -> None:
    dropped = Dropped()
    entries = read_json(json.dumps([{"like": {"ts": 1, "ip_addr": IP}, "ip_addr": IP}]), {"like", "ts"}, dropped)
    assert entries == [{"like": {"ts": 1}}]
    assert dropped.names == {"ip_addr"}


def test_of_a_row_only_the_wanted_columns_are_kept() -> None:
    file = io.BytesIO(table(NETFLIX_HEAD, netflix_row("Roma")).encode())
    with Archive(file) as archive:
        (member,) = archive.members
        (row,) = read_table(archive, member, {"title": ["title"], "?when": ["starttime"]}, Dropped())
    assert isinstance(row, Cells)
    assert row.values == {"title": "Roma", "when": "2026-03-01 20:15:00"}


def test_names_of_fields_are_bounded_and_plain() -> None:
    dropped = Dropped()
    dropped.add([f"field {n}\x1b{'x' * 100}" for n in range(10 * MAX_DROPPED)])
    assert len(dropped.names) == MAX_DROPPED
    assert max(map(len, dropped.names)) <= 40
    assert all(name.isprintable() for name in dropped.names)


def test_everything_a_play_says_of_its_listener_is_gone_before_it_is_looked_at() -> None:
    kept = read_json(json.dumps([play()]), {"ts", "ms_played"}, Dropped())
    assert [secret for secret in SECRETS if secret in json.dumps(kept)] == []


def test_columns_are_known_whatever_their_case_blanks_and_signs() -> None:
    assert plain_name(" Start_Time ") == "starttime"
    assert first_line('\ufeff"Video ID";Zeitstempel\n'.encode()) == ("videoid", "zeitstempel")


def rows_of(text: str) -> list[Cells | NotTaken]:
    with Archive(io.BytesIO(text.encode())) as archive:
        (member,) = archive.members
        return list(read_table(archive, member, {"title": ["title"], "date": ["date"], "?stars": ["stars"]}, Dropped()))


def test_a_line_that_lacks_a_column_that_has_to_be_there_is_not_the_header() -> None:
    (row,) = rows_of("Title,of the export\n\nDate,Title\n1/2/26,Roma\n")
    assert row == Cells(4, {"title": "Roma", "date": "1/2/26"})


def test_a_cell_longer_than_any_is_told_by_its_line_and_what_stands_before_it_is_read() -> None:
    first, second = rows_of(f"Title,Date\nRoma,1/2/26\n{'x' * 200_000},1/2/26\nHeat,1/2/26\n")
    assert isinstance(first, Cells)
    assert isinstance(second, NotTaken)
    assert second.line == 3


def test_json_that_is_no_list_is_refused() -> None:
    with pytest.raises(HistoryRefused, match="not the list"):
        read_json('{"likes": []}', {"likes"}, Dropped())


def test_what_is_read_in_one_piece_is_no_larger_than_a_page_may_be() -> None:
    with Archive(io.BytesIO(b" " * (MAX_WHOLE + 1))) as archive:
        (member,) = archive.members
        with pytest.raises(HistoryRefused, match="export fewer years"):
            read_text(archive, member)
