"""Reads the messages of a mailbox, and the embeddings that providers get."""

import logging
from typing import TypeVar

from pydantic import ValidationError

from schemas.catalog import ItemEmbedding
from schemas.command import PROFILE_COMMAND
from schemas.interaction import Interaction
from schemas.profile import ProfileEmbedding
from schemas.proposal import Proposal
from streams.dead_letters import summarize
from streams.topics import COMMANDS, INTERACTIONS
from workers.mailbox import Message
from workers.ports import Record

_LOG = logging.getLogger(__name__)

E = TypeVar("E", ItemEmbedding, ProfileEmbedding)


def parse_message(record: Record) -> Message:
    """By the topic that it came on. Raises `pydantic.ValidationError`."""
    if record.topic == INTERACTIONS:
        return Interaction.model_validate_json(record.value or b"")
    if record.topic == COMMANDS:
        return PROFILE_COMMAND.validate_json(record.value or b"")
    return Proposal.model_validate_json(record.value or b"")


def read_embedding(kind: type[E], record: Record) -> E | None:
    """None, logged, for what cannot be read."""
    try:
        return kind.model_validate_json(record.value or b"")
    except ValidationError as error:
        _LOG.warning("%s/%d at %d: %s", record.topic, record.partition, record.offset, summarize(error))
        return None
