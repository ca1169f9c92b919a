"""The measured claims, each beside the bare loop in the same run."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from infra.cli.options import Json
from infra.cli.output import emit, show_fields
from infra.cli.outside import outside

app = typer.Typer(no_args_is_help=True)


@app.command(epilog="Example: attune bench throughput --json")
def throughput(ctx: typer.Context, as_json: Json = False) -> None:
    """Events a second through the agents, beside the bare loop."""
    _run(ctx, "throughput", as_json)


@app.command(epilog="Example: attune bench freshness --json")
def freshness(
    ctx: typer.Context,
    refinements: Annotated[
        int, typer.Option(min=0, help="Instead: the embedded service quiet, and while so many refinements wait.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Seconds from an accepted event to a searchable embedding."""
    _run(ctx, "freshness", as_json, refinements)


@app.command("hot-user", epilog="Example: attune bench hot-user --json")
def hot_user(ctx: typer.Context, as_json: Json = False) -> None:
    """How much longer others wait where one person makes nine tenths of the traffic."""
    _run(ctx, "hot-user", as_json)


@app.command(epilog="Example: attune bench edits --json")
def edits(ctx: typer.Context, as_json: Json = False) -> None:
    """Seconds from a person's edit to recommendations that show it, quiet and while 500 events a second come in."""
    _run(ctx, "edits", as_json)


def _run(ctx: typer.Context, name: str, as_json: bool, refinements: int = 0) -> None:
    from infra.settings import read_settings

    result = outside(ctx).bench(name, read_settings(), refinements)
    if as_json:
        emit(result)
    else:
        show_fields(dict(_flat(result)))


def _flat(figures: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Figures within figures under their joined names."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", str(value)
