"""Goodreads, Letterboxd and MovieLens: what ratings say of books and films."""

import pytest

from infra.platforms.ratings import signal_of, stars_of
from infra.platforms.rows import HistoryRefused
from tests.infra.platforms.files import GOODREADS_HEAD, book, only, read, table, told, zipped

FILM = "Date,Name,Year,Letterboxd URI"
RATING = "userId,movieId,rating,timestamp"
MOVIES = table(
    "movieId,title,genres", [1, "Matrix, The (1999)", "Action|Sci-Fi"], [2, "Heat (1995)", "(no genres listed)"]
)


def test_half_stars_and_what_is_no_rating() -> None:
    assert [signal_of(stars) for stars in (2, 2.5, 3.5, 4)] == ["dislike", "click", "click", "like"]
    assert [stars_of(text) for text in ("3,5", "0", "7", "x", "nan")] == [3.5, None, None, None, None]


class TestGoodreads:
    @pytest.mark.parametrize(
        ("rating", "signal"), [(5, "like"), (4, "like"), (3, "click"), (2, "dislike"), (1, "dislike"), (0, "click")]
    )
    def test_stars(self, rating: int, signal: str) -> None:
        one = only(read(table(GOODREADS_HEAD, book("The Dispossessed", rating))))
        assert (one.signal.value, one.text) == (signal, "The Dispossessed by Ursula K. Le Guin")
        assert one.time.date().isoformat() == "2026-03-01"

    def test_what_is_on_the_shelf_to_read_was_looked_for(self) -> None:
        row = book("The Dispossessed", 0, "to-read")
        row[4] = ""
        one = only(read(table(GOODREADS_HEAD, row)))
        assert (one.signal.value, one.time.date().isoformat()) == ("click", "2026-02-01")

    def test_another_delimiter_and_encoding(self) -> None:
        text = table(GOODREADS_HEAD, book("Müll", 5), delimiter=";")
        for encoding in ("utf-16", "utf-8-sig", "latin-1"):
            assert only(read(text.encode(encoding))).text == "Müll by Ursula K. Le Guin"

    def test_a_review_of_several_lines_moves_no_line_number_astray(self) -> None:
        rows = [book("One", 5), book("", 5)]
        rows[0][7] = "two\nlines"
        assert read(table(GOODREADS_HEAD, *rows)).taken.rows_refused[0].line == 4


class TestLetterboxd:
    def test_a_rating_stands_for_having_watched(self) -> None:
        film = ["2026-03-01", "Playtime", "1967", "https://boxd.it/1"]
        files = {
            "watched.csv": table(FILM, film, ["2026-03-02", "Trafic", "1971", "https://boxd.it/2"]),
            "ratings.csv": table(f"{FILM},Rating", [*film, "4.5"]),
            "likes/films.csv": table(FILM, film),
            "likes/reviews.csv": table(FILM, ["2026-03-01", "Another", "1999", "x"]),
            "deleted/diary.csv": table(FILM, ["2026-03-01", "Regretted", "1999", "x"]),
        }
        assert sorted(told(read(zipped(files)))) == [
            ("Playtime (1967)", "like"),
            ("Playtime (1967)", "like"),
            ("Trafic (1971)", "click"),
        ]

    def test_the_diary_tells_the_day(self) -> None:
        head = f"{FILM},Rating,Rewatch,Tags,Watched Date"
        row = ["2026-03-09", "Playtime", "1967", "https://boxd.it/9", "2", "", "", "2026-03-01"]
        one = only(read(zipped({"diary.csv": table(head, row), "watched.csv": table(FILM, row[:4])})))
        assert (one.signal.value, one.time.date().isoformat()) == ("dislike", "2026-03-01")


class TestMovieLens:
    def test_csv_and_dat_say_the_same(self) -> None:
        csv = {"ratings.csv": table(RATING, [7, 1, 4.5, 1_700_000_000]), "movies.csv": MOVIES}
        dat = {
            "ml-1m/ratings.dat": "7::1::4.5::1700000000\n",
            "ml-1m/movies.dat": "1::Matrix, The (1999)::Action|Sci-Fi\n",
        }
        one, other = only(read(zipped(csv))), only(read(zipped(dat)))
        assert one == other
        assert (one.text, one.signal.value) == ("The Matrix (1999)", "like")

    def test_genres_are_tags(self) -> None:
        ratings = table(RATING, [7, 1, 3, 1_700_000_000], [7, 2, 3, 1_700_000_060])
        history = read(zipped({"ratings.csv": ratings, "movies.csv": MOVIES}))
        assert sorted(item.tags for item in history.items.values()) == [(), ("Action", "Sci-Fi")]

    def test_a_data_set_of_many_users_needs_a_name(self) -> None:
        files = zipped(
            {"ratings.csv": table(RATING, [7, 1, 5, 1_700_000_000], [8, 2, 5, 1_700_000_000]), "movies.csv": MOVIES}
        )
        with pytest.raises(HistoryRefused, match="2 users: say which is yours"):
            read(files)
        assert told(read(files, profile="8")) == [("Heat (1995)", "like")]

    def test_without_titles_there_is_nothing_to_take(self) -> None:
        with pytest.raises(HistoryRefused, match=r"movies\.csv"):
            read(table(RATING, [7, 1, 4.5, 1_700_000_000]))

    def test_the_sites_own_export_has_no_times(self) -> None:
        own = table("movie_id,imdb_id,tmdb_id,rating,average_rating,title", [1, 2, 3, 4.5, 4.1, "Heat (1995)"])
        one = only(read(own))
        assert (one.text, one.signal.value, one.time.date().isoformat()) == ("Heat (1995)", "like", "2026-11-19")
        assert only(read(own)).event_id == one.event_id
