"""MovieLens: ratings.csv with movies.csv, or ratings.dat with movies.dat; and movielens-ratings.csv, which the site
gives its own users, with the titles in it but no times. Of a data set with many users one has to be named.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from infra.platforms.archive import Member
from infra.platforms.dates import epoch
from infra.platforms.export import Export, Platform, Rows, whose
from infra.platforms.ratings import signal_of, stars_of
from infra.platforms.rows import Happened, HistoryRefused, NotTaken, Read, clean
from infra.platforms.texts import Cells, first_line, read_lines, read_table

_RATINGS = {"user": ["userid"], "movie": ["movieid"], "rating": ["rating"], "time": ["timestamp"]}
_OWN = {"movie": ["movieid"], "title": ["title"], "rating": ["rating"]}
_MOVIES = {"movie": ["movieid"], "title": ["title"], "?genres": ["genres"]}

_DAT_RATING = re.compile(rb"^\d+::\d+::[\d.]+::\d+")
_DAT_MOVIE = re.compile(rb"^\d+::[^:]+.*::")
_ARTICLE = re.compile(r"^(.*), (The|A|An|Der|Die|Das|Le|La|Les|L'|El|Il)( \(.*)?$")


class _Movie(NamedTuple):
    title: str
    genres: tuple[str, ...]


class _Rating(NamedTuple):
    line: int
    user: str
    movie: str
    stars: str
    time: str


def kind(member: Member) -> str | None:
    names = set(first_line(member.head))
    if {"userid", "movieid", "rating", "timestamp"} <= names:
        return "ratings"
    if {"movieid", "title", "rating"} <= names:
        return "own"
    if {"movieid", "title", "genres"} <= names:
        return "movies"
    if _DAT_RATING.match(member.head):
        return "ratings.dat"
    return "movies.dat" if _DAT_MOVIE.match(member.head) and not member.base.startswith("users") else None


def read(export: Export) -> Rows:
    """Raises `HistoryRefused` where the movies' titles are not there, or many users' ratings and none is named."""
    if any(export.of("own")):
        yield from _own(export)
    members = list(export.of("ratings", "ratings.dat"))
    if not members:
        return
    movies = dict(_movies(export))
    if not movies:
        raise HistoryRefused("ratings name movies by numbers: zip movies.csv (or movies.dat) together with them")
    mine = whose(list(_people(export, members)), export.profile, "user")
    for member in members:
        for rating in _ratings(export, member):
            if isinstance(rating, NotTaken):
                yield member, rating
            elif rating.user == mine:
                time = epoch(rating.time)
                no_time = NotTaken(rating.line, "has no time that can be read")
                yield member, no_time if time is None else _rated(rating, movies.get(rating.movie), time)


def _own(export: Export) -> Rows:
    for member in export.of("own"):
        for row in read_table(export.archive, member, _OWN, export.dropped):
            if isinstance(row, NotTaken):
                yield member, row
                continue
            rating = _Rating(row.line, "", row["movie"], row["rating"], "")
            yield member, _rated(rating, _Movie(_in_order(row["title"]), ()), None)


def _people(export: Export, members: list[Member]) -> Iterator[str]:
    seen = set()
    for member in members:
        for rating in _ratings(export, member):
            if isinstance(rating, _Rating) and rating.user not in seen:
                seen.add(rating.user)
                yield rating.user


def _ratings(export: Export, member: Member) -> Iterator[_Rating | NotTaken]:
    if kind(member) == "ratings.dat":
        for line, text in read_lines(export.archive, member):
            parts = text.strip().split("::")
            yield _Rating(line, *parts) if len(parts) == 4 else NotTaken(line, "is no rating")
        return
    for row in read_table(export.archive, member, _RATINGS, export.dropped):
        yield row if isinstance(row, NotTaken) else _of_cells(row)


def _of_cells(row: Cells) -> _Rating:
    return _Rating(row.line, row["user"], row["movie"], row["rating"], row["time"])


def _movies(export: Export) -> Iterator[tuple[str, _Movie]]:
    for member in export.of("movies"):
        for row in read_table(export.archive, member, _MOVIES, export.dropped):
            if isinstance(row, Cells):
                yield row["movie"], _Movie(_in_order(row["title"]), _genres(row["genres"]))
    for member in export.of("movies.dat"):
        for _, text in read_lines(export.archive, member):
            parts = text.strip().split("::")
            if len(parts) == 3:
                yield parts[0], _Movie(_in_order(parts[1]), _genres(parts[2]))


def _rated(rating: _Rating, movie: _Movie | None, time: datetime | None) -> Read:
    stars = stars_of(rating.stars)
    if movie is None or not movie.title:
        return NotTaken(rating.line, "names a movie that the list of movies does not have")
    if stars is None:
        return NotTaken(rating.line, "has no rating that can be read")
    names = (movie.title.casefold(),)
    mark = "rated" if time is None else f"{time:%Y%m%d%H%M%S}"
    return Happened(rating.line, names, movie.title, signal_of(stars), time, mark, tags=movie.genres)


def _genres(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split("|")[:8] if (name := clean(part, 40)) and not name.startswith("("))


def _in_order(title: str) -> str:
    """ "Matrix, The (1999)" is "The Matrix (1999)"."""
    whole = clean(title)
    match = _ARTICLE.match(whole)
    return f"{match[2]} {match[1]}{match[3] or ''}" if match else whole


PLATFORM = Platform("movielens", kind, read)
