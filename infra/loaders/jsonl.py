"""JSON lines in our own shapes: the items of `POST .../items` and the interactions of `POST /v1/interactions`."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from infra.loaders.reading import Line, filled
from infra.loaders.rows import Refusal, Row, make_row
from schemas.api import ItemBody
from schemas.interaction import Interaction


def read_items(lines: Iterable[Line | Refusal], provider: str) -> Iterator[Row[ItemBody] | Refusal]:
    """One item a line. A line may name its provider; one of another provider is refused, not renamed."""
    for line, fields in _objects(lines):
        if isinstance(fields, Refusal):
            yield fields
        elif fields.get("provider", provider) != provider:
            yield Refusal(line, "names another provider: load it with that one in --provider")
        else:
            yield make_row(ItemBody, line, fields)


def read_interactions(lines: Iterable[Line | Refusal], provider: str | None) -> Iterator[Row[Interaction] | Refusal]:
    """One interaction a line. `provider` is for the lines that name none."""
    for line, fields in _objects(lines):
        if isinstance(fields, Refusal):
            yield fields
        elif "provider" not in fields and provider is None:
            yield Refusal(line, "names no provider: name it in the line, or for all lines in --provider")
        else:
            yield make_row(Interaction, line, {"provider": provider} | fields | {"source": "file"})


def _objects(lines: Iterable[Line | Refusal]) -> Iterator[tuple[int, dict[str, Any] | Refusal]]:
    for line in filled(lines):
        if isinstance(line, Refusal):
            yield line.line, line
            continue
        yield line.number, parse_object(line)


def parse_object(line: Line) -> dict[str, Any] | Refusal:
    try:
        parsed = orjson.loads(line.text)
    except orjson.JSONDecodeError:
        return Refusal(line.number, "is not JSON")
    return parsed if isinstance(parsed, dict) else Refusal(line.number, "is not a JSON object")
