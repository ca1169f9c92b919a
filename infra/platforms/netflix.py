"""Netflix: ViewingActivity.csv of "Download your personal information", or the short NetflixViewingHistory.csv of a
profile's viewing activity page; and Ratings.csv beside the first.

An item is a film or a series: "Dark: Season 1: Secrets" is "Dark", so that a series is one thing to like, however many
of its episodes were seen.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

from infra.platforms.archive import Member
from infra.platforms.dates import day, iso, month_first, within_day
from infra.platforms.export import Export, Platform, Rows, whose
from infra.platforms.rows import Happened, NotTaken, Read, clean
from infra.platforms.texts import Cells, first_line, read_table
from schemas.interaction import Signal

TASTED = timedelta(minutes=2)
"""Whoever leaves sooner did not want it: the shortest episodes have ten."""

_ACTIVITY = {
    "profile": ["profilename"],
    "start": ["starttime"],
    "duration": ["duration"],
    "title": ["title"],
    "?extra": ["supplementalvideotype"],
}
_SHORT = {
    "title": ["title", "titel", "titre", "título", "titolo", "tytuł", "název", "タイトル", "标题", "標題", "제목"],
    "date": ["date", "datum", "fecha", "data", "dato", "tarih", "datę", "日付", "日期", "날짜"],
}
_RATINGS = {
    "profile": ["profilename"],
    "title": ["titlename"],
    "?thumbs": ["thumbsvalue"],
    "?stars": ["starvalue"],
    "time": ["eventutcts"],
}

# "Money Heist: Part 2: ...", "Dark: Staffel 1: ...", "Love: Saison 3 : ..."
_SEASON = re.compile(
    r"\s*:\s*(?:(?:limited|mini)[\s-]?(?:series|serie|série)|miniserie|miniserien"
    r"|(?:season|series|part|volume|vol\.?|book|chapter|collection|staffel|teil|saison|partie|temporada|parte|stagione"
    r"|seizoen|deel|säsong|del|sesong|sæson|kausi|osa|sezon|część|série|sezóna|évad|sezonul|сезон|シーズン|季|시즌)"
    r"\s*\d+|\d+\.?\s*(?:évad|sezon|kausi)).*$",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"^(\d+):(\d{2}):(\d{2})$")


def kind(member: Member) -> str | None:
    names = set(first_line(member.head))
    if {"profilename", "starttime", "duration", "title"} <= names:
        return "activity"
    if {"titlename", "eventutcts"} <= names and names & {"thumbsvalue", "starvalue"}:
        return "ratings"
    return "short" if len(names) == 2 and all(names & set(aliases) for aliases in _SHORT.values()) else None


def read(export: Export) -> Rows:
    """Raises `HistoryRefused` where the household has several profiles and none is named."""
    people = list(_people(export))
    mine = whose(people, export.profile, "profile") if people else None
    for member in export.of("activity"):
        for row in read_table(export.archive, member, _ACTIVITY, export.dropped):
            if isinstance(row, NotTaken):
                yield member, row
            elif row["profile"] == mine:
                yield member, _watched(row)
    for member in export.of("ratings"):
        for row in read_table(export.archive, member, _RATINGS, export.dropped):
            if isinstance(row, NotTaken):
                yield member, row
            elif row["profile"] == mine:
                yield member, _rated(row)
    for member in export.of("short"):
        american = month_first(row["date"] for row in _rows(export, member) if isinstance(row, Cells))
        for row in _rows(export, member):
            yield member, row if isinstance(row, NotTaken) else _seen(row, american)


def _people(export: Export) -> Iterator[str]:
    """The profiles that have a row, each once."""
    seen = set()
    for member in export.of("activity"):
        for row in read_table(export.archive, member, _ACTIVITY, export.dropped):
            if isinstance(row, Cells) and row["profile"] not in seen:
                seen.add(row["profile"])
                yield row["profile"]


def _rows(export: Export, member: Member) -> Iterator[Cells | NotTaken]:
    return read_table(export.archive, member, _SHORT, export.dropped)


def _watched(row: Cells) -> Read:
    time, title, played = iso(row["start"]), _work(row["title"]), _duration(row["duration"])
    if not title:
        return NotTaken(row.line, "has no title")
    if time is None or played is None:
        return NotTaken(row.line, "has no start time and duration that can be read")
    if row["extra"].strip():
        return NotTaken(row.line, "is a trailer or a teaser, which play by themselves")
    signal = Signal.SKIP if played < TASTED else Signal.CLICK
    dwell = round(played.total_seconds() * 1000)
    mark, tags = f"{time:%Y%m%d%H%M}", _series(row["title"], title)
    return Happened(row.line, (title.casefold(),), title, signal, time, mark, dwell, tags)


def _seen(row: Cells, american: bool) -> Read:
    title, midnight = _work(row["title"]), day(row["date"], american)
    if not title:
        return NotTaken(row.line, "has no title")
    if midnight is None:
        return NotTaken(row.line, "has no date that can be read")
    whole = clean(row["title"]).casefold()
    time = within_day(midnight, (whole,))
    mark, tags = f"{midnight:%Y%m%d} {whole}", _series(row["title"], title)
    return Happened(row.line, (title.casefold(),), title, Signal.CLICK, time, mark, tags=tags)


def _rated(row: Cells) -> Read:
    title, time = _work(row["title"]), iso(row["time"])
    if not title or time is None:
        return NotTaken(row.line, "has no title or no time that can be read")
    up = row["thumbs"] in ("2", "3") or row["stars"] in ("4", "5")
    down = row["thumbs"] == "1" or row["stars"] in ("1", "2")
    if up == down:
        return NotTaken(row.line, "is a rating that says neither yes nor no")
    signal = Signal.LIKE if up else Signal.DISLIKE
    mark, tags = f"rated {time:%Y%m%d%H%M}", _series(row["title"], title)
    return Happened(row.line, (title.casefold(),), title, signal, time, mark, tags=tags)


def _work(title: str) -> str:
    """The film or the series."""
    whole = clean(title)
    return _SEASON.sub("", whole).strip() or whole


def _series(title: str, work: str) -> tuple[str, ...]:
    """Its name, which may name an interest; a film is one item, and what it is about stands in its title."""
    return (work,) if work != clean(title) else ()


def _duration(text: str) -> timedelta | None:
    match = _CLOCK.match(text.strip())
    if match is None or int(match[1]) > 99:
        return None
    return timedelta(hours=int(match[1]), minutes=int(match[2]), seconds=int(match[3]))


PLATFORM = Platform("netflix", kind, read)
