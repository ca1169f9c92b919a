"""A year of one made-up person on each platform, as the platform would hand it over: the files, names and sizes of real
exports, filled with titles of the sample and words in between. The same seed gives the same bytes."""

import csv
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from infra.sample.catalog import sample_items

T = TypeVar("T")

ENDS = datetime(2026, 9, 1, tzinfo=UTC)
_YEAR = timedelta(days=365)
_STAMP = (2026, 9, 1, 0, 0, 0)
"""Of everything in a zip, whose bytes would differ otherwise."""

ROWS = {
    "netflix": 1_500,
    "spotify": 15_000,
    "youtube": 5_000,
    "goodreads": 60,
    "letterboxd": 200,
    "reddit": 2_000,
    "x": 2_000,
    "movielens": 300,
}

_X_EPOCH_MS = 1_288_834_974_657
_REDDIT_2026 = 3_650_000_000
"""About the number of a post of that year; some 400 million are written in one."""


def exports(seed: int = 1) -> dict[str, bytes]:
    """A zip for each platform."""
    makers: dict[str, Callable[[random.Random, int], dict[str, str]]] = {
        "netflix": _netflix,
        "spotify": _spotify,
        "youtube": _youtube,
        "goodreads": _goodreads,
        "letterboxd": _letterboxd,
        "reddit": _reddit,
        "x": _x,
        "movielens": _movielens,
    }
    return {name: _zipped(makers[name](random.Random(f"{seed} {name}"), rows)) for name, rows in ROWS.items()}


def _netflix(rng: random.Random, rows: int) -> dict[str, str]:
    series, films = [_words(rng, 2).title() for _ in range(60)], _titles(rng, 80)
    table = []
    for time in _moments(rng, rows):
        title = rng.choice(films)
        if rng.random() < 0.8:
            title = (
                f"{_often(rng, series)}: Season {rng.randint(1, 4)}: {_words(rng, 3)} (Episode {rng.randint(1, 10)})"
            )
        length = f"00:{rng.randint(0, 58):02d}:{rng.randint(0, 59):02d}"
        trailer = "TRAILER" if rng.random() < 0.05 else ""
        device = ["Netflix TV", length, length, "DE (Germany)"]
        table.append(["Kim", f"{time:%Y-%m-%d %H:%M:%S}", length, "", title, trailer, *device])
    head = "Profile Name,Start Time,Duration,Attributes,Title,Supplemental Video Type,Device Type,Bookmark,"
    head += "Latest Bookmark,Country"
    return {"CONTENT_INTERACTION/ViewingActivity.csv": _table(head, table[::-1])}


def _spotify(rng: random.Random, rows: int) -> dict[str, str]:
    artists = [_words(rng, 2).title() for _ in range(250)]
    tracks = [(rng.choice(artists), _words(rng, rng.randint(1, 4)).title()) for _ in range(1_800)]
    plays = [_play(rng, time, *_often(rng, tracks)) for time in _moments(rng, rows)]
    folder = "Spotify Extended Streaming History"
    files = (plays[start : start + 10_000] for start in range(0, rows, 10_000))
    return {
        f"{folder}/Streaming_History_Audio_2025-2026_{number}.json": json.dumps(some, indent=2)
        for number, some in enumerate(files)
    }


def _play(rng: random.Random, time: datetime, artist: str, track: str) -> dict[str, object]:
    skipped = rng.random() < 0.2
    return {
        "ts": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "platform": "Android OS 14 API 34 (samsung, SM-A536B)",
        "ms_played": rng.randint(1_000, 29_000) if skipped else rng.randint(60_000, 290_000),
        "conn_country": "DE",
        "ip_addr": "203.0.113.77",
        "master_metadata_track_name": track,
        "master_metadata_album_artist_name": artist,
        "master_metadata_album_album_name": f"{track} and more",
        "spotify_track_uri": "spotify:track:0000000000000000000000",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "reason_start": "trackdone",
        "reason_end": "fwdbtn" if skipped else "trackdone",
        "shuffle": True,
        "skipped": skipped,
        "offline": False,
        "offline_timestamp": None,
        "incognito_mode": False,
    }


def _youtube(rng: random.Random, rows: int) -> dict[str, str]:
    channels = [_words(rng, 2).title() for _ in range(400)]
    titles = _titles(rng, 4_600)
    entries = []
    for time in _moments(rng, rows):
        video = f"{rng.getrandbits(60):011x}"[:11]
        channel = {"name": _often(rng, channels), "url": "https://www.youtube.com/channel/UC0000000000000000000000"}
        entries.append(
            {
                "header": "YouTube",
                "title": f"Watched {rng.choice(titles)}",
                "titleUrl": f"https://www.youtube.com/watch?v={video}",
                "subtitles": [channel],
                "time": f"{time:%Y-%m-%dT%H:%M:%S}.123Z",
                "products": ["YouTube"],
                "activityControls": ["YouTube watch history"],
            }
        )
    return {"Takeout/YouTube and YouTube Music/history/watch-history.json": json.dumps(entries[::-1])}


def _goodreads(rng: random.Random, rows: int) -> dict[str, str]:
    table = []
    for number, (time, title) in enumerate(zip(_moments(rng, rows), _titles(rng, rows), strict=True)):
        stars, shelf = rng.choice([(0, "to-read"), (0, "read"), (2, "read"), (3, "read"), (4, "read"), (5, "read")])
        author = _words(rng, 2).title()
        read = f"{time:%Y/%m/%d}" if shelf == "read" else ""
        table.append([number, title, author, stars, read, f"{time:%Y/%m/%d}", shelf, "A private thought"])
    head = "Book Id,Title,Author,My Rating,Date Read,Date Added,Exclusive Shelf,My Review"
    return {"goodreads_library_export.csv": _table(head, table)}


def _letterboxd(rng: random.Random, rows: int) -> dict[str, str]:
    films = list(zip(_moments(rng, rows), _titles(rng, rows), strict=True))
    base = [[f"{time:%Y-%m-%d}", title, rng.randint(1950, 2026), "https://boxd.it/x"] for time, title in films]
    rated = [[*row, rng.choice([1, 2, 2.5, 3, 3.5, 4, 4.5, 5])] for row in base if rng.random() < 0.7]
    head = "Date,Name,Year,Letterboxd URI"
    return {
        "watched.csv": _table(head, base),
        "ratings.csv": _table(f"{head},Rating", rated),
        "likes/films.csv": _table(head, base[::7]),
        "profile.csv": "Date Joined,Username,Given Name,Email Address\n2020-01-01,kim,Kim,kim@example.org\n",
    }


def _reddit(rng: random.Random, rows: int) -> dict[str, str]:
    subreddits = [_words(rng, 2).title().replace(" ", "")[:20] for _ in range(120)]
    table = []
    for time in _moments(rng, rows):
        written = _REDDIT_2026 + int((time - (ENDS - _YEAR)) / _YEAR * 4e8)
        link = f"https://www.reddit.com/r/{_often(rng, subreddits)}/comments/{_base36(written)}/{_words(rng, 4)}/"
        table.append([_base36(written), link.replace(" ", "_"), "up" if rng.random() < 0.85 else "down"])
    half = rows // 2
    head = "id,permalink,direction"
    return {"post_votes.csv": _table(head, table[:half]), "comment_votes.csv": _table(head, table[half:])}


def _x(rng: random.Random, rows: int) -> dict[str, str]:
    likes = []
    for time in _moments(rng, rows):
        number = (int(time.timestamp() * 1000) - _X_EPOCH_MS) << 22
        text = f"{_words(rng, 12)}. {rng.choice(_TITLES)} https://t.co/abc"
        url = f"https://twitter.com/i/web/status/{number}"
        likes.append({"like": {"tweetId": str(number), "fullText": text, "expandedUrl": url}})
    return {"data/like.js": f"window.YTD.like.part0 = {json.dumps(likes[::-1], indent=1)}"}


def _movielens(rng: random.Random, rows: int) -> dict[str, str]:
    genres = ["Drama", "Comedy", "Thriller", "Animation|Children", "Sci-Fi", "Documentary"]
    titles = _titles(rng, 400)
    movies = [
        [number, f"{title} ({rng.randint(1950, 2020)})", rng.choice(genres)] for number, title in enumerate(titles)
    ]
    seen = rng.sample(range(400), rows)
    moments = _moments(rng, rows)
    ratings = [
        [7, movie, rng.randint(1, 10) / 2, int(time.timestamp())] for movie, time in zip(seen, moments, strict=True)
    ]
    return {
        "ml/ratings.csv": _table("userId,movieId,rating,timestamp", ratings),
        "ml/movies.csv": _table("movieId,title,genres", movies),
    }


_TITLES = tuple(str(item["title"]) for item in sample_items())
_WORDS = tuple(sorted({word for title in _TITLES for word in title.split() if word.isalpha() and len(word) > 3}))


def _titles(rng: random.Random, count: int) -> list[str]:
    """Different ones: those of the sample first, then those with something added."""
    some = rng.sample(_TITLES, min(count, len(_TITLES)))
    while len(some) < count:
        some.append(f"{rng.choice(_TITLES)} {_words(rng, 2)}")
    return some


def _words(rng: random.Random, count: int) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(count))


def _often(rng: random.Random, choices: Sequence[T]) -> T:
    """Few of them often, most of them rarely, as people come back to what they like."""
    return choices[int(len(choices) * rng.random() ** 2.5)]


def _moments(rng: random.Random, count: int) -> list[datetime]:
    """Over the year, oldest first."""
    return sorted(ENDS - _YEAR * rng.random() for _ in range(count))


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits


def _table(head: str, rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([head.split(","), *rows])
    return text.getvalue()


def _zipped(files: dict[str, str]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _STAMP), content, zipfile.ZIP_DEFLATED)
    return raw.getvalue()
