"""Options that several commands take. Their checks import the contracts, but run only when a command does."""

from pathlib import Path
from typing import Annotated

import typer


def check_provider(value: str | None) -> str | None:
    from pydantic import TypeAdapter, ValidationError

    from schemas.base import ProviderId

    try:
        return value if value is None else TypeAdapter[str](ProviderId).validate_python(value)
    except ValidationError as error:
        cure = "write it in small letters and digits ('.', '_' and '-' within), 64 characters at most"
        raise typer.BadParameter(cure) from error


def check_count(value: int) -> int:
    from schemas.api import MAX_K

    if not 1 <= value <= MAX_K:
        raise typer.BadParameter(f"choose 1 to {MAX_K}")
    return value


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line of stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]
File = Annotated[Path, typer.Argument(help="The file, plain or .gz.", show_default=False)]
User = Annotated[str, typer.Argument(help="The user's id.", show_default=False)]
Provider = Annotated[
    str | None, typer.Option("--provider", "-p", callback=check_provider, help="The provider.", show_default=False)
]
RequiredProvider = Annotated[
    str, typer.Option("--provider", "-p", callback=check_provider, help="Whose items they are.", show_default=False)
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until all of it has been worked off.")]
