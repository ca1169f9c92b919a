"""What an answer must look like, as a JSON schema for the server; and the reading of what came, which trusts nothing.

The schema is made from the contracts (`schemas.command`), for one question: the numbers of the interests that may be
changed stand in it, so that nobody else's can be named. Lists have at least one entry (a third of the lists of a model
that need not write anything are empty, for no reason), and "nothing to improve" is an entry of its own.
"""

import json
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from infra.vllm.errors import LlmInvalid
from infra.vllm.quoting import tidied
from schemas.base import InterestText
from schemas.command import AddInterest, Edit, RemoveInterest, RewriteInterest
from workers.refinement.asks import Ask

KEEP = "keep"

_TEXT: TypeAdapter[str] = TypeAdapter(InterestText)
MAX_TEXT: int = _TEXT.json_schema()["maxLength"]
"""Characters of an interest's text."""

# Without the contract's pattern: beside one, vLLM's backends drop the length. The reading below holds both.
_TEXT_SCHEMA = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}

Schema = dict[str, Any]


def refine_schema(ask: Ask, most_edits: int) -> Schema:
    """Of {"edits": [...]}."""
    numbers = _editable(ask)
    edits = [_edit(AddInterest, text=_TEXT_SCHEMA), _object({"op": {"const": KEEP}})]
    if numbers:
        which = {"type": "integer", "enum": sorted(numbers)}
        edits += [_edit(RewriteInterest, interest=which, text=_TEXT_SCHEMA), _edit(RemoveInterest, interest=which)]
    return _object({"edits": {"type": "array", "minItems": 1, "maxItems": most_edits, "items": {"anyOf": edits}}})


def read_edits(text: str, ask: Ask, most_edits: int) -> tuple[Edit, ...] | None:
    """The edits of an answer to `refine_schema`; empty where it says that there is nothing to improve, None where none
    of its texts may be used. Raises `LlmInvalid` where it does not keep to the schema."""
    entries = _parsed(text).get("edits")
    if not isinstance(entries, list) or not 1 <= len(entries) <= most_edits:
        raise _invalid("no list of edits")
    numbers = _editable(ask)
    edits = [_read_edit(entry, numbers) for entry in entries if entry != {"op": KEEP}]
    usable = _distinct(edit for edit in edits if edit is not None)
    return None if edits and not usable else usable


def describe_schema(groups: int) -> Schema:
    """Of {"1": text or null, "2": ...}: by number and not as a list, in which a model loses its place."""
    text = {"anyOf": [_TEXT_SCHEMA, {"type": "null"}]}
    return _object({str(number): text for number in range(1, groups + 1)})


def read_texts(text: str, groups: int) -> tuple[str | None, ...]:
    """A text for each group, None where there is none that may be used. Raises `LlmInvalid` where the answer does not
    keep to `describe_schema`."""
    fields = _parsed(text)
    if fields.keys() != {str(number) for number in range(1, groups + 1)}:
        raise _invalid("other groups than asked")
    return tuple(
        None if (value := fields[str(number)]) is None else _read_text(value) for number in range(1, groups + 1)
    )


def _distinct(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Without a second edit of one interest, and without a text that was said already: the first of each counts."""
    kept: dict[str, Edit] = {}
    said: set[str] = set()
    for edit in edits:
        text = getattr(edit, "text", "").casefold()
        about = getattr(edit, "interest", text)
        if about not in kept and (not text or text not in said):
            kept[about] = edit
            said.add(text)
    return tuple(kept.values())


def _editable(ask: Ask) -> dict[int, str]:
    return {number: shown.id for number, shown in enumerate(ask.interests, 1) if shown.editable}


def _edit(kind: type[AddInterest | RewriteInterest | RemoveInterest], **fields: Schema) -> Schema:
    contract = kind.model_json_schema()["properties"]
    assert fields.keys() <= contract.keys(), "the contract names it otherwise now"
    return _object({"op": {"const": contract["op"]["const"]}, **fields})


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _parsed(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid("no JSON") from error
    if not isinstance(fields, dict):
        raise _invalid("no object")
    return fields


def _read_edit(entry: Any, numbers: dict[int, str]) -> Edit | None:
    match entry:
        case {"op": "add", "text": text, **rest} if not rest:
            words = _read_text(text)
            return AddInterest(text=words) if words else None
        case {"op": "rewrite", "interest": number, "text": text, **rest} if not rest:
            words, interest = _read_text(text), _read_interest(number, numbers)
            return RewriteInterest(interest=interest, text=words) if words else None
        case {"op": "remove", "interest": number, **rest} if not rest:
            return RemoveInterest(interest=_read_interest(number, numbers))
    raise _invalid("an edit of no known kind")


def _read_interest(number: Any, numbers: dict[int, str]) -> str:
    if type(number) is not int or number not in numbers:  # True is 1
        raise _invalid("an interest that was not to be changed")
    return numbers[number]


def _read_text(value: Any) -> str | None:
    """None for a text that keeps to the schema but holds what nobody should see in a profile."""
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_TEXT:
        raise _invalid("a text of the wrong length")
    words = tidied(value)
    try:
        return _TEXT.validate_python(words) if words else None
    except ValidationError:  # NFKC may have made it longer
        return None


def _invalid(what: str) -> LlmInvalid:
    return LlmInvalid("invalid", f"the LLM's answer does not keep to its schema: {what}")
