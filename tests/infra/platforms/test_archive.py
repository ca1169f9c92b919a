"""Bounds of what is read: bombs, many members, names that lead elsewhere, damage."""

import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from infra.platforms.archive import MAX_MEMBERS, Archive, Member
from infra.platforms.rows import HistoryRefused
from tests.infra.platforms.files import NETFLIX_HEAD, netflix_row, only, play, read, table, zipped

GOOD = table(NETFLIX_HEAD, netflix_row("Roma"))


def opened(raw: bytes) -> Archive:
    return Archive(io.BytesIO(raw))


def read_all(file: Archive) -> None:
    for member in file.members:
        with file.open(member) as content:
            content.read()


def test_a_bomb_is_found_out_while_it_grows() -> None:
    bomb = GOOD + netflix_row("x")[0] * 40_000_000
    with pytest.raises(HistoryRefused, match="beyond all measure"):
        read(zipped({"ViewingActivity.csv": bomb}))


def test_what_all_files_hold_together_is_bounded() -> None:
    raw = io.BytesIO(zipped({f"{n}.csv": GOOD * 100 for n in range(5)}))
    with Archive(raw, most=3 * len(GOOD) * 100) as file, pytest.raises(HistoryRefused, match="MiB"):
        read_all(file)


def test_many_files_are_refused_by_the_list_alone() -> None:
    with pytest.raises(HistoryRefused, match="20,000 files"):
        opened(zipped({f"{n}.csv": "" for n in range(MAX_MEMBERS + 1)}))


def test_names_lead_nowhere(tmp_path: Path) -> None:
    names = ["../../escape.csv", "/etc/ViewingActivity.csv", "C:\\ViewingActivity.csv", "a/" * 200 + "v.csv"]
    before = set(os.listdir(tmp_path))
    history = read(zipped(dict.fromkeys(names, GOOD)))
    assert (history.taken.interactions, history.taken.repeated) == (1, 3)
    assert set(os.listdir(tmp_path)) == before


def test_two_members_of_one_name_are_two() -> None:
    raw = io.BytesIO()
    other = table(NETFLIX_HEAD, netflix_row("Heat", "2026-03-02 20:00:00"))
    with zipfile.ZipFile(raw, "w") as file:
        file.writestr("v.csv", GOOD)
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("v.csv", other)
    assert read(raw.getvalue()).taken.interactions == 2


def test_members_that_can_hold_no_rows_are_never_opened() -> None:
    with opened(zipped({"a/photo.jpg": b"\xff" * 100, "b/v.csv": GOOD, "c/": ""})) as file:
        assert [member.base for member in file.members] == ["v.csv"]


def test_damage_says_what_to_do() -> None:
    whole = zipped({"v.csv": GOOD * 50})
    shifted = whole[:4] + whole[30:]  # its list points before its beginning
    for raw in (whole[: len(whole) // 2], whole[:40] + b"\x00" * 30 + whole[70:], b"PK\x03\x04rubbish", shifted):
        with pytest.raises(HistoryRefused, match="damaged or cut off"):
            read(raw)


def test_a_member_without_a_name_is_passed_over() -> None:
    whole = bytearray(zipped({"v": GOOD}))
    at = whole.index(b"PK\x01\x02")  # in the list, its name's one letter becomes an extra field
    whole[at + 28], whole[at + 30] = 0, 1
    with pytest.raises(HistoryRefused):
        read(bytes(whole))


def test_a_locked_zip_says_so() -> None:
    raw = bytearray(zipped({"v.csv": GOOD}))
    raw[6] |= 1  # the flag of the member
    at = raw.index(b"PK\x01\x02")
    raw[at + 8] |= 1  # and in the list
    with pytest.raises(HistoryRefused, match="password"):
        read(bytes(raw))


def test_json_deeper_than_can_be_read() -> None:
    deep = '{"ts": "", "ms_played": ' + "[" * 100_000
    with pytest.raises(HistoryRefused, match="damaged or cut off"):
        read(deep)


def test_json_that_is_no_list() -> None:
    with pytest.raises(HistoryRefused, match="not the list"):
        read(json.dumps(play()))


def test_a_cell_longer_than_any_ends_its_file_and_no_other() -> None:
    long = GOOD + f'Kim,"{"x" * 200_000}"\n' + ",".join(netflix_row("After")) + "\n"
    history = read(zipped({"a.csv": long, "b.csv": table(NETFLIX_HEAD, netflix_row("Roma"))}))
    assert only(history).text == "Roma"
    assert (history.taken.repeated, history.taken.refused) == (1, 1)


def test_a_folder_is_called_in_small_letters() -> None:
    assert Member("Takeout/Likes/Films.CSV", b"").folder == "likes"
    assert Member("Takeout/Likes/Films.CSV", b"").base == "films.csv"
