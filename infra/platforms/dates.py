"""Dates as platforms write them, in the language and the order of whoever downloads them."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import pairwise

from infra.platforms.months import MONTHS

_NUMBERS = re.compile(r"^(\d{1,4})[./\-\s]+(\d{1,2})[./\-\s]+(\d{1,4})\.?$")
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?")
_WORD = re.compile(r"[^\W\d_]+\.?")
_FIGURES = re.compile(r"\d+")
_OFFSET = re.compile(r"(?:GMT|UTC)([+-]\d{1,2})(?::?(\d{2}))?\b")
_MINUTES_A_DAY = 1440

_ZONES = {
    **dict.fromkeys(("utc", "gmt", "z", "wet"), 0),
    **dict.fromkeys(("bst", "cet", "mez", "wat", "west"), 60),
    **dict.fromkeys(("cest", "mesz", "eet", "sast", "oez"), 120),
    **dict.fromkeys(("eest", "oesz", "msk", "eat"), 180),
    **dict.fromkeys(("est", "cdt"), -300),
    **dict.fromkeys(("edt", "ast"), -240),
    **dict.fromkeys(("cst", "mdt"), -360),
    **dict.fromkeys(("mst", "pdt"), -420),
    **dict.fromkeys(("pst", "akdt"), -480),
    **dict.fromkeys(("akst",), -540),
    **dict.fromkeys(("hst",), -600),
    **dict.fromkeys(("brt", "art"), -180),
    **dict.fromkeys(("ist",), 330),
    **dict.fromkeys(("sgt", "hkt", "pht", "awst"), 480),
    **dict.fromkeys(("jst", "kst"), 540),
    **dict.fromkeys(("aest",), 600),
    **dict.fromkeys(("aedt",), 660),
    **dict.fromkeys(("nzst",), 720),
    **dict.fromkeys(("nzdt",), 780),
}
"""Minutes east of Greenwich. Of a name that several countries use the one that most people live in."""

_HALF = re.compile(r"\b([ap])\.\s?m\b", re.IGNORECASE)
_AFTERNOON = {"pm", "nachm", "μμ"}
_MORNING = {"am", "vorm"}


def iso(text: str) -> datetime | None:
    """ISO 8601 and what looks like it; without a zone it is UTC. None for anything else."""
    text = text.strip().removesuffix("UTC").strip()
    try:
        moment = datetime.fromisoformat(text.replace("/", "-") if text[:4].isdigit() else text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def epoch(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(float(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def month_first(dates: Iterable[str]) -> bool:
    """Whether dates like 1/2/23 of one file, newest first or oldest first, begin with the month: where a figure beyond
    twelve does not tell, it is the reading in which more of them stand in order; America's where that does not either.
    Dates with points never do."""
    first_beyond = second_beyond = 0
    found = []
    for date in dates:
        if (match := _NUMBERS.match(date.strip())) and len(match[1]) <= 2:
            if "." in date:
                return False
            figures = int(match[1]), int(match[2]), int(match[3])
            first_beyond += figures[0] > 12
            second_beyond += figures[1] > 12
            found.append(figures)
    if first_beyond or second_beyond:
        return second_beyond > first_beyond
    return _disorder([(year, a, b) for a, b, year in found]) <= _disorder([(year, b, a) for a, b, year in found])


def day(text: str, month_first: bool = True) -> datetime | None:
    """Midnight of a date in figures: 1/31/23, 31.01.2023, 2023/01/31."""
    match = _NUMBERS.match(text.strip())
    if match is None:
        return None
    first, second, third = (int(part) for part in match.groups())
    if len(match[1]) == 4:
        year, month, number = first, second, third
    else:
        month, number = (first, second) if month_first else (second, first)
        year = third + 2000 if third < 100 else third
    return _moment(year, month, number)


def within_day(midnight: datetime, names: Iterable[str]) -> datetime:
    """A minute of that day, the same for the same item whenever it is read: what is only dated was not all done in one
    minute, in which it would count as a burst."""
    digest = blake2b("\x1f".join(names).encode(), digest_size=4).digest()
    return midnight + timedelta(minutes=int.from_bytes(digest) % _MINUTES_A_DAY)


def in_words(text: str) -> datetime | None:
    """A date and a time as Takeout's pages have them: "Jan 31, 2023, 9:19:44 PM CET", "31.01.2023, 21:19:44 MEZ", "31
    janv. 2023, 21:19:44 UTC+1". A zone that is not known counts as UTC."""
    clock = _CLOCK.search(text, _end_of_date(text))
    if clock is None:
        return None
    date, rest = text[: clock.start()], _HALF.sub(r"\1m", text[clock.end() :])
    midnight = _date_in_words(date)
    if midnight is None:
        return None
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    words = [word.casefold().rstrip(".") for word in _WORD.findall(rest)]
    if _AFTERNOON & set(words) and hour < 12:
        hour += 12
    elif _MORNING & set(words) and hour == 12:
        hour = 0
    if hour > 23 or minute > 59 or second > 59:
        return None
    local = midnight + timedelta(hours=hour, minutes=minute, seconds=second)
    return (local - timedelta(minutes=_zone(rest, words))).astimezone(UTC)


def _end_of_date(text: str) -> int:
    """Where the year has ended: before it, 31.01 looks like a time."""
    year = re.search(r"(?<!\d)(19|20)\d{2}(?!\d)", text)
    if year is None:
        return 0
    after = re.match(r"[./\-年]\s*\d{1,2}[./\-月]\s*\d{1,2}", text[year.end() :])
    return year.end() + (after.end() if after else 0)


def _date_in_words(date: str) -> datetime | None:
    figures = [int(part) for part in _FIGURES.findall(date)]
    month = next(
        (MONTHS[name] for word in _WORD.findall(date.casefold()) if (name := word.rstrip(".")) in MONTHS), None
    )
    if month is not None and len(figures) == 2:
        year, number = max(figures), min(figures)
        return _moment(year, month, number)
    if len(figures) != 3:
        return None
    if figures[0] > 31:
        return _moment(*figures)
    swapped = "/" in date and figures[1] > 12
    return _moment(figures[2], figures[0] if swapped else figures[1], figures[1] if swapped else figures[0])


def _zone(rest: str, words: list[str]) -> int:
    if offset := _OFFSET.search(rest):
        hours = int(offset[1])
        return hours * 60 + (int(offset[2] or 0) * (-1 if hours < 0 else 1))
    return next((_ZONES[word] for word in words if word in _ZONES), 0)


def _moment(year: int, month: int, number: int) -> datetime | None:
    try:
        return datetime(year, month, number, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _disorder(days: list[tuple[int, int, int]]) -> int:
    """How many follow their neighbour the wrong way, whichever way most go."""
    rises = sum(before < after for before, after in pairwise(days))
    falls = sum(before > after for before, after in pairwise(days))
    return min(rises, falls)
