"""Spotify: the basic StreamingHistory*.json of a year, and the extended Streaming_History_*.json or endsong_*.json of
all years. Of a podcast the show is the item, of an audiobook the book.

Both say when a play ended; the same play has the same mark in both, so that whoever brings one after the other counts
nothing twice.
"""

from collections.abc import Iterator
from typing import Any

from infra.platforms.archive import Member
from infra.platforms.dates import iso
from infra.platforms.export import Export, Platform, Rows
from infra.platforms.rows import Happened, NotTaken, Read, clean
from infra.platforms.texts import read_json, read_text
from schemas.interaction import Signal

HEARD_MS = 30_000
"""Spotify itself counts a play from here on."""

_DAY_MS = 86_400_000

_BASIC = {"endTime", "artistName", "trackName", "podcastName", "episodeName", "msPlayed"}
_EXTENDED = {
    "ts",
    "ms_played",
    "master_metadata_track_name",
    "master_metadata_album_artist_name",
    "episode_name",
    "episode_show_name",
    "audiobook_title",
    "reason_end",
    "skipped",
    "incognito_mode",
}
_LEFT = {"fwdbtn", "backbtn", "clickrow", "endplay"}
"""Ends of a play that its listener chose."""


def kind(member: Member) -> str | None:
    if b'"endTime"' in member.head and b'"msPlayed"' in member.head:
        return "basic"
    return "extended" if b'"ts"' in member.head and b'"ms_played"' in member.head else None


def read(export: Export) -> Rows:
    for member in export.of("basic", "extended"):
        entries = read_json(read_text(export.archive, member), _BASIC | _EXTENDED, export.dropped)
        for number, entry in enumerate(entries, start=1):
            yield member, _read(number, entry)


def _read(number: int, entry: Any) -> Read:
    if not isinstance(entry, dict):
        return NotTaken(number, "is no play")
    names = tuple(_names(entry))
    time = iso(str(entry.get("ts") or entry.get("endTime") or ""))
    played = entry.get("ms_played", entry.get("msPlayed"))
    if not names:
        return NotTaken(number, "names neither a track nor a show")
    if time is None or not isinstance(played, int) or isinstance(played, bool) or played < 0:
        return NotTaken(number, "does not say when it ended and how long it was played")
    if entry.get("incognito_mode") is True:
        return NotTaken(number, "was played in private mode: it was not to be remembered")
    signal = Signal.SKIP if played < HEARD_MS and _was_left(entry) else Signal.CLICK
    mark = f"{time:%Y%m%d%H%M} {played}"
    folded, title = tuple(map(str.casefold, names)), " - ".join(names)
    return Happened(number, folded, title, signal, time, mark, min(played, _DAY_MS), tags=names[:1])


def _names(entry: dict[str, Any]) -> Iterator[str]:
    """Artist and track; or the show, whose episodes are many and named by nobody else."""
    artist = clean(entry.get("master_metadata_album_artist_name") or entry.get("artistName"), 90)
    track = clean(entry.get("master_metadata_track_name") or entry.get("trackName"), 90)
    if artist and track:
        yield artist
        yield track
    elif show := clean(entry.get("episode_show_name") or entry.get("podcastName") or entry.get("audiobook_title"), 180):
        yield show


def _was_left(entry: dict[str, Any]) -> bool:
    """The basic history does not tell: so short a play was skipped as a rule."""
    if "ts" not in entry:
        return True
    return entry.get("skipped") is True or entry.get("reason_end") in _LEFT


PLATFORM = Platform("spotify", kind, read)
