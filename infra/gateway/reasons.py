"""Validation errors in words that say what to mend, for whoever sent the data."""

from collections.abc import Mapping, Sequence
from typing import Any

MAX_REASONS = 3
"""Of one entry: who has three things to mend reads no fourth."""

_MEND = {
    "missing": "is missing",
    "timezone_aware": "needs a timezone, for example 2026-09-01T12:00:00Z",
    "datetime_parsing": "must be a time as ISO 8601 with a timezone, for example 2026-09-01T12:00:00Z",
    "datetime_from_date_parsing": "must be a time as ISO 8601 with a timezone, for example 2026-09-01T12:00:00Z",
    "datetime_type": "must be a time as ISO 8601 with a timezone, for example 2026-09-01T12:00:00Z",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "union_tag_invalid": "needs {discriminator} to be one of {expected_tags}",
    "union_tag_not_found": "needs {discriminator}",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long: at most {max_length:,} characters",
    "too_long": "is too long: at most {max_length:,} entries",
    "too_short": "has too few entries: at least {min_length:,}",
    "tuple_type": "must be a list",
    "string_pattern_mismatch": "must not be blank or hold control characters",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "value_error": "{error}",
}
"""By pydantic's type of error; its own words for any other."""

_PATTERNS = {
    "provider": "must be 1 to 64 lower-case letters, digits, '.', '_' or '-', the first a letter or digit",
    "subject": "must be 32 hex digits",
    "interest": "must be the id of an interest as the profile shows it: 12 hex digits",
    "space": "must be 1 to 96 letters, digits, '.', '_' or '-', the first a letter or digit",
    "scoring": "must be 'linear' or 'mixture'",
}
"""By field, where a pattern is more than printable characters."""


def reason_of(errors: Sequence[Mapping[str, Any]], skip: int = 0) -> str:
    """One line. `errors` as pydantic lists them; the first `skip` parts of each place are left out."""
    own = [error for error in errors if not _follows(error, errors)]
    reasons = [_one(error, error["loc"][skip:]) for error in own[:MAX_REASONS]]
    more = len(own) - MAX_REASONS
    return "; ".join(reasons) + (f"; and {more} more" if more > 0 else "")


def _follows(error: Mapping[str, Any], errors: Sequence[Mapping[str, Any]]) -> bool:
    """Pydantic also calls a list too short from which it has thrown what is wrong in it."""
    place = error["loc"]
    return error["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in errors
    )


def _one(error: Mapping[str, Any], place: Sequence[str | int]) -> str:
    where = f"'{'.'.join(map(str, place))}' " if place else ""
    return where + _mend(error, str(place[-1]) if place else "")


def _mend(error: Mapping[str, Any], field: str) -> str:
    if error["type"] == "string_pattern_mismatch" and field in _PATTERNS:
        return _PATTERNS[field]
    words = _MEND.get(error["type"])
    return _lower_first(error["msg"]) if words is None else words.format_map(error.get("ctx", {}))


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
