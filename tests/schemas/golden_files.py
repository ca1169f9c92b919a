"""The golden messages: what each version of each kind of message looks like, as files that no code makes.

`golden/KIND.vN.json` holds examples, the schema of version N as it was when the version was fixed (what an earlier
worker of the same version reads by), and a digest of the schema as it is today.

A schema may grow within a version: optional fields, which the examples then have to name. For all else there is a new
version. `python -m tests.schemas.golden_files` writes the digests of today, once the tests beside it pass otherwise.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.base import Contract
from schemas.export import documents, public_models

FOLDER = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Golden:
    """One file."""

    model: type[Contract]
    version: int
    content: dict[str, Any]

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.model.__name__}.v{self.version}.json"

    @property
    def examples(self) -> list[dict[str, Any]]:
        return list(self.content["examples"])


def kinds() -> dict[type[Contract], list[int]]:
    """Every message, and the versions that are read today."""
    versioned = (model for model in public_models() if "schema_version" in model.model_fields)
    return {model: list(model.model_fields["schema_version"].annotation.__args__) for model in versioned}  # type: ignore[union-attr]


def goldens() -> Iterator[Golden]:
    """Those that are there."""
    for model, versions in kinds().items():
        for version in versions:
            golden = Golden(model, version, {})
            if golden.path.exists():
                yield Golden(model, version, json.loads(golden.path.read_text("utf-8")))


def digest(model: type[Contract]) -> str:
    """Of the model as it is today."""
    return digest_of(json.loads(documents()[f"{model.__name__}.json"]))


def digest_of(schema: dict[str, Any]) -> str:
    """Without its prose."""
    return hashlib.sha256(json.dumps(_without_prose(schema), sort_keys=True).encode()).hexdigest()


def _without_prose(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_prose(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _without_prose(one)
        for name, one in schema.items()
        if name not in {"description", "title"} or not isinstance(one, str)
    }


def write_digests() -> None:
    for golden in goldens():
        content = golden.content | {"today": digest(golden.model)}
        golden.path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    write_digests()
