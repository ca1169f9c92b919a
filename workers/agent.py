"""The agent of one user: folds a mailbox into the user's state.

`fold` is a pure function of the state, the mailbox and the catalog: the same mailbox gives byte-equal state, however it
is cut into batches and whatever happens to other users. Event by event:

1. Once. An offset at or below the applied one is a redelivery; an event id seen before is a producer's duplicate.
2. Sound. An event from the future, or a command that is not known here, becomes a dead-letter.
3. Known. An interaction with an item that nobody has described waits in the state, bounded in number, bytes and time.
4. Remembered. The interaction takes its place in the window, by event time.
5. Re-fitted, where the trigger policy says so; a version is made where the profile differs from the one before.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.command import ProfileCommand, RefreshCause, RefreshCommand, RetryCommand
from schemas.dead_letter import Reason
from schemas.interaction import Interaction, Signal
from schemas.profile import Cause
from schemas.proposal import Proposal
from workers.knowledge import Knowledge
from workers.ports import Record
from workers.refit import FitRules, leave, refit
from workers.state import Remembered, UserState, Waiting, decode_state
from workers.triggers import TriggerPolicy
from workers.window import remember


@dataclass(frozen=True, slots=True)
class AgentRules:
    """What every agent of one installation goes by. Durations in seconds."""

    fit: FitRules
    triggers: TriggerPolicy = field(default_factory=TriggerPolicy)
    window: int = 256
    max_waiting: int = 64
    max_waiting_bytes: int = 262_144
    """A message waits with every byte it came with, which may be a megabyte: 256 KiB are 64 with texts of 4,000
    characters, and keep a record small enough to be read and written for every event."""
    item_wait: float = 60.0
    clock_skew: float = 86_400.0


Message = Interaction | ProfileCommand | Proposal
"""What a mailbox holds."""


@dataclass(frozen=True, slots=True)
class Event:
    """A message of the mailbox, parsed, with the record it came in."""

    record: Record
    message: Message


@dataclass(frozen=True, slots=True)
class Change:
    """A new version. `accepted_ms` is when the broker took the message that made it."""

    version: int
    cause: Cause
    interests: int
    events: int
    accepted_ms: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A message set aside."""

    record: Record
    reason: Reason
    detail: str


@dataclass(slots=True)
class Folded:
    """What a fold did. `described` are interactions that brought the words of an item nobody else has described."""

    state: UserState
    changes: list[Change] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    described: list[Interaction] = field(default_factory=list)
    applied: Counter[str] = field(default_factory=Counter)
    """By source."""
    duplicates: Counter[str] = field(default_factory=Counter)
    """By kind: redelivered, repeated."""
    refits: Counter[str] = field(default_factory=Counter)
    """By cause."""


def fold(
    raw: bytes | None,
    mailbox: Sequence[Event],
    known: Knowledge,
    rules: AgentRules,
    parse: Callable[[Record], Interaction],
) -> Folded:
    """Folds the mailbox, in order, into the encoded state. Raises `workers.knowledge.Missing` for items or phrases that
    have not been looked up; nothing has changed then. `parse` reads a waiting record again."""
    agent = _Agent(Folded(decode_state(raw)), known, rules, parse)
    for event in mailbox:
        if agent.is_new(event.record):
            agent.take(event)
            agent.look_again(event.record.timestamp_ms)
    return agent.folded


@dataclass(slots=True)
class _Agent:
    folded: Folded
    known: Knowledge
    rules: AgentRules
    parse: Callable[[Record], Interaction]

    @property
    def state(self) -> UserState:
        return self.folded.state

    def is_new(self, record: Record) -> bool:
        place = f"{record.topic}/{record.partition}"
        if record.offset <= self.state.offsets.get(place, -1):
            self.folded.duplicates["redelivered"] += 1
            return False
        self.state.offsets[place] = record.offset
        return True

    def take(self, event: Event) -> None:
        record, message = event.record, event.message
        if self.state.has_seen(_identity(message)):
            self.folded.duplicates["repeated"] += 1
            return
        self.state.see(_identity(message))
        match message:
            case Interaction():
                self._interaction(record, message)
            case RefreshCommand(cause=cause):
                self._refresh(record, cause)
            case RetryCommand():
                pass  # Every fold looks again at what waits.
            case _:
                detail = f"{type(message).__name__} is not carried out by this version: replay it after an upgrade"
                self._set_aside(record, message, Reason.UNSUPPORTED, detail)

    def look_again(self, now_ms: int) -> None:
        """At what waits for its item: it has come, or its time is up."""
        if not self.state.waiting:
            return
        waiting, self.state.waiting = self.state.waiting, ()
        items = self.known.items({entry.item for entry in waiting})
        for entry in waiting:
            if entry.item in items:
                self._apply(self.parse(entry.record), now_ms)
            elif now_ms < entry.deadline_ms:
                self.state.waiting += (entry,)
            else:
                detail = "no catalog entry and no text came for its item: send the item, then replay this event"
                self._set_aside(entry.record, self.parse(entry.record), Reason.UNKNOWN_ITEM, detail)

    def _interaction(self, record: Record, interaction: Interaction) -> None:
        ahead = interaction.time.timestamp() - record.timestamp_ms / 1000
        if ahead > self.rules.clock_skew:
            detail = f"its time lies {ahead:.0f} s after its arrival: mend the clock"
            self._set_aside(record, interaction, Reason.FUTURE, detail)
        elif interaction.signal is Signal.RETRACT or self.known.items([interaction.item_key]):
            self._apply(interaction, record.timestamp_ms)
        elif self._has_room(record):
            self._wait(record, interaction)
        else:
            detail = (
                f"{len(self.state.waiting)} interactions of this user already wait for items: send the catalog first"
            )
            self._set_aside(record, interaction, Reason.TOO_MANY_WAITING, detail)

    def _has_room(self, record: Record) -> bool:
        waiting = [entry.record for entry in self.state.waiting]
        size = sum(len(one.value or b"") for one in [*waiting, record])
        return len(waiting) < self.rules.max_waiting and size <= self.rules.max_waiting_bytes

    def _wait(self, record: Record, interaction: Interaction) -> None:
        deadline = record.timestamp_ms + round(self.rules.item_wait * 1000)
        self.state.waiting += (Waiting(record, interaction.item_key, deadline),)
        if interaction.text is not None:
            self.folded.described.append(interaction)

    def _apply(self, interaction: Interaction, accepted_ms: int) -> None:
        state = self.state
        moment = round(interaction.time.timestamp() * 1000)
        entry = Remembered(moment, interaction.event_id, interaction.item_key, interaction.signal, interaction.retracts)
        for leaving in remember(state.window, entry, self.rules.window):
            leave(state, leaving, self.known, self.rules.fit)
        self.folded.applied[interaction.source] += 1
        state.pending += 1
        state.since_version += 1
        if state.pending_since_ms is None:
            state.pending_since_ms = accepted_ms
        cause = self.rules.triggers.refit_cause(interaction.signal, state.pending, state.version)
        if cause is not None:
            self._refit(cause, accepted_ms)

    def _refresh(self, record: Record, cause: RefreshCause) -> None:
        if cause is RefreshCause.DEMAND or self.state.pending:
            self._refit(Cause(cause.value), record.timestamp_ms)

    def _refit(self, cause: Cause, accepted_ms: int) -> None:
        state = self.state
        before = state.interests
        refit(state, self.known, self.rules.fit)
        state.pending, state.pending_since_ms, state.refitted_ms = 0, None, accepted_ms
        self.folded.refits[cause.value] += 1
        if state.interests != before:
            state.version += 1
            events, state.since_version = state.since_version, 0
            self.folded.changes.append(Change(state.version, cause, len(state.interests), events, accepted_ms))

    def _set_aside(self, record: Record, message: Message, reason: Reason, detail: str) -> None:
        """It has had no effect, so it may be sent again once what was wrong is mended."""
        self.state.unsee(_identity(message))
        self.folded.letters.append(Letter(record, reason, detail))


def _identity(message: Message) -> str:
    """Ids are made by different hands: an event must not pass for a command."""
    match message:
        case Interaction():
            return f"interaction {message.event_id}"
        case Proposal():
            return f"proposal {message.proposal_id}"
        case _:
            return f"command {message.command_id}"
