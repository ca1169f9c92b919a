"""The agent of one user: folds a mailbox into the user's state.

`fold` is a pure function of the state, the mailbox and the catalog: the same mailbox gives byte-equal state, however it
is cut into batches and whatever happens to other users. Event by event:

1. Once. An offset at or below the applied one is a redelivery; an event id seen before is a producer's duplicate.
2. Sound. An event from the future, or a command that is not known here, becomes a dead-letter.
3. Known. An interaction with an item that nobody has described, and an edit or proposal with texts that nobody has
   embedded, wait in the state, bounded in number, bytes and time. What a person does keeps its order.
4. Carried out (`workers.effects`). The interaction takes its place in the window, by event time; a person's edit is
   done (`workers.editing`), and so is going back (`workers.rollback`) and what they bring along (`workers.carrying`); a
   proposal only where it is better (`workers.proposals`).
5. Re-fitted, where the policy says so and after every edit; a version is made where the profile differs from before,
   and remembered (`workers.versions`).
6. Refined: where the policy says so, a command (the schedule's, or anybody's) puts a job beside the state.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from schemas.command import (
    EditCommand,
    ImportCommand,
    MoveCommand,
    PublishCommand,
    RefreshCause,
    RefreshCommand,
    RetryCommand,
    RollbackCommand,
)
from schemas.dead_letter import Reason
from schemas.interaction import Interaction, Signal
from schemas.profile import Cause
from schemas.proposal import Proposal
from workers.carrying import texts_to_embed
from workers.editing import texts_needed, texts_of
from workers.effects import Effects, PersonsCommand
from workers.knowledge import Knowledge
from workers.mailbox import AgentRules, Change, Event, Folded, Letter, Message, identity
from workers.ports import Record
from workers.rollback import texts_of_version
from workers.spaces import Spaces
from workers.state import Waiting, decode_state

__all__ = ["AgentRules", "Change", "Event", "Folded", "Letter", "Message", "fold"]


def fold(
    raw: bytes | None,
    mailbox: Sequence[Event],
    known: Knowledge,
    rules: AgentRules,
    parse: Callable[[Record], Message],
    spaces: Spaces | None = None,
) -> Folded:
    """Folds the mailbox, in order, into the encoded state. Raises `workers.knowledge.Missing` for items or phrases that
    have not been looked up; nothing has changed then. `parse` reads a waiting record again. Where there are `spaces`,
    the state is folded in its own: `known` and the rules' fit are of the one that is left out."""
    agent = _Agent(Folded(decode_state(raw)), known, rules, parse, spaces)
    if spaces is None:
        agent.state.space = known.space
    else:
        agent.work_in(spaces.of_state(agent.state))
    for event in mailbox:
        if agent.is_new(event.record):
            agent.take(event)
            agent.look_again(event.record.timestamp_ms)
    return agent.folded


@dataclass(slots=True)
class _Agent(Effects):
    parse: Callable[[Record], Message]
    spaces: Spaces | None = None

    def is_new(self, record: Record) -> bool:
        place = f"{record.topic}/{record.partition}"
        if record.offset <= self.state.offsets.get(place, -1):
            self.folded.duplicates["redelivered"] += 1
            return False
        self.state.offsets[place] = record.offset
        return True

    def take(self, event: Event) -> None:
        record, message = event.record, event.message
        if self.state.has_seen(identity(message)):
            self.folded.duplicates["repeated"] += 1
            return
        self.state.see(identity(message))
        match message:
            case Interaction() | EditCommand() | RollbackCommand() | ImportCommand() | Proposal():
                self._sound(record, message)
            case RefreshCommand(what="texts"):
                self.folded.carried_out[message.kind] += 1
                self.refine(record, message)
            case RefreshCommand(cause=cause):
                self.folded.carried_out[message.kind] += 1
                if cause is RefreshCause.DEMAND or self._is_due(record, message):
                    self.refit(Cause(cause.value), record.timestamp_ms)
            case MoveCommand() if self.spaces is not None:
                self.folded.carried_out[message.kind] += 1
                if not self.spaces.is_given_up(message.space):
                    self.move(record, message, self.spaces.of(message.space))
            case PublishCommand() if self.spaces is not None:
                self.folded.carried_out[message.kind] += 1
                self.publish(record, message)
            case RetryCommand():
                self.folded.carried_out[message.kind] += 1  # Every fold looks again at what waits.
            case _:
                detail = f"{type(message).__name__} is not carried out by this version: replay it after an upgrade"
                self.set_aside(record, message, Reason.UNSUPPORTED, detail)

    def _is_due(self, record: Record, command: RefreshCommand) -> bool:
        """A re-fit, by the clock of who sent the command or of the log. One that was sent twice finds none due."""
        due = self.rules.triggers.refit_due(self.state.pending_since_ms)
        return due is not None and due <= max(record.timestamp_ms / 1000, command.time.timestamp())

    def look_again(self, now_ms: int) -> None:
        """At what waits: it has come, or its time is up."""
        waiting = self.state.waiting
        if not waiting:
            return
        texts = {text for entry in waiting for text in entry.texts}
        self.known.require({entry.item for entry in waiting if entry.item is not None}, texts)
        self.state.waiting = ()
        for entry in waiting:
            if self._has_come(entry):
                self._carry_out(entry.record, _can_wait(self.parse(entry.record)), now_ms)
            elif now_ms < entry.deadline_ms:
                self.state.waiting += (entry,)
            else:
                self._give_up(entry)
        self.folded.waits["ended"] += len(waiting) - len(self.state.waiting)

    def _sound(self, record: Record, message: "_CanWait") -> None:
        if isinstance(message, Interaction):
            ahead = message.time.timestamp() - record.timestamp_ms / 1000
            if ahead > self.rules.clock_skew:
                detail = f"its time lies {ahead:.0f} s after its arrival: mend the clock"
                self.set_aside(record, message, Reason.FUTURE, detail)
                return
        if self._is_ready(message):
            self._carry_out(record, message, record.timestamp_ms)
        elif self._has_room(record):
            self._wait(record, message)
        else:
            detail = f"{len(self.state.waiting)} messages of this user already wait: send the catalog first"
            self.set_aside(record, message, Reason.TOO_MANY_WAITING, detail)

    def _is_ready(self, message: "_CanWait") -> bool:
        """Whether all is known that it needs."""
        match message:
            case Interaction(signal=signal, item_key=item):
                return signal is Signal.RETRACT or bool(self.known.items([item]))
            case Proposal():
                return self._have_words(self._texts_for(message))
            case _:
                return not self._a_person_waits() and self._have_words(self._texts_for(message))

    def _texts_for(self, message: "PersonsCommand | Proposal") -> tuple[str, ...]:
        """Those without which it cannot be carried out."""
        match message:
            case EditCommand(edits=edits):
                return texts_needed(self.state, edits)
            case RollbackCommand(version=version):
                return texts_of_version(self.state, version)
            case ImportCommand():
                return texts_to_embed(self.state, message)
            case Proposal(edits=edits):
                return texts_of(edits)
            case _:
                assert_never(message)

    def _has_come(self, entry: Waiting) -> bool:
        if entry.item is not None:
            return bool(self.known.items([entry.item]))
        return self._is_ready(_can_wait(self.parse(entry.record)))

    def _a_person_waits(self) -> bool:
        """A later edit may speak of what an earlier one brings."""
        texts = (self.parse(entry.record) for entry in self.state.waiting if entry.item is None)
        return any(isinstance(message, PersonsCommand) for message in texts)

    def _have_words(self, texts: Sequence[str]) -> bool:
        return len(self.known.phrases(texts)) == len(texts)

    def _has_room(self, record: Record) -> bool:
        waiting = [entry.record for entry in self.state.waiting]
        size = sum(len(one.value or b"") for one in [*waiting, record])
        return len(waiting) < self.rules.max_waiting and size <= self.rules.max_waiting_bytes

    def _wait(self, record: Record, message: "_CanWait") -> None:
        self.folded.waits["begun"] += 1
        deadline = record.timestamp_ms + round(self.rules.item_wait * 1000)
        if isinstance(message, Interaction):
            self.state.waiting += (Waiting(record, message.item_key, deadline),)
            if message.text is not None:
                self.folded.described.append((message, record.timestamp_ms))
        else:
            self.state.waiting += (Waiting(record, None, deadline, self._texts_for(message)),)

    def _give_up(self, entry: Waiting) -> None:
        reason = Reason.UNKNOWN_WORDS
        detail = "its texts were not embedded in time: see to the embedder, then replay it"
        if entry.item is not None:
            reason = Reason.UNKNOWN_ITEM
            detail = "no catalog entry and no text came for its item: send the item, then replay this event"
        self.set_aside(entry.record, self.parse(entry.record), reason, detail)

    def _carry_out(self, record: Record, message: "_CanWait", accepted_ms: int) -> None:
        match message:
            case Interaction():
                self.interaction(message, accepted_ms)
            case EditCommand():
                self.edit(record, message, accepted_ms)
            case RollbackCommand():
                self.roll_back(record, message, accepted_ms)
            case ImportCommand():
                self.take_in(record, message, accepted_ms)
            case Proposal():
                self.proposal(message, accepted_ms)


_CanWait = Interaction | PersonsCommand | Proposal


def _can_wait(message: Message) -> _CanWait:
    """What a waiting record holds. Raises `TypeError` for any other, which never waits."""
    if isinstance(message, _CanWait):
        return message
    raise TypeError(f"a {type(message).__name__} does not wait")
