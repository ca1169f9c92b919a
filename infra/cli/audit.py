"""`attune audit`: what is left of somebody who was erased."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.options import Json, User
from infra.cli.output import emit, say
from infra.cli.outside import outside

if TYPE_CHECKING:
    from infra.audit.report import Report

app = typer.Typer(no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Look for what must not be there."""


@app.command(epilog="Example: attune audit forgotten ada --logs /var/log/attune")
def forgotten(
    ctx: typer.Context,
    user: User,
    logs: Annotated[
        list[Path] | None,
        typer.Option("--logs", exists=True, help="A file or folder to look into as well.", show_default=False),
    ] = None,
    texts: Annotated[
        list[str] | None,
        typer.Option("--text", help="Words that only this person has typed.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look for a person in every place where something might be left: the store, all topics, the providers' indexes,
    the data folder, logs.

    It only reads, while the service runs. Exit code 1 where something is found; says where, and never what.
    """
    from infra.cli.logs import silence_libraries
    from infra.settings import read_settings

    settings = read_settings()
    silence_libraries()
    report = outside(ctx).audit(settings, user, texts or [], logs or [])
    _tell(report)
    if as_json:
        emit(_document(report))
    if not report.is_clean:
        raise typer.Exit(1)


def _tell(report: "Report") -> None:
    for place in report.places:
        more = f", and {place.left_out:,} more" if place.left_out else ""
        say(f"{place.name}: {place.looked_at:,} {place.what}, {len(place.found)} with something{more}")
    for finding in report.findings:
        say(f"FOUND {finding}")
    for one in report.not_looked_at:
        say(f"not looked at: {one}")


def _document(report: "Report") -> dict[str, object]:
    return {"clean": report.is_clean, "places": report.places, "not_looked_at": report.not_looked_at}
