"""One thing a person did with one item."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from schemas.base import MAX_TEXT, Contract, EventId, Instant, ItemId, ProviderId, UserId, item_key


class Signal(StrEnum):
    """What kind of interaction it was. Each has a signed weight in `workers.signals`."""

    CLICK = "click"
    LIKE = "like"
    DISLIKE = "dislike"
    SKIP = "skip"
    IMPRESSION = "impression"
    """The item was shown and nothing was done with it."""
    RETRACT = "retract"
    """Takes back what this person did with this item up to this time, or one event of theirs (`retracts`)."""


def _text_only(signal: object) -> object:
    """What is no text is no signal. (Looking it up, Python writes it into an error of its own, and a thousand lists in
    each other are more than it can write.)"""
    return signal if isinstance(signal, str) else ""


class Interaction(Contract):
    """Topic `attune.interactions`, keyed by user. `time` is when it happened, on the person's side."""

    schema_version: Literal[1] = 1
    event_id: EventId
    user: UserId
    provider: ProviderId
    item: ItemId
    signal: Annotated[Signal, BeforeValidator(_text_only)]
    time: Instant
    dwell_ms: Annotated[int, Field(ge=0, le=86_400_000)] | None = None
    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)] | None = None
    """The item's own words, for an item whose provider has sent no catalog entry."""
    retracts: EventId | None = None
    source: Literal["api", "file", "sample"] = "api"
    """By which door it came in; a metric label."""

    @model_validator(mode="after")
    def _only_a_retract_names_an_event(self) -> "Interaction":
        if self.retracts is not None and self.signal is not Signal.RETRACT:
            raise ValueError("'retracts' belongs to the signal 'retract' only")
        return self

    @property
    def item_key(self) -> str:
        return item_key(self.provider, self.item)
