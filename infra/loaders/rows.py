"""What a loader yields: a row that can be sent, or the line that cannot and why."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from schemas.base import Contract

Body = TypeVar("Body", bound=Contract)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that was not taken. `line` counts from 1; `reason` never repeats what the line holds."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Row(Generic[Body]):
    """One body read from `line`. A line of a history gives several rows."""

    line: int
    body: Body


def make_row(kind: type[Body], line: int, fields: dict[str, Any]) -> Row[Body] | Refusal:
    """The body of `kind` with these fields, or a refusal that names the first field that is off."""
    try:
        return Row(line, kind.model_validate(fields))
    except ValidationError as error:
        return Refusal(line, explain(error))


def explain(error: ValidationError) -> str:
    """The first thing wrong, in words: which field, and what it takes."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"]))
    return f"{field}: {first['msg']}" if field else first["msg"].removeprefix("Value error, ")
