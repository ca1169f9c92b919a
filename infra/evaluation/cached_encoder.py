"""A model whose vectors are computed once and kept on disk: a catalog takes minutes to embed and a second to read.

The file, `<space>.npz`: `hashes` (n, 16) of text and space, `vectors` (n, d) float32, as the model gave them. What is
made of them (a space fitted to a catalog, the float16 of the store and the topics) is computed anew each time, so no
evaluation goes by what the code was before.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from infra.evaluation.progress import Progress, silent
from schemas.catalog import CatalogItem
from workers.errors import ConfigurationError
from workers.phrases import phrases_of
from workers.ports import Encoder, Matrix
from workers.space import SpaceInfo, content_hash

PIECE = 2_048
"""Texts embedded before they are written down, so that a run that is stopped goes on there: 40 s of news, 4 s of
phrases."""

_MODEL_CALL = 256
"""Texts in one call of the model, between two moves of the bar."""

_WITHOUT_BAR = 64
"""So few texts are embedded at once and without a word."""


class CachedEncoder:
    """`workers.ports.Encoder` of a plain model. `folder` None keeps nothing. `load` gives the model, and is called when
    a text without a vector comes up: torch takes seconds to come."""

    def __init__(
        self, space: SpaceInfo, load: Callable[[], Encoder], folder: Path | None = None, progress: Progress = silent
    ) -> None:
        """Raises `ConfigurationError` where the file cannot be read."""
        self.embedded = 0
        """Texts that the model was asked for."""
        self._space = space
        self._load = load
        self._progress = progress
        self._encoder: Encoder | None = None
        self._file = None if folder is None else folder / f"{space.id}.npz"
        self._known = {} if self._file is None else _read(self._file, space.dimension)

    @property
    def space(self) -> str:
        return self._space.id

    @property
    def dimension(self) -> int:
        return self._space.dimension

    def encode(self, texts: Sequence[str]) -> Matrix:
        marks = [bytes.fromhex(content_hash(text, self.space)) for text in texts]
        new = {text: mark for text, mark in zip(texts, marks, strict=True) if mark not in self._known}
        if new:
            self._learn(new)
        found = [self._known[mark] for mark in marks]
        return np.array(found, np.float32).reshape(len(texts), self.dimension)

    def encode_interests(self, texts: Sequence[str]) -> Matrix:
        """Of their words."""
        return self.encode(texts)

    def phrases_of(self, item: CatalogItem) -> tuple[str, ...]:
        """Those in the item's own words."""
        return phrases_of(item)

    @property
    def growth(self) -> None:
        """It has no bank."""

    def learn(self, texts: Sequence[str], vectors: Matrix) -> None:
        """Takes what the same model gave elsewhere."""
        for text, vector in zip(texts, vectors, strict=True):
            self._known[bytes.fromhex(content_hash(text, self.space))] = vector.astype(np.float32)
        self._write()

    def _learn(self, new: Mapping[str, bytes]) -> None:
        # Those of like length together, as the embedder has them.
        texts = sorted(new, key=lambda text: (len(text), text))
        progress = self._progress if len(texts) > _WITHOUT_BAR else silent
        with progress("embedding", len(texts)) as advance:
            for start in range(0, len(texts), PIECE):
                for done in self._embed(texts[start : start + PIECE], new):
                    advance(start + done)
                self._write()

    def _embed(self, texts: Sequence[str], marks: Mapping[str, bytes]) -> Iterator[int]:
        """Yields how many are done by now."""
        if self._encoder is None:
            self._encoder = self._load()
        for start in range(0, len(texts), _MODEL_CALL):
            some = texts[start : start + _MODEL_CALL]
            for text, vector in zip(some, self._encoder.encode(some), strict=True):
                self._known[marks[text]] = vector
            self.embedded += len(some)
            yield start + len(some)

    def _write(self) -> None:
        """In one step, with what another run has written meanwhile: a reader finds the old file or the new one."""
        if self._file is None:
            return
        self._known = _read(self._file, self.dimension) | self._known
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self._file.parent, suffix=".tmp", delete=False) as file:
            np.savez(
                file,
                hashes=np.frombuffer(b"".join(self._known), np.uint8).reshape(len(self._known), -1),
                vectors=np.array(list(self._known.values()), np.float32),
            )
        os.replace(file.name, self._file)


def _read(file: Path, dimension: int) -> dict[bytes, NDArray[np.float32]]:
    if not file.exists():
        return {}
    try:
        with file.open("rb") as raw, np.load(raw) as stored:
            hashes, vectors = stored["hashes"], stored["vectors"]
        if vectors.shape != (len(hashes), dimension):
            raise ValueError(f"vectors of shape {vectors.shape}")
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
        raise ConfigurationError(f"{file} holds no vectors that can be read ({error}): delete it") from error
    return dict(zip(map(bytes, hashes), vectors.astype(np.float32, copy=False), strict=True))
