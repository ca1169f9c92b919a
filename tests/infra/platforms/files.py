"""Small exports as the platforms write them, with what nobody needs in every place where they put it."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from infra.platforms.reading import History, Known, Wish, read_history
from schemas.interaction import Interaction

NOW = datetime(2026, 11, 21, tzinfo=UTC)

SECRET = b"a secret of this installation"

SECRETS = (
    "203.0.113.77",
    "2001:db8::77",
    "kim@example.org",
    "SM-A536B",
    "Samsung Smart Refrigerator",
    "Mozilla/5.0 (Windows)",
    "DE (Germany)",
    "a very private note",
    "Birch Lane 7",
)
"""Addresses, devices, places, notes: none of it may come out anywhere."""

IP, IP6, MAIL, PHONE, DEVICE, AGENT, COUNTRY, NOTE, HOME = SECRETS


def table(head: str, *rows: Sequence[object], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([head.split(","), *rows])
    return text.getvalue()


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return raw.getvalue()


def read(
    raw: bytes | str,
    platform: str = "auto",
    profile: str | None = None,
    *,
    user: str = "kim",
    now: datetime = NOW,
    has_seen: Callable[[str], bool] = lambda event: False,
    floor: datetime | None = None,
) -> History:
    content = raw.encode() if isinstance(raw, str) else raw
    return read_history(io.BytesIO(content), Wish(user, SECRET, platform, profile), Known(now, has_seen, floor))


def told(history: History) -> list[tuple[str, str]]:
    """Text and signal of each interaction, oldest first."""
    return [(one.text or "", one.signal.value) for one in history.interactions]


def only(history: History) -> Interaction:
    (one,) = history.interactions
    return one


NETFLIX_HEAD = (
    "Profile Name,Start Time,Duration,Attributes,Title,Supplemental Video Type,Device Type,Bookmark,Latest Bookmark,"
    "Country"
)


def netflix_row(title: str, start: str = "2026-03-01 20:15:00", length: str = "00:42:00", **given: str) -> list[str]:
    extra, profile = given.get("extra", ""), given.get("profile", "Kim")
    return [profile, start, length, "", title, extra, DEVICE, length, length, COUNTRY]


def play(track: str = "Blue Train", artist: str = "John Coltrane", **given: Any) -> dict[str, Any]:
    """Of the extended history."""
    return {
        "ts": "2026-03-01T20:15:30Z",
        "username": MAIL,
        "platform": f"Android OS 14 (samsung, {PHONE})",
        "ms_played": 180_000,
        "conn_country": COUNTRY,
        "ip_addr": IP,
        "ip_addr_decrypted": IP6,
        "user_agent_decrypted": AGENT,
        "city": HOME,
        "master_metadata_track_name": track,
        "master_metadata_album_artist_name": artist,
        "master_metadata_album_album_name": "An album",
        "spotify_track_uri": "spotify:track:1",
        "episode_name": None,
        "episode_show_name": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "skipped": False,
        "incognito_mode": False,
        **given,
    }


def visit(title: str = "Watched A tour of Lisbon", video: str = "abcdefghijk", **given: Any) -> dict[str, Any]:
    """Of YouTube's watch history."""
    return {
        "header": "YouTube",
        "title": title,
        "titleUrl": f"https://www.youtube.com/watch?v={video}",
        "subtitles": [{"name": "Slow Travel", "url": "https://www.youtube.com/channel/UC1"}],
        "time": "2026-03-01T20:15:30.123Z",
        "products": ["YouTube"],
        "activityControls": ["YouTube watch history"],
        "locationInfos": [{"name": HOME, "url": "https://www.google.com/maps/@52.5,13.4"}],
        **given,
    }


GOODREADS_HEAD = (
    "Book Id,Title,Author,My Rating,Date Read,Date Added,Exclusive Shelf,My Review,Private Notes,ISBN,Publisher"
)


def book(title: str, rating: int, shelf: str = "read", author: str = "Ursula K. Le Guin") -> list[object]:
    return [1, title, author, rating, "2026/03/01", "2026/02/01", shelf, NOTE, NOTE, '="0441172717"', "A house"]


def everything() -> dict[str, bytes]:
    """One export of each platform, with all that is private planted in it."""
    votes = "https://www.reddit.com/r/MachineLearning/comments/fw52b4/a_title/"
    film = ["2026-03-01", "Playtime", "1967", "https://boxd.it/1"]
    like = {"like": {"tweetId": "1765000000000000000", "fullText": "Mind the gap", "expandedUrl": "https://x.com/1"}}
    post = ["1", votes, "2026-03-01 20:15:00 UTC", IP, "jazz", NOTE, NOTE]
    seen_from = table("IP,Country,Device", [IP, COUNTRY, DEVICE])
    return {
        "netflix": zipped(
            {
                "netflix-report/CONTENT_INTERACTION/ViewingActivity.csv": table(NETFLIX_HEAD, netflix_row("Dark")),
                "netflix-report/IP_ADDRESSES/IpAddressesStreaming.csv": seen_from,
                "netflix-report/ACCOUNT/AccountDetails.csv": table("Name,Email Address", ["Kim", MAIL]),
            }
        ),
        "spotify": zipped(
            {
                "MyData/Streaming_History_Audio_2026.json": json.dumps([play()]),
                "MyData/Userdata.json": json.dumps({"email": MAIL, "country": COUNTRY}),
            }
        ),
        "youtube": zipped({"Takeout/YouTube/Verlauf/Wiedergabeverlauf.json": json.dumps([visit()])}),
        "goodreads": table(GOODREADS_HEAD, book("The Dispossessed", 5)).encode(),
        "letterboxd": zipped(
            {
                "watched.csv": table("Date,Name,Year,Letterboxd URI", film),
                "profile.csv": table("Username,Email Address,Location,Bio", ["kim", MAIL, HOME, NOTE]),
                "comments.csv": table("Date,Content,Comment", ["2026-03-01", "x", NOTE]),
            }
        ),
        "reddit": zipped(
            {
                "post_votes.csv": table("id,permalink,direction", ["fw52b4", votes, "up"]),
                "posts.csv": table("id,permalink,date,ip,subreddit,title,body", post),
                "ip_logs.csv": table("date,ip", ["2026-03-01", IP]),
                "messages.csv": table("id,permalink,from,to,body", ["1", votes, "a", "b", NOTE]),
            }
        ),
        "x": zipped(
            {
                "data/like.js": f"window.YTD.like.part0 = {json.dumps([like])}",
                "data/account.js": f'window.YTD.account.part0 = [ {{"email": "{MAIL}", "ip": "{IP}"}} ]',
                "data/direct-messages.js": f'window.YTD.direct_messages.part0 = [ {{"text": "{NOTE}"}} ]',
            }
        ),
        "movielens": zipped(
            {
                "ml/ratings.csv": table("userId,movieId,rating,timestamp", [7, 1, 4.5, 1_700_000_000]),
                "ml/movies.csv": table("movieId,title,genres", [1, "Matrix, The (1999)", "Action|Sci-Fi"]),
            }
        ),
    }
