"""Sorts what a batch brings into mailboxes, one per user, each in the order in which it is folded.

A mailbox comes over three topics, and how far each has been read is chance. So they are merged as sorted lists are: the
next message is the one that the broker took first, of two in the same millisecond that of the topic that comes first,
and those of one partition never change places, whatever its broker's clock did. Wherever the same messages are at hand,
they are folded in the same order: in a batch, and when a log is replayed (`streams.replay`).
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pydantic import ValidationError

from schemas.dead_letter import Reason
from schemas.interaction import Interaction
from schemas.proposal import Proposal
from streams.contract import Partition, Record
from streams.dead_letters import summarize
from streams.messages import parse_message
from streams.sealing import is_sealed
from streams.topics import MAILBOX
from workers.mailbox import Event, Letter

Mailboxes = Mapping[str, Sequence[Event]]
"""By user."""

_RANK = {topic: rank for rank, topic in enumerate(MAILBOX)}


class Sorted(NamedTuple):
    """A batch: what can be folded, and what cannot even be read."""

    mailboxes: Mailboxes
    letters: list[Letter]


def sort_out(batch: Iterable[Record]) -> Sorted:
    """Every record that somebody can read is in a mailbox or a letter."""
    mailboxes: dict[str, list[Event]] = defaultdict(list)
    letters: list[Letter] = []
    for record in batch:
        if record.forgotten:
            continue
        one = read_event(record)
        if isinstance(one, Letter):
            letters.append(one)
        else:
            mailboxes[one.message.user].append(one)
    return Sorted({user: in_order(mailbox) for user, mailbox in mailboxes.items()}, letters)


def read_event(record: Record) -> Event | Letter:
    """The message, or why it is none."""
    if is_sealed(record.value):
        return Letter(record, Reason.INVALID, "it is sealed, and no key of this installation opens it")
    try:
        message = parse_message(record)
    except ValidationError as error:
        return Letter(record, Reason.INVALID, summarize(error))
    if record.key != message.user.encode():
        return Letter(record, Reason.WRONG_KEY, "send it keyed by its user")
    return Event(record, message)


def in_order(mailbox: Sequence[Event]) -> list[Event]:
    """One user's messages; those of one partition come in the order of their offsets."""
    sources: dict[Partition, list[Event]] = defaultdict(list)
    for event in mailbox:
        sources[event.record.source].append(event)
    if len(sources) == 1:
        return list(mailbox)
    return list(heapq.merge(*sources.values(), key=_place))


def items_of(mailboxes: Mailboxes) -> set[str]:
    """The items that the messages name."""
    items: set[str] = set()
    for message in (event.message for mailbox in mailboxes.values() for event in mailbox):
        if isinstance(message, Interaction):
            items.add(message.item_key)
        elif isinstance(message, Proposal):
            items.update(message.negatives)
    return items


def following(batch: Iterable[Record]) -> dict[Partition, int]:
    """The offset after the last record of each partition."""
    return {record.source: record.offset + 1 for record in batch}


def _place(event: Event) -> tuple[int, int, int]:
    record = event.record
    return record.timestamp_ms, _RANK[record.topic], record.partition
