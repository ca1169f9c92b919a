"""What is asked of one person's agent: by the person, an operator, or the schedule."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from schemas.base import (
    Contract,
    Cosine,
    Count,
    EventId,
    Instant,
    InterestId,
    InterestText,
    SpaceId,
    UserId,
    Weight,
)
from schemas.document import MAX_REMOVED, Carried
from schemas.profile import MAX_AVOID, MAX_INTERESTS


class AddInterest(Contract):
    op: Literal["add"] = "add"
    text: InterestText
    weight: Weight | None = None


class RewriteInterest(Contract):
    op: Literal["rewrite"] = "rewrite"
    interest: InterestId
    text: InterestText


class ReweightInterest(Contract):
    """Holds the weight of an interest, or lets it be learned again: `held` False gives it the weight that the re-fit
    finds, and `weight` then only says from where it goes."""

    op: Literal["reweight"] = "reweight"
    interest: InterestId
    weight: Weight
    held: bool = True


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


class KeepAway(Contract):
    """How far what is recommended stays from what is avoided: nothing whose cosine to an avoided text is `within` or
    more. None: the default again."""

    op: Literal["keep_away"] = "keep_away"
    within: Cosine | None = None


Edit = Annotated[
    AddInterest
    | RewriteInterest
    | ReweightInterest
    | PinInterest
    | AvoidText
    | RemoveInterest
    | RestoreInterest
    | KeepAway,
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


class PublishCommand(_Command):
    """Publish this profile again to the providers that have, or had, a space of their own (`streams.own_space`)."""

    kind: Literal["publish"] = "publish"


class RetryCommand(_Command):
    """Look again for the items that this person's waiting interactions name."""

    kind: Literal["retry"] = "retry"


class RollbackCommand(_Command):
    """The profile as it was at an earlier version: its texts, weights, pins, and what was removed or avoided. It is a
    new version, so that it can be taken back like any other. Refused (a dead-letter) for a version that is no longer
    remembered. Version 0 is before the first: all that the person ever changed is taken back, and what is learned from
    what they did stands."""

    kind: Literal["rollback"] = "rollback"
    version: Count


class ImportCommand(_Command):
    """What a profile document holds (`schemas.document`), in the place of what stands in the profile. `space` is that
    of the vectors; in another space the texts are embedded anew."""

    kind: Literal["import"] = "import"
    space: SpaceId
    interests: Annotated[tuple[Carried, ...], Field(max_length=MAX_INTERESTS)]
    avoid: Annotated[tuple[Carried, ...], Field(max_length=MAX_AVOID)] = ()
    removed: Annotated[tuple[InterestText, ...], Field(max_length=MAX_REMOVED)] = ()
    keep_away: Cosine | None = None


class ForgetCommand(_Command):
    """Erase this person. The command's id is the erasure's (`schemas.receipt`)."""

    kind: Literal["forget"] = "forget"


ProfileCommand = Annotated[
    EditCommand
    | RefreshCommand
    | RetryCommand
    | MoveCommand
    | PublishCommand
    | RollbackCommand
    | ImportCommand
    | ForgetCommand,
    Field(discriminator="kind"),
]
"""Topic `attune.commands`, keyed by user."""

PROFILE_COMMAND: TypeAdapter[ProfileCommand] = TypeAdapter(ProfileCommand)
