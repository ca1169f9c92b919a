"""What is asked of one person's agent: by the person, an operator, or the schedule."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from schemas.base import (
    Contract,
    Count,
    EventId,
    Instant,
    InterestId,
    InterestText,
    Ordinal,
    SpaceId,
    UserId,
    Weight,
)
from schemas.profile import MAX_INTERESTS, Interest


class AddInterest(Contract):
    op: Literal["add"] = "add"
    text: InterestText
    weight: Weight | None = None


class RewriteInterest(Contract):
    op: Literal["rewrite"] = "rewrite"
    interest: InterestId
    text: InterestText


class ReweightInterest(Contract):
    op: Literal["reweight"] = "reweight"
    interest: InterestId
    weight: Weight


class PinInterest(Contract):
    op: Literal["pin"] = "pin"
    interest: InterestId
    pinned: bool = True


class AvoidText(Contract):
    op: Literal["avoid"] = "avoid"
    text: InterestText
    weight: Weight | None = None


class RemoveInterest(Contract):
    op: Literal["remove"] = "remove"
    interest: InterestId


class RestoreInterest(Contract):
    op: Literal["restore"] = "restore"
    interest: InterestId


Edit = Annotated[
    AddInterest | RewriteInterest | ReweightInterest | PinInterest | AvoidText | RemoveInterest | RestoreInterest,
    Field(discriminator="op"),
]
Edits = Annotated[tuple[Edit, ...], Field(min_length=1, max_length=64)]
"""Carried out in this order: all of them, or none."""


class RefreshCause(StrEnum):
    """Somebody asks for it, or the time that the agent itself has set is up; the agent knows what set it."""

    DEMAND = "demand"
    AGE = "age"


class _Command(Contract):
    schema_version: Literal[1] = 1
    command_id: EventId
    user: UserId
    time: Instant


class EditCommand(_Command):
    """A person's edits, carried out on the profile as it is by then: what was learned since `base_version`, the version
    that the person saw, takes nothing away from them. They are refused (a dead-letter) where an interest that they name
    is no longer there, or where the profile has never had that version: what the person saw was another profile."""

    kind: Literal["edit"] = "edit"
    edits: Edits
    base_version: Count | None = None


class RefreshCommand(_Command):
    """Re-fit the weights now, or have the texts refined (a job for a refiner; its result comes as a proposal)."""

    kind: Literal["refresh"] = "refresh"
    what: Literal["weights", "texts"] = "weights"
    cause: RefreshCause = RefreshCause.DEMAND


class MoveCommand(_Command):
    """Move this profile to another space: its texts stay, its vectors are made anew (`streams.rollout`)."""

    kind: Literal["move"] = "move"
    space: SpaceId


class RetryCommand(_Command):
    """Look again for the items that this person's waiting interactions name."""

    kind: Literal["retry"] = "retry"


class RollbackCommand(_Command):
    kind: Literal["rollback"] = "rollback"
    version: Ordinal


class ImportCommand(_Command):
    kind: Literal["import"] = "import"
    space: SpaceId
    interests: Annotated[tuple[Interest, ...], Field(max_length=MAX_INTERESTS)]
    avoid: Annotated[tuple[Interest, ...], Field(max_length=MAX_INTERESTS)] = ()


class ForgetCommand(_Command):
    kind: Literal["forget"] = "forget"


ProfileCommand = Annotated[
    EditCommand | RefreshCommand | RetryCommand | MoveCommand | RollbackCommand | ImportCommand | ForgetCommand,
    Field(discriminator="kind"),
]
"""Topic `attune.commands`, keyed by user."""

PROFILE_COMMAND: TypeAdapter[ProfileCommand] = TypeAdapter(ProfileCommand)
