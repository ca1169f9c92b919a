"""A reader of messages that knows but a JSON Schema: as much of the language as the exported contracts speak."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
KNOWN = {
    *("$defs", "$ref", "$schema", "anyOf", "const", "default", "description", "discriminator", "enum", "format"),
    *("items", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum", "oneOf", "pattern"),
    *("patternProperties", "properties", "required", "title", "type"),
}
"""The words that are understood here, or that say nothing of what is valid."""


def problems(schema: Schema, value: Any, root: Schema | None = None, at: str = "$") -> Iterator[str]:
    """Why the value is not valid. Fields that the schema does not name are passed over."""
    root = schema if root is None else root
    if unknown := schema.keys() - KNOWN:
        yield f"{at}: the schema says {sorted(unknown)}, which is not understood here"
    if "$ref" in schema:
        yield from problems(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root, at)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices and all(any(problems(one, value, root, at)) for one in choices):
        yield f"{at}: none of {len(choices)} choices"
    yield from (f"{at}: {problem}" for problem in _own(schema, value))
    if isinstance(value, dict):
        for name, one in schema.get("properties", {}).items():
            if name in value:
                yield from problems(one, value[name], root, f"{at}.{name}")
        for pattern, one in schema.get("patternProperties", {}).items():
            for name in filter(re.compile(pattern).search, value):
                yield from problems(one, value[name], root, f"{at}.{name}")
    if isinstance(value, list) and "items" in schema:
        for place, one in enumerate(value):
            yield from problems(schema["items"], one, root, f"{at}[{place}]")


def _own(schema: Schema, value: Any) -> Iterator[str]:
    kind = schema.get("type")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind and (not isinstance(value, _TYPES[kind]) or (kind in {"integer", "number"} and not is_number)):
        yield f"is no {kind}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"is none of {schema['enum']}"
    if isinstance(value, dict):
        yield from (f"lacks {name}" for name in schema.get("required", ()) if name not in value)
    if isinstance(value, str):
        if re.search(schema.get("pattern", ""), value) is None:
            yield "is not of the pattern"
        yield from _within(schema, len(value), "minLength", "maxLength")
    if isinstance(value, list):
        yield from _within(schema, len(value), "minItems", "maxItems")
    if is_number:
        yield from _within(schema, value, "minimum", "maximum")


def _within(schema: Schema, size: float, least: str, most: str) -> Iterator[str]:
    if size < schema.get(least, size):
        yield f"is below {least}"
    if size > schema.get(most, size):
        yield f"is above {most}"
