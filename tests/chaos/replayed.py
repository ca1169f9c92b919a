"""What ought to be the case: the log folded once, in order, by nobody but this process."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from schemas.dead_letter import Reason
from streams.messages import parse_message
from streams.topics import INTERACTIONS
from workers.agent import AgentRules, Event, fold
from workers.knowledge import Knowledge, Missing
from workers.mailbox import Folded
from workers.ports import Record, Store
from workers.spaces import InSpace, Spaces


@dataclass
class Replayed:
    users: dict[str, Folded] = field(default_factory=dict)
    """Of those whose mail is interactions only: one partition, so one order."""
    others: set[str] = field(default_factory=set)
    """Users whose mail comes in several topics: the order between topics is the moment's."""
    letters: dict[str, Reason] = field(default_factory=dict)
    """By id, of users in `users` and of what belongs to nobody."""


async def replay(mail: Iterable[Record], store: Store, rules: AgentRules, space: str) -> Replayed:
    """Folds each user's interactions from nothing. The store is asked for vectors only."""
    known = Knowledge(space=space)
    spaces = Spaces(InSpace(space, known, rules.fit))
    replayed, mailboxes = Replayed(), _sorted(mail)
    for record in mailboxes.unreadable:
        replayed.letters[_id(record)] = Reason.INVALID
    for user, events in mailboxes.by_user.items():
        if any(event.record.topic != INTERACTIONS for event in events):
            replayed.others.add(user)
            continue
        folded = replayed.users[user] = await _folded(events, store, known, rules, spaces)
        replayed.letters |= {_id(letter.record): letter.reason for letter in folded.letters}
    return replayed


async def _folded(events: Sequence[Event], store: Store, known: Knowledge, rules: AgentRules, spaces: Spaces) -> Folded:
    while True:
        try:
            return fold(None, events, known, rules, parse_message, spaces)
        except Missing as missing:
            known.learn_items(missing.items, (await store.read((), missing.items, known.space)).items)
            known.learn_phrases(missing.phrases, await store.read_phrases(known.space, missing.phrases))


@dataclass
class _Sorted:
    by_user: dict[str, list[Event]] = field(default_factory=dict)
    unreadable: list[Record] = field(default_factory=list)


def _sorted(mail: Iterable[Record]) -> _Sorted:
    found = _Sorted()
    for record in mail:
        try:
            message = parse_message(record)
        except ValidationError:
            found.unreadable.append(record)
        else:
            found.by_user.setdefault(message.user, []).append(Event(record, message))
    return found


def _id(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"
