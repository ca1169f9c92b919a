"""Which Attune this is."""

import typer

from infra.cli.options import Json
from infra.cli.output import emit


def version(as_json: Json = False) -> None:
    """Show the version."""
    import platform
    from importlib import metadata

    try:
        number = metadata.version("attune")
    except metadata.PackageNotFoundError:
        typer.echo("Error: Attune runs from a folder and is not installed: run `make install`.", err=True)
        raise typer.Exit(1) from None
    if as_json:
        emit({"version": number, "python": platform.python_version()})
    else:
        typer.echo(number)
