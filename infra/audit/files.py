"""Files, their names and byte for byte: the data folder with its database and snapshots, and logs; .gz is unpacked."""

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from infra.audit.needles import Needles
from infra.audit.report import Report

_PIECE = 4 * 1024 * 1024


def look_into_files(paths: Iterable[Path], needles: Needles, report: Report, name: str = "files") -> None:
    """Folders with all that is in them, and their names. What cannot be read is said."""
    place = report.place(name, "files")
    for root in paths:
        for path in _files(root):
            where = needles.hidden(str(path))
            is_named = needles.are_in(os.fsencode(path.relative_to(root.parent)))
            try:
                place.look(is_named or any(needles.are_in(piece) for piece in _pieces(path, needles.longest)), where)
            except (OSError, EOFError, zlib.error) as error:
                report.not_looked_at.append(f"{where} cannot be read ({type(error).__name__}): make it readable")


def _files(root: Path) -> Iterator[Path]:
    if root.is_dir():
        yield from sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    else:
        yield root


def _pieces(path: Path, overlap: int) -> Iterator[bytes]:
    """Each begins with the end of the one before."""
    before = b""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield before + piece
            before = piece[-overlap:]
