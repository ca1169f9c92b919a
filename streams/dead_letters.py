"""Sets a message aside whole, with the reason: what a stage does with what it cannot apply."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import ValidationError

from schemas.dead_letter import DeadLetter, Reason
from streams.contract import Outgoing, Record
from streams.topics import DEAD_LETTERS, MAX_MESSAGE_BYTES

MAX_DETAIL = 500
"""Characters, as the contract has it."""

MAX_KEY = 1_024
"""Bytes of a key that a letter without content keeps: four times the longest id."""

MAX_CONTENT = MAX_MESSAGE_BYTES * 3 // 4 - 4_096
"""Bytes that fit into a letter, the key counted twice (it is the letter's own, too): base64 makes 4 of 3, and the rest
has at most 4 KB. Brokers as shipped take no message that is too large for one."""

_REPEATS_INPUT = {"union_tag_invalid": "is of a kind that is not known"}
"""Of all of pydantic's messages the one that quotes what was sent, in words that do not."""


def dead_letter(record: Record, reason: Reason, detail: str, stage: str, now: float) -> Outgoing:
    """The message to send. `detail` must hold nothing of the content; `now` is in epoch seconds. Where the content is
    larger than a letter may be, the letter goes without it: one message must not stop all that come after it."""
    moment = datetime.fromtimestamp(now, UTC)
    size = 2 * len(record.key or b"") + len(record.value or b"")
    if size > MAX_CONTENT:
        record = replace(record, key=(record.key or b"")[:MAX_KEY], value=None)
        detail = f"its {size} bytes are too many for a letter: see the topic itself. {detail}"
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
