"""The space fitted to a catalog, kept beside the vectors: fitting reads every word of the catalog, which takes a minute
for 12,000 news.

A folder each, named by all that decides it: the catalog's items, the model's space, and the code that fits. So it is
never what an earlier version of the code had made.
"""

import hashlib
import inspect
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from types import ModuleType

from infra.evaluation.cached_encoder import CachedEncoder
from schemas.catalog import CatalogItem
from workers import background, bank, fitting, mining, noun_phrases, phrases, space, whole_phrases
from workers.fitted_space import FittedEncoder, digest_of, load_fitted, save_fitted
from workers.fitting import Fitted, fit
from workers.space import item_text

_CODE: tuple[ModuleType, ...] = (
    background,
    bank,
    fitting,
    mining,
    noun_phrases,
    phrases,
    space,
    whole_phrases,
)


def fitted_encoder(
    items: Sequence[CatalogItem], model: CachedEncoder, folder: Path | None
) -> tuple[FittedEncoder, Fitted]:
    """The space fitted to these items (from their contents alone), from `folder` where it is there already; None keeps
    nothing."""
    if folder is None:
        with TemporaryDirectory() as made:
            return _opened(_made(items, model, Path(made) / "space"), model)
    place = folder / f"{model.space}-{_key(items, model)}"
    if not place.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        part = Path(mkdtemp(dir=folder))
        _made(items, model, part / "space")
        try:
            os.rename(part / "space", place)
        except OSError:  # another run was first, with the same
            if not place.is_dir():
                raise
        finally:
            shutil.rmtree(part)
    return _opened(place, model)


def _made(items: Sequence[CatalogItem], model: CachedEncoder, place: Path) -> Path:
    fitted = fit(items, model.encode([item_text(item) for item in items]), model.encode)
    save_fitted(fitted, place, "", model.space)
    return place


def _opened(place: Path, model: CachedEncoder) -> tuple[FittedEncoder, Fitted]:
    fitted = load_fitted(place)
    return FittedEncoder(fitted, model, f"{model.space}-fitted-{digest_of(place)}"), fitted


def _key(items: Sequence[CatalogItem], model: CachedEncoder) -> str:
    digest = hashlib.sha256(model.space.encode())
    for module in _CODE:
        digest.update(inspect.getsource(module).encode())
    for item in items:
        digest.update(item.to_bytes())
    return digest.hexdigest()[:16]
