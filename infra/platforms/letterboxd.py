"""Letterboxd: watched.csv, ratings.csv, diary.csv, watchlist.csv and likes/films.csv of its zip.

A film may stand in all of them. What says most of it counts: a rating takes the place of its being watched, on a day of
the diary where it has one. A like counts beside it.
"""

from collections.abc import Iterator
from datetime import datetime

from infra.platforms.archive import Member
from infra.platforms.dates import day, within_day
from infra.platforms.export import Export, Platform, Rows
from infra.platforms.ratings import signal_of, stars_of
from infra.platforms.rows import Happened, NotTaken, clean
from infra.platforms.texts import Cells, first_line, read_table
from schemas.interaction import Signal

_WANTED = {
    "name": ["name"],
    "?year": ["year"],
    "date": ["date"],
    "link": ["letterboxduri"],
    "?rating": ["rating"],
    "?watched": ["watcheddate"],
}
_OTHERS = {"deleted", "orphaned", "lists", "reviews.csv", "comments.csv"}
"""What is gone, of others, or said in the diary already."""

_ORDER = ("diary", "rated", "likes", "watched", "wanted")


def kind(member: Member) -> str | None:
    names = set(first_line(member.head))
    if not {"name", "date", "letterboxduri"} <= names or member.folder in _OTHERS or member.base in _OTHERS:
        return None
    if member.folder == "likes":
        return "likes" if member.base == "films.csv" else None
    if "watcheddate" in names:
        return "diary"
    if "rating" in names:
        return "rated"
    return "wanted" if member.base.startswith("watchlist") else "watched"


def read(export: Export) -> Rows:
    told: set[tuple[str, ...]] = set()
    for what in _ORDER:
        for member in export.of(what):
            for row in read_table(export.archive, member, _WANTED, export.dropped):
                if isinstance(row, NotTaken):
                    yield member, row
                else:
                    yield from ((member, one) for one in _film(row, what, told))


def _film(row: Cells, what: str, told: set[tuple[str, ...]]) -> Iterator[Happened | NotTaken]:
    """Nothing for a film of which another file has said more."""
    name, year = clean(row["name"], 180), clean(row["year"], 8)
    midnight = day(row["watched"]) or day(row["date"])
    if not name:
        yield NotTaken(row.line, "has no title")
        return
    if midnight is None:
        yield NotTaken(row.line, "has no date that can be read")
        return
    names = (name.casefold(), year)
    if what in ("likes", "diary") or names not in told:
        yield _happened(row, names, f"{name} ({year})" if year else name, what, midnight)
    if what != "likes":
        told.add(names)


def _happened(row: Cells, names: tuple[str, ...], title: str, what: str, midnight: datetime) -> Happened:
    stars = stars_of(row["rating"])
    signal = Signal.CLICK if stars is None else signal_of(stars)
    if what == "likes":
        signal = Signal.LIKE
    mark = f"{midnight:%Y%m%d} {'liked' if what == 'likes' else signal.value}"
    return Happened(row.line, names, title, signal, within_day(midnight, (*names, mark)), mark)


PLATFORM = Platform("letterboxd", kind, read)
