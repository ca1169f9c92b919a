"""Netflix: whole series, what was left at once, other people's profiles, dates of any country."""

from datetime import UTC, datetime

import pytest

from infra.platforms.rows import HistoryRefused
from tests.infra.platforms.files import NETFLIX_HEAD, netflix_row, only, read, table, told, zipped


def viewed(*rows: list[str]) -> str:
    return table(NETFLIX_HEAD, *rows)


def test_a_row_becomes_an_interaction_of_the_persons_own_provider() -> None:
    one = only(read(viewed(netflix_row("Roma"))))
    assert (one.user, one.provider, one.signal.value, one.text) == ("kim", "mine.netflix", "click", "Roma")
    assert (one.time, one.dwell_ms, one.source) == (datetime(2026, 3, 1, 20, 15, tzinfo=UTC), 42 * 60_000, "file")


@pytest.mark.parametrize(
    ("episode", "work"),
    [
        ("Dark: Season 1: Secrets (Episode 1)", "Dark"),
        ("Haus des Geldes: Teil 2: Folge 1", "Haus des Geldes"),
        ("Lupin: Partie 1: Chapitre 2", "Lupin"),
        ("Las chicas del cable: Temporada 3: Capítulo 18", "Las chicas del cable"),
        ("The Queen's Gambit: Limited Series: Openings", "The Queen's Gambit"),
        ("Mission: Impossible - Fallout", "Mission: Impossible - Fallout"),
        ("Partisan: The Movie", "Partisan: The Movie"),
    ],
)
def test_an_episode_is_of_its_series(episode: str, work: str) -> None:
    assert only(read(viewed(netflix_row(episode)))).text == work


def test_two_episodes_are_two_interactions_with_one_item() -> None:
    first, second = (
        netflix_row(f"Dark: Season 1: {n}", f"2026-03-0{n} 20:00:00") for n in (1, 2)
    )  # fmt: skip
    history = read(viewed(first, second))
    assert len(history.items) == 1
    assert len({one.event_id for one in history.interactions}) == 2


def test_what_was_left_within_two_minutes_was_skipped() -> None:
    rows = [netflix_row("A", length="00:01:59"), netflix_row("B", length="00:02:00", start="2026-03-02 20:00:00")]
    assert told(read(viewed(*rows))) == [("A", "skip"), ("B", "click")]


def test_trailers_play_by_themselves() -> None:
    taken = read(viewed(netflix_row("A", extra="TRAILER"))).taken
    assert (taken.interactions, taken.refused) == (0, 1)
    assert "trailer" in taken.rows_refused[0].reason


def test_rows_of_a_household_need_a_name_and_only_that_ones_are_taken() -> None:
    file = viewed(netflix_row("Mine"), netflix_row("Of my child", profile="Kids"))
    with pytest.raises(HistoryRefused, match="2 profiles: say which is yours"):
        read(file)
    assert told(read(file, profile="kim ")) == [("Mine", "click")]
    with pytest.raises(HistoryRefused, match="no row is of the profile"):
        read(file, profile="Robin")


@pytest.mark.parametrize(
    ("head", "date", "day"),
    [
        ("Title,Date", "1/31/26", 31),
        ("Titel,Datum", "31.01.26", 31),
        ("Titre,Date", "31/01/2026", 31),
        ("Título,Fecha", "2026-01-31", 31),
    ],
)
def test_the_short_history_in_other_languages(head: str, date: str, day: int) -> None:
    one = only(read(table(head, ["Roma", date])))
    assert (one.time.year, one.time.month, one.time.day) == (2026, 1, day)


def test_what_day_2_3_is_the_other_rows_tell() -> None:
    european = read(table("Title,Date", ["B", "2/3/26"], ["A", "28/2/26"]))
    american = read(table("Title,Date", ["B", "2/3/26"], ["A", "1/28/26"]))
    assert [one.time.month for one in european.interactions] == [2, 3]
    assert [one.time.month for one in american.interactions] == [1, 2]


def test_days_without_a_figure_beyond_twelve_are_read_in_the_order_that_they_stand_in() -> None:
    dates = ["5/3/26", "4/3/26", "3/3/26", "12/2/26", "11/2/26"]
    history = read(table("Title,Date", *[[f"Film {n}", date] for n, date in enumerate(dates)]))
    assert {one.time.month for one in history.interactions} == {2, 3}


def test_films_of_one_day_are_not_all_of_one_minute() -> None:
    history = read(table("Title,Date", *[[f"Film {n}", "1/31/26"] for n in range(40)]))
    assert len({one.time for one in history.interactions}) > 30
    assert {one.time.date() for one in history.interactions} == {datetime(2026, 1, 31, tzinfo=UTC).date()}


def test_thumbs_say_it_outright() -> None:
    head = "Profile Name,Title Name,Rating Type,Star Value,Thumbs Value,Device Model,Event Utc Ts,Region View Date"
    rows = [
        ["Kim", "Roma", "thumb", "", thumb, "TV", f"2026-03-0{thumb} 20:15:00", ""] for thumb in ("1", "2", "3")
    ]  # fmt: skip
    files = {"r/ViewingActivity.csv": viewed(netflix_row("Roma")), "r/Ratings.csv": table(head, *rows)}
    signals = [signal for _, signal in told(read(zipped(files)))]
    assert sorted(signals) == ["click", "dislike", "like", "like"]


def test_rows_that_cannot_be_read_are_named_by_line_and_not_repeated() -> None:
    rows = [netflix_row("Good"), netflix_row("A secret title", start="yesterday"), netflix_row("")]
    taken = read(viewed(*rows)).taken
    assert [(one.file, one.line) for one in taken.rows_refused] == [("the file", 3), ("the file", 4)]
    assert "secret" not in taken.model_dump_json()
