"""The texts of people's edits, of what they bring along, and of proposals: each needs a vector before it is folded."""

from collections.abc import Iterable
from contextlib import suppress

from pydantic import ValidationError

from schemas.command import EditCommand, ImportCommand
from schemas.proposal import Proposal
from streams.contract import Record
from streams.messages import parse_message
from workers.carrying import texts_carried
from workers.editing import texts_of


def typed_texts(records: Iterable[Record]) -> set[str]:
    """What cannot be read is the agents' to set aside."""
    texts: set[str] = set()
    for record in records:
        with suppress(ValidationError):
            message = parse_message(record)
            if isinstance(message, EditCommand | Proposal):
                texts.update(texts_of(message.edits))
            elif isinstance(message, ImportCommand):
                texts.update(texts_carried(message))
    return texts
