"""Goodreads: goodreads_library_export.csv. What is on the shelf to read counts as a click: it was looked for."""

from datetime import datetime

from infra.platforms.archive import Member
from infra.platforms.dates import day, iso, within_day
from infra.platforms.export import Export, Platform, Rows
from infra.platforms.ratings import signal_of, stars_of
from infra.platforms.rows import Happened, NotTaken, Read, clean
from infra.platforms.texts import Cells, first_line, read_table
from schemas.interaction import Signal

_WANTED = {
    "title": ["title"],
    "author": ["author"],
    "rating": ["myrating"],
    "?read": ["dateread"],
    "added": ["dateadded"],
    "?shelf": ["exclusiveshelf"],
}


def kind(member: Member) -> str | None:
    return "library" if {"title", "author", "myrating", "dateadded"} <= set(first_line(member.head)) else None


def read(export: Export) -> Rows:
    for member in export.of("library"):
        for row in read_table(export.archive, member, _WANTED, export.dropped):
            yield member, row if isinstance(row, NotTaken) else _book(row)


def _book(row: Cells) -> Read:
    title, author = clean(row["title"], 140), clean(row["author"], 60)
    midnight = _day(row["read"]) or _day(row["added"])
    if not title:
        return NotTaken(row.line, "has no title")
    if midnight is None:
        return NotTaken(row.line, "has no date that can be read")
    stars = stars_of(row["rating"])
    signal = Signal.CLICK if stars is None else signal_of(stars)
    names = (title.casefold(), author.casefold())
    shown = f"{title} by {author}" if author else title
    mark = f"{midnight:%Y%m%d} {signal.value}"
    return Happened(row.line, names, shown, signal, within_day(midnight, names), mark, tags=(author,) if author else ())


def _day(text: str) -> datetime | None:
    return day(text) or iso(text)


PLATFORM = Platform("goodreads", kind, read)
