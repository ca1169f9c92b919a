"""YouTube, from Google Takeout: the watch history as JSON or as a page, and the liked videos as CSV.

The list of likes names no titles, only ids: a liked video counts where the history tells what it is called.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from infra.platforms.archive import Member
from infra.platforms.dates import in_words, iso
from infra.platforms.export import Export, Platform, Rows
from infra.platforms.rows import Happened, NotTaken, Read, clean
from infra.platforms.texts import Cells, first_line, read_json, read_table, read_text
from infra.platforms.youtube_page import Visit, visits
from schemas.interaction import Signal

_WANTED = {"title", "titleUrl", "subtitles", "name", "time", "details"}

_LIKES = {
    "video": [
        "videoid",
        "iddelavidéo",
        "iddelvideo",
        "iddovídeo",
        "iddevídeo",
        "idvideo",
        "video",
        "動画id",
        "idfilmu",
    ],
    "time": [
        "timeadded",
        "playlistvideocreationtimestamp",
        "zeitstempelderplaylistvideoerstellung",
        "zeitstempeldererstellungdesplaylistvideos",
        "codetemporeldecréationdelavidéodelaplaylist",
        "horodatagedecréationdelavidéodelaplaylist",
        "marcadetiempodecreacióndelvideodelaplaylist",
        "marcadetiempodecreacióndevídeodelistadereproducción",
        "carimbodedatahoradecriaçãodovídeodaplaylist",
        "timestampdicreazionedelvideodellaplaylist",
        "hinzugefügtam",
    ],
}

_VIDEO = re.compile(r"[?&]v=([\w-]{11})(?![\w-])|/shorts/([\w-]{11})(?![\w-])")
_AN_ADDRESS = re.compile(r"^https?://\S+$")

# "Watched X", in the languages that put something before the title or behind it.
_WATCHED = re.compile(
    r"^(?:watched|vous avez regardé|a regardé|has visto|viste|você assistiu a|assistiu a|viu|hai guardato"
    r"|je hebt gekeken naar|bekeken:|du tittade på|tittade på|du så|så på|obejrzano:?|obejrzałeś:?|просмотрено:?"
    r"|вы посмотрели видео)\s+(?P<after>.+)$|^(?P<before>.+?)\s*(?:angesehen|gekeken|bekeken|を視聴しました|을\(를\)"
    r" 시청함|을 시청했습니다\.?|videosunu izlediniz|izlendi)$",
    re.IGNORECASE | re.DOTALL,
)
_QUOTES = '"\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019 '


class _Video(NamedTuple):
    title: str
    channel: str


def kind(member: Member) -> str | None:
    head = member.head
    if b"content-cell" in head and (b"youtube.com" in head or b"YouTube" in head):
        return "page"
    if b'"titleUrl"' in head and b"youtube.com/" in head and (b"watch" in head or b"/shorts/" in head):
        return "history"
    names = first_line(head)
    is_list = any(name in _LIKES["video"] for name in names[:1]) and len(names) == 2
    return "likes" if is_list or (names[:1] == ("playlistid",) and b"Video I" in head) else None


def read(export: Export) -> Rows:
    liked = _liked(export)
    found: dict[str, _Video] = {}
    for member in export.of("history", "page"):
        read_member = _from_json if kind(member) == "history" else _from_page
        for row, video in read_member(export, member):
            if isinstance(row, Happened) and video in liked and video not in found:
                found[video] = _Video(row.names[0], row.names[1] if len(row.names) > 1 else "")
            yield member, row
    for video, (member, cells) in liked.items():
        yield member, _like(cells, video, found.get(video))


def _liked(export: Export) -> dict[str, tuple[Member, Cells]]:
    liked: dict[str, tuple[Member, Cells]] = {}
    for member in export.of("likes"):
        for row in read_table(export.archive, member, _LIKES, export.dropped):
            if isinstance(row, Cells) and row["video"].strip():
                liked.setdefault(row["video"].strip(), (member, row))
    return liked


def _like(row: Cells, video: str, known: _Video | None) -> Read:
    time = iso(row["time"])
    if known is None:
        return NotTaken(row.line, "names a video by its id only, and the watch history does not tell its title")
    if time is None:
        return NotTaken(row.line, "does not say when it was liked")
    return _happened(row.line, known.title, known.channel, Signal.LIKE, time, f"liked {video}")


def _from_json(export: Export, member: Member) -> Iterator[tuple[Read, str]]:
    """With the video's id."""
    for number, entry in enumerate(read_json(read_text(export.archive, member), _WANTED, export.dropped), start=1):
        if not isinstance(entry, dict):
            yield NotTaken(number, "is no entry of a history"), ""
            continue
        channels = entry.get("subtitles")
        channel = channels[0].get("name") if isinstance(channels, list) and _is_named(channels) else ""
        title, url = _without_verb(clean(entry.get("title"))), str(entry.get("titleUrl") or "")
        visit = Visit(number, title, url, clean(channel, 80), str(entry.get("time") or ""), bool(entry.get("details")))
        yield _watched(visit, iso(visit.time)), _id_of(url)


def _from_page(export: Export, member: Member) -> Iterator[tuple[Read, str]]:
    for visit in visits(read_text(export.archive, member)):
        yield _watched(visit, in_words(visit.time)), _id_of(visit.url)


def _watched(visit: Visit, time: Any) -> Read:
    title = clean(visit.title)
    if not _id_of(visit.url):
        return NotTaken(visit.line, "is no video, or one that is gone")
    if visit.is_advertised:
        return NotTaken(visit.line, "is an advertisement")
    if not title or _AN_ADDRESS.match(title):
        return NotTaken(visit.line, "has no title: the video is gone or private")
    if time is None:
        return NotTaken(visit.line, "has no time that can be read")
    return _happened(visit.line, title, clean(visit.channel, 80), Signal.CLICK, time, f"{time:%Y%m%d%H%M}")


def _happened(line: int, title: str, channel: str, signal: Signal, time: Any, mark: str) -> Happened:
    names = (title, channel) if channel else (title,)
    return Happened(line, names, " - ".join(names), signal, time, mark, tags=names[1:])


def _without_verb(title: str) -> str:
    match = _WATCHED.match(title)
    return (match["after"] or match["before"]).strip(_QUOTES) if match else title


def _id_of(url: str) -> str:
    match = _VIDEO.search(url) if "youtube.com/" in url or "youtu.be/" in url else None
    return (match[1] or match[2]) if match else ""


def _is_named(channels: list[Any]) -> bool:
    return bool(channels) and isinstance(channels[0], dict)


PLATFORM = Platform("youtube", kind, read)
