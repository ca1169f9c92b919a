"""Messages as the checker reads them: each record once, however many promises it is looked at for."""

from functools import lru_cache

from pydantic import ValidationError

from streams.messages import parse_message
from workers.mailbox import Event, Message
from workers.ports import Record


@lru_cache(maxsize=4_096)
def message_of(record: Record) -> Message | None:
    """None for what cannot be read. A seed has some hundred in its mailboxes."""
    try:
        return parse_message(record)
    except ValidationError:
        return None


def event_of(record: Record) -> Event | None:
    """None for what is no message of its mailbox."""
    message = message_of(record)
    return None if message is None or record.key != message.user.encode() else Event(record, message)
