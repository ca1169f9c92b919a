"""Providers' catalogs."""

from typing import Annotated

import typer

from infra.cli.client import lags, open_client, post
from infra.cli.options import File, Json, RequiredProvider, Wait
from infra.loaders.formats import CatalogFormat

app = typer.Typer(no_args_is_help=True)

BATCH = 500
"""Items in one request: the first are searchable while the next are sent. Of long texts fewer, by their bytes."""

STAGE = "embedder"


@app.command(epilog="Example: attune catalog load news.tsv --provider news")
def load(
    file: File,
    provider: RequiredProvider,
    form: Annotated[
        CatalogFormat | None, typer.Option("--format", help="Unless the file shows it by itself.", show_default=False)
    ] = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Load a catalog: MIND news.tsv, RecBole .item, JSON lines, or CSV/TSV with a header."""
    from infra.cli import loading, waiting
    from infra.loaders.opening import open_catalog

    opened = open_catalog(file, provider, form)
    with opened.source, open_client() as client:
        sent = post(client, lambda rows: client.send_items(provider, rows, retry=True))
        settle = (lambda: waiting.wait_for(STAGE, lambda: lags(client))) if wait else None
        loading.load(opened, sent, BATCH, settle, as_json)
