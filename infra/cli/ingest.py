"""Interactions from a file."""

from typing import Annotated

import typer

from infra.cli.client import lags, open_client, post
from infra.cli.options import File, Json, Provider, Wait
from infra.loaders.formats import InteractionFormat

STAGE = "agents"


def ingest(
    file: File,
    provider: Provider = None,
    form: Annotated[
        InteractionFormat | None,
        typer.Option("--format", help="Unless the file shows it by itself.", show_default=False),
    ] = None,
    impressions: Annotated[
        bool, typer.Option("--impressions", help="MIND: the candidates of each impression, too, by their labels.")
    ] = False,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Send interactions: MIND behaviors.tsv, RecBole .inter, or JSON lines.

    Only JSON lines name their provider: for the others --provider does. The same file a second time has no effect.
    """
    from infra.cli import loading, waiting
    from infra.loaders.opening import open_interactions
    from schemas.api import MAX_BATCH

    opened = open_interactions(file, provider, form, impressions)
    with opened.source, open_client() as client:
        sent = post(client, lambda rows: client.send_interactions(rows, retry=True))
        settle = (lambda: waiting.wait_for(STAGE, lambda: lags(client))) if wait else None
        loading.load(opened, sent, MAX_BATCH, settle, as_json)
