"""A space fitted to a catalog, in a folder: what `workers.fitting` computed, and the encoder that goes by it.

attune-space.json   the model it stands on, by name or path, and its space id
head.npy            (d, d) float32
bank.json           the phrases, and the readable words of run-together categories
phrases.json        the texts that have a vector of their own
grounded.npy        (p, d) float16, theirs
background.npy      (d, r) float16
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from schemas.catalog import CatalogItem
from workers.bank import Bank
from workers.errors import ConfigurationError
from workers.fitting import Fitted
from workers.growth import Growth
from workers.ports import Encoder, Matrix
from workers.vectors import unit

DESCRIPTION = "attune-space.json"
_FILES = (DESCRIPTION, "head.npy", "bank.json", "phrases.json", "grounded.npy", "background.npy")


class FittedEncoder:
    """`workers.ports.Encoder`: a model behind a head, with the bank's phrases grounded."""

    def __init__(self, fitted: Fitted, model: Encoder, space: str) -> None:
        self._fitted = fitted
        self._model = model
        self._space = space
        self._rows = {text.casefold(): row for row, text in enumerate(fitted.texts)}

    @property
    def space(self) -> str:
        return self._space

    @property
    def dimension(self) -> int:
        return self._model.dimension

    def encode(self, texts: Sequence[str]) -> Matrix:
        return unit(self._model.encode(texts) @ self._fitted.head)

    def encode_interests(self, texts: Sequence[str]) -> Matrix:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        others = [at for at, text in enumerate(texts) if text.casefold() not in self._rows]
        if others:
            vectors[others] = self.encode([texts[at] for at in others])
        for at, text in enumerate(texts):
            row = self._rows.get(text.casefold())
            if row is not None:
                vectors[at] = self._fitted.grounded[row]
        return vectors

    def phrases_of(self, item: CatalogItem) -> tuple[str, ...]:
        return self._fitted.bank.phrases_of(item)

    @property
    def growth(self) -> Growth | None:
        bank = self._fitted.bank
        return None if bank.usage is None else Growth(bank, bank.usage)


def is_fitted(folder: Path) -> bool:
    return (folder / DESCRIPTION).is_file()


def save_fitted(fitted: Fitted, folder: Path, model: str, model_space: str) -> None:
    """Into an empty or new folder; the description last, so that a folder half written is none."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "head.npy", fitted.head)
    fitted.bank.save(folder / "bank.json")
    (folder / "phrases.json").write_text(json.dumps(fitted.texts, ensure_ascii=False), "utf-8")
    np.save(folder / "grounded.npy", fitted.grounded.astype(np.float16))
    np.save(folder / "background.npy", fitted.background)
    description = {"format": 1, "model": model, "model_space": model_space, "dimension": fitted.head.shape[0]}
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=1), "utf-8")


def read_description(folder: Path) -> tuple[str, str, int]:
    """The model it stands on, that model's space id, and the length of vectors. Raises `ConfigurationError`."""
    try:
        described = json.loads((folder / DESCRIPTION).read_text("utf-8"))
        return str(described["model"]), str(described["model_space"]), int(described["dimension"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise _unusable(folder, error) from error


def load_fitted(folder: Path) -> Fitted:
    """Raises `ConfigurationError`."""
    try:
        return Fitted(
            np.load(folder / "head.npy"),
            Bank.load(folder / "bank.json"),
            tuple(json.loads((folder / "phrases.json").read_text("utf-8"))),
            np.load(folder / "grounded.npy").astype(np.float32),
            np.load(folder / "background.npy"),
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise _unusable(folder, error) from error


def digest_of(folder: Path) -> str:
    """8 hex digits of all that decides a vector."""
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:8]


def _unusable(folder: Path, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"{folder} is not a fitted space that can be used ({type(error).__name__}): make it anew with "
        "`attune space fit`, or set ATTUNE_MODEL to 'minilm'"
    )
