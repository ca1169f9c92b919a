"""The operator's side: how far behind everything is, and what is set up wrongly."""

from typing import TYPE_CHECKING

import typer

from infra.cli.client import open_client
from infra.cli.options import Json
from infra.cli.output import emit, plain, show_table
from infra.cli.outside import outside

if TYPE_CHECKING:
    from infra.doctor import Finding


def status(as_json: Json = False) -> None:
    """Show how far behind each stage is, and how many items each provider has searchable."""
    with open_client() as client:
        answer = client.status()
    if as_json:
        emit(answer)
        return
    show_table(("stage", "messages behind"), [[name, f"{one['lag']:,}"] for name, one in answer["stages"].items()])
    show_table(("provider", "items searchable"), [[name, f"{n:,}"] for name, n in answer["providers"].items()])
    typer.echo(f"space: {plain(answer['space'])}")


def doctor(ctx: typer.Context, as_json: Json = False) -> None:
    """Check the settings and everything they name; say what is wrong and its cure."""
    findings = _examine(ctx)
    well = all(finding.ok for finding in findings)
    if as_json:
        emit({"ok": well, "findings": findings})
    else:
        for finding in findings:
            typer.echo(_line(finding))
    if not well:
        raise typer.Exit(1)


def _examine(ctx: typer.Context) -> "list[Finding]":
    from infra.cli.logs import silence_libraries
    from infra.doctor import unreadable
    from infra.settings import read_settings
    from workers.errors import ConfigurationError

    try:
        settings = read_settings()
    except ConfigurationError as error:
        return [unreadable(error)]
    silence_libraries()
    return outside(ctx).examine(settings)


def _line(finding: "Finding") -> str:
    mark = "ok   " if finding.ok else "WRONG"
    cure = "" if finding.ok else f"\n      cure: {finding.cure}"
    return plain(f"{mark} {finding.name}: {finding.detail}{cure}")
