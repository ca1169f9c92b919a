"""The settings in force."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import typer

from infra.cli.options import Json
from infra.cli.output import emit, show_table

app = typer.Typer(no_args_is_help=True)

_MASK = "********"


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting as it is shown: secrets and passwords masked. `source` is env, file or default."""

    name: str
    value: str | None
    source: str
    description: str


@app.command(epilog="Example: ATTUNE_STORE=redis://localhost attune config show")
def show(as_json: Json = False) -> None:
    """Every setting: its value, where the value comes from, what it means."""
    from infra.settings import read_settings

    settings = shown(read_settings())
    if as_json:
        emit({"settings": [_document(one) for one in settings]})
        return
    rows = [[one.name, "(unset)" if one.value is None else one.value, one.source, one.description] for one in settings]
    show_table(("setting", "value", "from", "meaning"), rows)


def shown(settings: Any) -> list[Shown]:
    """All settings of `settings`, in the order of their table."""
    in_file = _names_in_file()
    in_env = {name.upper() for name in os.environ}
    return [
        Shown(
            name=(full := f"ATTUNE_{name.upper()}"),
            value=_masked(getattr(settings, name)),
            source="env" if full in in_env else "file" if name in in_file else "default",
            description=field.description or "",
        )
        for name, field in _fields(type(settings))
    ]


def _fields(kind: Any) -> list[tuple[str, Any]]:
    """What the service is and does first, then its doors, which pydantic lists first because they are inherited."""
    return sorted(kind.model_fields.items(), key=lambda field: field[0] not in kind.__annotations__)


def _names_in_file() -> set[str]:
    from workers.errors import ConfigurationError

    file = os.environ.get("ATTUNE_CONFIG")
    if not file:
        return set()
    try:
        return set(tomllib.loads(Path(file).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the file that ATTUNE_CONFIG names cannot be read: {error}") from error


def _masked(value: object) -> str | None:
    from pydantic import SecretStr

    if value is None:
        return None
    if isinstance(value, SecretStr):
        return _MASK
    text = str(value)
    password = urlsplit(text).password if "://" in text else None
    return text.replace(f":{password}@", f":{_MASK}@") if password else text


def _document(one: Shown) -> dict[str, Any]:
    return {"name": one.name, "value": one.value, "source": one.source, "description": one.description}
