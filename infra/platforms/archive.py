"""A file as a platform gave it: a zip, or one plain file, read within bounds. Nothing is ever written or unpacked.

1. So many members, by the zip's own list; a name is only looked at, never used as a path.
2. So many bytes are read out of it in all, and out of one member, counted while they come: what the list says of sizes
   may be wrong.
3. No member may grow by more than `MAX_RATIO` over its size in the zip: text shrinks to a twentieth at best, a bomb to
   a thousandth.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, Self

from infra.platforms.rows import HistoryRefused

MAX_MEMBERS = 20_000
"""A Takeout with every photograph has some thousands."""

MAX_MEMBER_BYTES = 128 * 1024 * 1024
"""Fifteen years of YouTube are 60 MB as a page."""

MAX_ALL_BYTES = 512 * 1024 * 1024
"""Ten years of Spotify come in files of 12 MB, thirty of them for the liveliest."""

MAX_RATIO = 200
SMALL = 1024 * 1024
"""Below it no ratio counts: a short file of equal lines shrinks to anything."""

LOOK = 4096
"""Bytes that show what a file is."""

READ = {".csv", ".json", ".html", ".htm", ".js", ".dat", ""}
"""Endings of what a platform's rows may stand in; all else in an archive is never opened."""

_BUFFER = 65_536

# `zipfile` believes the offsets and lengths that it finds, and falls over them in many ways.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OverflowError, IndexError, RuntimeError)
_DAMAGED = "the zip is damaged or cut off: download it again"


@dataclass(frozen=True, slots=True)
class Member:
    """One file. `name` is its path within the archive, empty for a plain file; `head` its first bytes."""

    name: str
    head: bytes
    at: int = 0
    """Its place in the archive's list: two may have one name."""

    @property
    def base(self) -> str:
        """The last part of its name, in small letters."""
        return PurePosixPath(self.name).name.casefold()

    @property
    def folder(self) -> str:
        return PurePosixPath(self.name).parent.name.casefold()


class Archive:
    """Of an open file, which stays its owner's. One member is read at a time. Raises `HistoryRefused` for what goes
    beyond the bounds or is damaged, wherever it is found out."""

    def __init__(self, file: BinaryIO, most: int = MAX_ALL_BYTES) -> None:
        self._file = file
        self._most = most
        self._zip = _open_zip(file)
        self._read = 0
        try:
            self.members = tuple(self._members())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._zip is not None:
            self._zip.close()

    @contextmanager
    def open(self, member: Member) -> Iterator[BinaryIO]:
        """Its bytes, from the first."""
        with self._raw(member.at) as (raw, most):
            yield io.BufferedReader(_Bounded(self, raw, most), _BUFFER)

    def count(self, size: int) -> None:
        """So many more bytes have been read."""
        self._read += size
        if self._read > self._most:
            raise HistoryRefused(f"it holds more than {self._most >> 20} MiB: take out of it what is not needed")

    def _members(self) -> Iterator[Member]:
        if self._zip is None:
            yield Member("", self._head(0))
            return
        listed = self._zip.infolist()
        if len(listed) > MAX_MEMBERS:
            raise HistoryRefused(f"the zip has more than {MAX_MEMBERS:,} files: export less at once")
        for at, one in enumerate(listed):
            if not one.filename.endswith("/") and PurePosixPath(one.filename).suffix.casefold() in READ:
                yield Member(one.filename, self._head(at), at)

    def _head(self, at: int) -> bytes:
        with self._raw(at) as (raw, _), _said_plainly():
            return raw.read(LOOK)

    @contextmanager
    def _raw(self, at: int) -> Iterator[tuple[BinaryIO, int]]:
        """The bytes, and how many they may be."""
        if self._zip is None:
            self._file.seek(0)
            yield self._file, MAX_MEMBER_BYTES
            return
        listed = self._zip.infolist()[at]
        if listed.flag_bits & 1:
            raise HistoryRefused("the zip is locked with a password: unlock it first")
        most = min(MAX_MEMBER_BYTES, max(SMALL, MAX_RATIO * listed.compress_size))
        with _said_plainly():
            opened = self._zip.open(listed)
        with opened as packed:
            yield packed, most  # type: ignore[misc]  # an IO[bytes] is a BinaryIO in all that is used here


class _Bounded(io.RawIOBase):
    """Counts what is read out of a member."""

    def __init__(self, archive: Archive, raw: BinaryIO, most: int) -> None:
        self._archive = archive
        self._raw = raw
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # as io hands it over
        with _said_plainly():
            chunk = self._raw.read(len(view))
        self._left -= len(chunk)
        if self._left < 0:
            raise HistoryRefused("a file in it grows beyond all measure when it is unpacked: it was not read")
        self._archive.count(len(chunk))
        view[: len(chunk)] = chunk
        return len(chunk)


def _open_zip(file: BinaryIO) -> zipfile.ZipFile | None:
    """None for a plain file."""
    file.seek(0)
    if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        return None
    try:
        return zipfile.ZipFile(file)
    except (*_DAMAGE, NotImplementedError) as error:
        raise HistoryRefused(_DAMAGED) from error


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:
        raise HistoryRefused("the zip is packed in a way that is not read: unpack it and zip it again") from error
    except _DAMAGE as error:
        raise HistoryRefused(_DAMAGED) from error
