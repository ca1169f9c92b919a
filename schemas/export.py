"""The contracts as JSON Schemas, for those who read and write these messages in other languages.

`python -m schemas.export` writes schemas/json/, one file per public model; a test holds the files equal to the models.
A schema describes what goes in (`mode="validation"`): defaults may be left out.
"""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

import schemas
from schemas.base import Contract
from schemas.command import PROFILE_COMMAND

FOLDER = Path(__file__).parent / "json"


def documents() -> dict[str, str]:
    """File name to content, sorted, newline at the end."""
    adapters: dict[str, TypeAdapter[Any]] = {model.__name__: TypeAdapter(model) for model in public_models()}
    adapters["ProfileCommand"] = PROFILE_COMMAND
    return {f"{name}.json": _document(name, adapters[name]) for name in sorted(adapters)}


def public_models() -> Iterator[type[Contract]]:
    """Every contract of this package whose name does not begin with an underscore."""
    modules = (importlib.import_module(f"schemas.{module.name}") for module in pkgutil.iter_modules(schemas.__path__))
    for module in modules:
        for name, value in vars(module).items():
            is_contract = isinstance(value, type) and issubclass(value, Contract) and value is not Contract
            if is_contract and value.__module__ == module.__name__ and not name.startswith("_"):
                yield value


def export(folder: Path = FOLDER) -> None:
    """Writes every document, and takes away what belongs to no model any longer."""
    folder.mkdir(exist_ok=True)
    wanted = documents()
    for name, content in wanted.items():
        (folder / name).write_text(content, "utf-8")
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()


def _document(name: str, adapter: TypeAdapter[Any]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, **adapter.json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    export()
