"""What is not asked for is let go of while it is read."""

import io
import json

from infra.platforms.archive import Archive
from infra.platforms.texts import MAX_DROPPED, Cells, Dropped, first_line, plain_name, read_json, read_table
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
