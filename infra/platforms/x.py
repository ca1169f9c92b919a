"""X (Twitter): data/like.js of the archive. A post's id tells when it was written, to the millisecond; when it was
liked is told nowhere."""

import re
from datetime import UTC, datetime
from typing import Any

from infra.platforms.archive import Member
from infra.platforms.export import Export, Platform, Rows
from infra.platforms.rows import Happened, HistoryRefused, NotTaken, Read, clean
from infra.platforms.texts import read_json, read_text
from schemas.interaction import Signal

_WANTED = {"like", "tweetId", "fullText"}
MOST = 256
"""No two likes are of one post, and a post has more words than a title: 512 are 13 s of a processor's work."""

MAX_LETTERS = 100
"""Of a post: what it is about stands in its beginning, and three times as many take three times as long to embed."""

_EPOCH_MS = 1_288_834_974_657
"""Of the ids, in milliseconds since 1970: the upper bits count from here."""

_TIME_BITS = 22
_ID = re.compile(r"^\d{1,19}$")
# Addresses say nothing, and names of accounts are other people's.
_NOT_WORDS = re.compile(r"https?://\S+|(?<!\w)@\w{1,15}|^RT\s")


def kind(member: Member) -> str | None:
    return "likes" if b"YTD.like" in member.head[:200] else None


def read(export: Export) -> Rows:
    for member in export.of("likes"):
        _, equals, body = read_text(export.archive, member).partition("=")
        if not equals:
            raise HistoryRefused("like.js is cut off: download the archive again")
        entries = read_json(body.strip().rstrip(";"), _WANTED, export.dropped)
        for number, entry in enumerate(entries, start=1):
            yield member, _like(number, entry)


def _like(number: int, entry: Any) -> Read:
    like = entry.get("like") if isinstance(entry, dict) else None
    if not isinstance(like, dict) or not _ID.match(str(like.get("tweetId", ""))):
        return NotTaken(number, "is no like")
    post = str(like["tweetId"])
    text = like.get("fullText")
    words = clean(_NOT_WORDS.sub(" ", text), MAX_LETTERS) if isinstance(text, str) else ""
    if not any(letter.isalpha() for letter in words):
        return NotTaken(number, "has no words: the post is gone, or nothing but an address or a picture")
    time = datetime.fromtimestamp(((int(post) >> _TIME_BITS) + _EPOCH_MS) / 1000, UTC)
    return Happened(number, (post,), words, Signal.LIKE, time, post)


PLATFORM = Platform("x", kind, read, MOST)
