"""What goes into the fold of a mailbox and what comes out of it, as plain data."""

from collections import Counter
from dataclasses import dataclass, field

from schemas.command import ProfileCommand
from schemas.dead_letter import Reason
from schemas.interaction import Interaction
from schemas.profile import Cause
from schemas.proposal import Proposal
from workers.jobs import RefineJob
from workers.ports import Record
from workers.refit import FitRules
from workers.scoring import Scoring
from workers.state import UserState
from workers.triggers import TriggerPolicy


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
    """For an item's description, and for the vectors of typed texts."""
    clock_skew: float = 86_400.0
    scoring: Scoring = "mixture"
    """By which proposals are judged: what the providers rank by."""


Message = Interaction | ProfileCommand | Proposal
"""What a mailbox holds."""


@dataclass(frozen=True, slots=True)
class Event:
    """A message of the mailbox, parsed, with the record it came in."""

    record: Record
    message: Message


@dataclass(frozen=True, slots=True)
class Change:
    """A new version. `accepted_ms` is when the broker took the message that made it. A refinement's has the rewards
    that it was accepted for, in 0..1."""

    version: int
    cause: Cause
    interests: int
    events: int
    accepted_ms: int
    reward_before: float | None = None
    reward_after: float | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message set aside."""

    record: Record
    reason: Reason
    detail: str


@dataclass(slots=True)
class Folded:
    """What a fold did. `described` are interactions that brought the words of an item nobody else has described; `job`
    is for a refiner."""

    state: UserState
    changes: list[Change] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    described: list[tuple[Interaction, int]] = field(default_factory=list)
    """With the time at which the broker took each, in milliseconds since 1970."""
    job: RefineJob | None = None
    publish: bool = False
    """Somebody asks for what the profile says, whether or not it has changed (`schemas.command.PublishCommand`)."""
    applied: Counter[str] = field(default_factory=Counter)
    """By source."""
    duplicates: Counter[str] = field(default_factory=Counter)
    """By kind: redelivered, repeated."""
    carried_out: Counter[str] = field(default_factory=Counter)
    """Commands and proposals that were dealt with, by kind; those set aside as letters are not among them."""
    waits: Counter[str] = field(default_factory=Counter)
    """How many messages have begun to wait here, and how many have ended, by "begun" and "ended"."""
    refits: Counter[str] = field(default_factory=Counter)
    """By cause."""
    refinements: Counter[tuple[str, str]] = field(default_factory=Counter)
    """That have ended, by trigger and verdict."""


def identity(message: Message) -> str:
    """Ids are made by different hands: an event must not pass for a command."""
    match message:
        case Interaction():
            return f"interaction {message.event_id}"
        case Proposal():
            return f"proposal {message.proposal_id}"
        case _:
            return f"command {message.command_id}"
