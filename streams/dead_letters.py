"""Sets a message aside whole, with the reason: what a stage does with what it cannot apply."""

from base64 import b64encode
from datetime import UTC, datetime

from pydantic import ValidationError

from schemas.dead_letter import DeadLetter, Reason
from streams.contract import Outgoing, Record
from streams.topics import DEAD_LETTERS

MAX_DETAIL = 500
"""Characters, as the contract has it."""

_REPEATS_INPUT = {"union_tag_invalid": "is of a kind that is not known"}
"""Of all of pydantic's messages the one that quotes what was sent, in words that do not."""


def dead_letter(record: Record, reason: Reason, detail: str, stage: str, now: float) -> Outgoing:
    """The message to send. `detail` must hold nothing of the content; `now` is in epoch seconds."""
    moment = datetime.fromtimestamp(now, UTC)
    letter = DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=_base64(record.key),
        value=_base64(record.value),
        reason=reason,
        detail=detail[:MAX_DETAIL],
        stage=stage,
        first_time=moment,
        last_time=moment,
    )
    return Outgoing(DEAD_LETTERS, record.key or b"", letter.to_bytes())


def summarize(error: ValidationError) -> str:
    """What was wrong and where, without the input."""
    found = error.errors(include_input=False, include_context=False)
    problems = (_problem(one["loc"], _REPEATS_INPUT.get(one["type"], one["msg"])) for one in found)
    return "; ".join(problems)[:MAX_DETAIL]


def _problem(place: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join(map(str, place))}: {message}" if place else message


def _base64(raw: bytes | None) -> bytes | None:
    return None if raw is None else b64encode(raw)
