"""Reddit: the zip of a data request. The item is the subreddit, which is what an interest is about; the posts
themselves are named by addresses only.

Votes and saved posts bear no date. A post's own id does: ids count up, so it tells when the post was written, to a few
weeks; people vote on what is new.
"""

import re
from bisect import bisect_right
from datetime import UTC, datetime

from infra.platforms.archive import Member
from infra.platforms.dates import iso
from infra.platforms.export import Export, Platform, Rows
from infra.platforms.rows import Happened, NotTaken, Read, clean
from infra.platforms.texts import Cells, first_line, read_table
from schemas.interaction import Signal

_WANTED = {
    "id": ["id"],
    "?permalink": ["permalink"],
    "?direction": ["direction"],
    "?date": ["date"],
    "?subreddit": ["subreddit"],
}

_LINK = re.compile(r"/r/([A-Za-z0-9][A-Za-z0-9_]{1,20})/comments/([0-9a-z]{1,12})", re.IGNORECASE)
_NAME = re.compile(r"^(?:/?r/)?([A-Za-z0-9][A-Za-z0-9_]{1,20})$")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

_ANCHORS = (
    ("87", 2005),
    ("15kvh", 2007),
    ("644bq", 2008),
    ("7n0zc", 2009),
    ("akvqg", 2010),
    ("euqk6", 2011),
    ("nxuos", 2012),
    ("15qz1h", 2013),
    ("1u4kzg", 2014),
    ("2qxl0z", 2015),
    ("3yy0cm", 2016),
    ("5ldk2q", 2017),
    ("7ncdlw", 2018),
    ("abcxyz", 2019),
    ("eieyzq", 2020),
    ("ko0i8a", 2021),
    ("rt93o5", 2022),
    ("1009zpi", 2023),
    ("18vpbg6", 2024),
    ("1hqy0c0", 2025),
)
"""Ids of posts that were written at the turn of each year; between two they are taken to have come evenly."""

_IDS = tuple(int(one, 36) for one, _ in _ANCHORS)
_MOMENTS = tuple(datetime(year, 7 if year == 2005 else 1, 1, tzinfo=UTC).timestamp() for _, year in _ANCHORS)


def kind(member: Member) -> str | None:
    names = set(first_line(member.head))
    if not {"id", "permalink"} <= names:
        return None
    if "direction" in names:
        return "votes"
    if "subreddit" in names:
        return "written"
    return "hidden" if "hidden" in member.base else "saved" if names == {"id", "permalink"} else None


def read(export: Export) -> Rows:
    for member in export.of("votes", "saved", "hidden", "written"):
        what = kind(member) or ""
        for row in read_table(export.archive, member, _WANTED, export.dropped):
            yield member, row if isinstance(row, NotTaken) else _row(row, what)


def _row(row: Cells, what: str) -> Read:
    link = _LINK.search(row["permalink"])
    name = link or _NAME.match(row["subreddit"].strip())
    if name is None:
        return NotTaken(row.line, "names no subreddit")
    signal = _signal(what, row["direction"].strip().casefold())
    if signal is None:
        return NotTaken(row.line, "is a vote that was taken back")
    time = iso(row["date"]) or (written(link[2]) if link else None)
    if time is None:
        return NotTaken(row.line, "does not tell when it was")
    mark = f"{what} {row['id'].strip()}"
    title = _title(name[1])
    return Happened(row.line, (name[1].casefold(),), title, signal, time, mark, tags=(title,))


def _signal(what: str, direction: str) -> Signal | None:
    if what == "votes":
        return {"up": Signal.LIKE, "1": Signal.LIKE, "down": Signal.DISLIKE, "-1": Signal.DISLIKE}.get(direction)
    return {"saved": Signal.LIKE, "hidden": Signal.SKIP}.get(what, Signal.CLICK)


def written(post: str) -> datetime | None:
    """About when a post with this id was written. None for one that no post had."""
    number = int(post, 36)
    if number < _IDS[0]:
        return None
    at = min(bisect_right(_IDS, number), len(_IDS) - 1)
    (low, begin), (high, end) = (_IDS[at - 1], _MOMENTS[at - 1]), (_IDS[at], _MOMENTS[at])
    moment = begin + (number - low) / (high - low) * (end - begin)
    return datetime.fromtimestamp(moment, UTC) if moment < 4e9 else None


def _title(name: str) -> str:
    """As words: "MachineLearning" and "machine_learning" are "Machine Learning"."""
    words = " ".join(word for part in name.split("_") for word in _WORDS.findall(part))
    return clean(words) or name


PLATFORM = Platform("reddit", kind, read)
