"""Reads the messages of a mailbox."""

from schemas.command import PROFILE_COMMAND
from schemas.interaction import Interaction
from schemas.proposal import Proposal
from streams.topics import COMMANDS, INTERACTIONS
from workers.mailbox import Message
from workers.ports import Record


def parse_message(record: Record) -> Message:
    """By the topic that it came on. Raises `pydantic.ValidationError`."""
    if record.topic == INTERACTIONS:
        return Interaction.model_validate_json(record.value or b"")
    if record.topic == COMMANDS:
        return PROFILE_COMMAND.validate_json(record.value or b"")
    return Proposal.model_validate_json(record.value or b"")
