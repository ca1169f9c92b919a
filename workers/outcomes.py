"""What became of a person's command, as their record tells it.

A command that was carried out is among the ids that the agent has seen, and so is one that waits for the vectors of its
texts. What was refused is not, since it may be sent again; of that the record keeps the latest, each with the reason.
So the answer comes from the same record as the profile, and is never ahead of it or behind.
"""

from collections.abc import Callable

from schemas.dead_letter import Reason
from schemas.person import CommandOutcome
from workers.mailbox import Message, identity
from workers.ports import Record
from workers.state import Refused, UserState

MAX_REFUSED = 8
"""Whoever asks does so within seconds, and a person does not do eight things in that time. An id of 128 characters and
a reason of 150 take 300 bytes, so eight are 2.4 KB of a record."""

_IN_WORDS = {
    Reason.UNKNOWN_WORDS: "the service did not get to its words in time: do it again in a minute",
    Reason.TOO_MANY_WAITING: "too much of yours waits already: do it again in a minute",
}
"""For the person, where the reason of the dead-letter is the operator's business."""


def refuse(state: UserState, command_id: str, reason: Reason, detail: str) -> None:
    """Keeps why a command had no effect."""
    others = [one for one in state.refused if one.command != command_id]
    state.refused = (*others, Refused(command_id, _IN_WORDS.get(reason, detail)))[-MAX_REFUSED:]


def outcome(state: UserState, command_id: str, parse: Callable[[Record], Message]) -> CommandOutcome:
    """`parse` reads a record that waits."""
    name = f"command {command_id}"
    why = next((one.why for one in state.refused if one.command == command_id), None)
    if not state.has_seen(name):
        became = "pending" if why is None else "refused"
        return CommandOutcome(command_id=command_id, state=became, why=why, version=state.version)
    waits = any(identity(parse(one.record)) == name for one in state.waiting if one.item is None)
    return CommandOutcome(command_id=command_id, state="waiting" if waits else "done", version=state.version)
