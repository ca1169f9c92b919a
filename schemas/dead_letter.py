"""A message that could not be applied, kept whole with the reason."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Base64Bytes, StringConstraints

from schemas.base import (
    Contract,
    Count,
    Instant,
)


class Reason(StrEnum):
    """Why it is here; a metric label, so the set is closed."""

    INVALID = "invalid"
    """Not JSON, or not the message its topic carries."""
    WRONG_KEY = "wrong_key"
    """Its key is not the user it speaks of: it would land in another agent's mailbox."""
    FUTURE = "future"
    """Its event time lies further ahead of its arrival than clocks may differ."""
    UNKNOWN_ITEM = "unknown_item"
    """Neither the catalog nor the event itself described the item in time."""
    TOO_MANY_WAITING = "too_many_waiting"
    UNKNOWN_WORDS = "unknown_words"
    """The texts of an edit were not embedded in time."""
    REFUSED = "refused"
    """An edit that the profile, as it was, could not take."""
    UNSUPPORTED = "unsupported"
    """A command this version does not carry out."""
    FAILED = "failed"
    """The stage raised on it."""


class Settled(StrEnum):
    """What an operator has done with it."""

    REPLAYED = "replayed"
    """Sent again to the topic it came from: a new message, with the event id that it had."""
    DROPPED = "dropped"


class DeadLetter(Contract):
    """Topic `attune.dead-letters`, keyed as the source. `topic`, `partition` and `offset` name it once and for all: a
    letter written twice after a crash is one letter, and one that says `settled` (it holds no content) settles it."""

    schema_version: Literal[1] = 1
    topic: Annotated[str, StringConstraints(min_length=1, max_length=249)]
    partition: Count
    offset: Count
    key: Base64Bytes | None = None
    value: Base64Bytes | None = None
    reason: Reason
    detail: Annotated[str, StringConstraints(max_length=500)]
    """What was wrong and what to do, without any of the content."""
    stage: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    first_time: Instant
    last_time: Instant
    settled: Settled | None = None

    @property
    def id(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"
