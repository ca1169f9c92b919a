"""What to look for, and in which disguises: as it is, escaped in JSON, in an address, in base64, packed by zlib."""

import binascii
import json
import re
import zlib
from base64 import b64decode
from collections.abc import Iterable, Iterator
from urllib.parse import quote

_BASE64 = re.compile(rb"[A-Za-z0-9+/]{8,}={0,2}")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_MOST_UNPACKED = 4 * 1024 * 1024
_DEPTH = 3
"""A dead-letter holds its message in base64; that may hold an embedding in base64."""

SHORT = 8
"""Bytes. A shorter id stands in other words by chance ("ann" in "channel"): it counts only where it is a word."""


class Needles:
    """A person's id, and words that only this person has typed."""

    def __init__(self, user: str, texts: Iterable[str] = ()) -> None:
        self._patterns = [re.compile(pattern) for one in (user, *texts) for pattern in _patterns(one)]
        self._literal = [one.encode() for one in (user, *texts)]

    def are_in(self, data: bytes, depth: int = _DEPTH) -> bool:
        """Also in what it unpacks to."""
        if any(pattern.search(data) for pattern in self._patterns):
            return True
        return depth > 0 and any(self.are_in(inner, depth - 1) for inner in _unpacked(data))

    def hidden(self, name: str) -> str:
        """A name of a place, without what was looked for."""
        for one in self._literal:
            name = name.replace(one.decode(), "<user>")
        return name

    @property
    def longest(self) -> int:
        """Bytes that must overlap where a file is read in pieces."""
        return 8 * max(map(len, self._literal))


def _patterns(text: str) -> Iterator[bytes]:
    """Each form once."""
    forms = {text.encode(), json.dumps(text)[1:-1].encode(), quote(text, safe="").encode()}
    for form in sorted(forms):
        word = re.escape(form)
        yield rb"(?<![A-Za-z0-9_])" + word + rb"(?![A-Za-z0-9_])" if len(form) < SHORT else word
    if len(text.encode()) >= SHORT:
        yield from map(re.escape, _in_base64(text.encode()))


def _in_base64(word: bytes) -> Iterator[bytes]:
    """The letters that the word makes, wherever it begins: three ways, without the letters it shares at the ends."""
    for before in range(3):
        padded = b"\0" * before + word
        whole = binascii.b2a_base64(padded, newline=False).rstrip(b"=")
        first, last = (before * 8 + 5) // 6, len(padded) * 8 // 6
        yield whole[first:last]


def _unpacked(data: bytes) -> Iterator[bytes]:
    for found in _BASE64.finditer(data):
        word = found[0]
        try:
            yield b64decode(word[: len(word) // 4 * 4])
        except binascii.Error:  # it only looked like it
            continue
    for start in _ZLIB.finditer(data):
        try:
            yield zlib.decompressobj().decompress(data[start.start() :], _MOST_UNPACKED)
        except zlib.error:  # it only looked like it
            continue
