"""Fitting a space to a catalog: from its contents alone, in about the time that embedding it takes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import Json, RequiredProvider
from infra.cli.output import emit, say, show_fields
from infra.cli.space_catalog import read_catalog
from infra.loaders.formats import CatalogFormat

if TYPE_CHECKING:
    from workers.fitting import Fitted


def fit(
    catalog: Annotated[Path, typer.Option("--catalog", help="The file, plain or .gz.", show_default=False)],
    provider: RequiredProvider,
    form: Annotated[
        CatalogFormat | None, typer.Option("--format", help="Unless the file shows it by itself.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new folder. Default: spaces/PROVIDER-fitted in ATTUNE_DATA_DIR.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fit the space to a catalog: its topics longer, its phrases mined and grounded."""
    from infra.settings import read_settings
    from workers.errors import ConfigurationError
    from workers.fitted_space import save_fitted
    from workers.fitting import fit as fit_items
    from workers.space import SentenceEncoder, describe_space, item_text

    settings = read_settings()
    folder = out or settings.data_dir / "spaces" / f"{provider}-fitted"
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{folder} is not empty: name a new folder with --out")
    items = read_catalog(catalog, provider, form)
    if not items:
        raise ConfigurationError(f"{catalog} holds no items to fit a space to")
    encoder = SentenceEncoder(settings.model)
    say(f"embedding {len(items):,} items, about 40 a second on one core")
    fitted = fit_items(items, encoder.encode([item_text(item) for item in items]), encoder.encode, say)
    save_fitted(fitted, folder, _seen(settings.model), encoder.space)
    _show(fitted, folder, describe_space(str(folder)).id, as_json)


def _seen(model: str) -> str:
    """As it is found from any working folder."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model


def _show(fitted: "Fitted", folder: Path, space: str, as_json: bool) -> None:
    found = {"folder": str(folder), "space": space, "phrases": len(fitted.bank.phrases), "texts": len(fitted.texts)}
    if as_json:
        emit(found)
    else:
        show_fields({name: str(value) for name, value in found.items()})
        say(f"To use it: ATTUNE_MODEL={folder}, or `attune space roll-out {folder}` while the service runs")
