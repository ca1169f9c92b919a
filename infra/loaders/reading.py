"""Opening a file of rows, plain or gzip, and reading it line by line: one line in memory, whatever its size."""

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from infra.loaders.rows import Refusal
from workers.errors import AttuneError

MAX_LINE = 1024 * 1024
"""Bytes of one line. The longest that is sensible, a history of 10,000 ids, is a tenth of it."""

_GZIP = b"\x1f\x8b"
_DAMAGE = (gzip.BadGzipFile, EOFError, zlib.error)
_BOM = "\ufeff"
_LOOK = 4096

_MAGIC = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive (unpack it first)",
    b"\xff\xfe": "UTF-16 text (save it as UTF-8)",
    b"\xfe\xff": "UTF-16 text (save it as UTF-8)",
    b"PAR1": "a Parquet file",
    b"\x28\xb5\x2f\xfd": "a zstd archive (unpack it first, or use gzip)",
    b"\xfd7zXZ": "an xz archive (unpack it first, or use gzip)",
    b"BZh91AY&SY": "a bzip2 archive (unpack it first, or use gzip)",
}


class FileRefused(AttuneError):
    """The file as a whole cannot be taken: not there, not text, or not of a format that is read."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end. `number` counts from 1."""

    number: int
    text: str


class Source:
    """An open file. Raises `FileRefused` where there is nothing to read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _open(path)
        self.size = path.stat().st_size
        """Bytes in the file, compressed where it is."""
        self._compressed = self._peek(len(_GZIP)) == _GZIP

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    @property
    def position(self) -> int:
        """Bytes read so far, of `size`."""
        return self._file.tell()

    def lines(self) -> Iterator[Line | Refusal]:
        """Every line from the first, blank ones too. A line that is too long or not UTF-8 is a refusal; a gzip file
        that breaks off ends with one. Raises `FileRefused` when the disk fails."""
        number = 0
        try:
            for number, raw in enumerate(_raw_lines(self._from_start()), start=1):
                yield _decode(number, raw)
        except _DAMAGE:
            yield Refusal(number + 1, "the compressed file is damaged or cut off here; what stood before was read")
        except OSError as error:
            raise FileRefused(f"{self.path} cannot be read on: {error.strerror}") from error

    def first(self) -> Line:
        """The first filled line. Raises `FileRefused` where there is none, or none that can be read."""
        line = next(filled(self.lines()), None)
        if line is None:
            raise FileRefused(f"{self.path} is empty")
        if isinstance(line, Refusal):
            raise FileRefused(f"{self.path}: line {line.line} {line.reason}")
        return line

    def check_text(self) -> None:
        """Raises `FileRefused` where the file is empty or no text."""
        try:
            start = self._from_start().read(_LOOK)
        except (*_DAMAGE, OSError) as error:
            raise FileRefused(f"{self.path} is a damaged gzip file: fetch it again") from error
        if not start.strip():
            raise FileRefused(f"{self.path} is empty")
        for magic, name in _MAGIC.items():
            if start.startswith(magic):
                raise FileRefused(f"{self.path} is {name}, not text in lines")
        if b"\0" in start:
            raise FileRefused(f"{self.path} holds binary data, not text in lines")

    def _from_start(self) -> BinaryIO:
        self._file.seek(0)
        return io.BufferedReader(gzip.GzipFile(fileobj=self._file)) if self._compressed else self._file

    def _peek(self, count: int) -> bytes:
        start = self._file.read(count)
        self._file.seek(0)
        return start


def filled(lines: Iterable[Line | Refusal]) -> Iterator[Line | Refusal]:
    """Without the blank lines."""
    return (line for line in lines if isinstance(line, Refusal) or line.text.strip())


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise FileRefused(f"{path} is a folder: name a file in it")
    if path.exists() and not path.is_file():
        raise FileRefused(f"{path} is no ordinary file: save what it gives to one first")
    try:
        return path.open("rb")
    except OSError as error:
        raise FileRefused(f"{path} cannot be opened: {error.strerror}") from error


def _raw_lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """None stands for a line that is too long; its rest is read past in pieces."""
    while raw := stream.readline(MAX_LINE):
        if len(raw) < MAX_LINE or raw.endswith(b"\n"):
            yield raw
            continue
        while raw and not raw.endswith(b"\n"):
            raw = stream.readline(MAX_LINE)
        yield None


def _decode(number: int, raw: bytes | None) -> Line | Refusal:
    if raw is None:
        return Refusal(number, f"is longer than {MAX_LINE // 1024} KiB")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return Refusal(number, "is not UTF-8 text")
    return Line(number, (text.removeprefix(_BOM) if number == 1 else text).rstrip("\r\n"))
