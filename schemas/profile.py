"""A person's profile: as the person reads it, as a provider receives it, and the notice that it changed."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.base import (
    Contract,
    Cosine,
    Count,
    EventId,
    Float16Vector,
    Instant,
    InterestId,
    InterestText,
    Ordinal,
    ProviderId,
    SpaceId,
    SubjectId,
    UserId,
    Weight,
)

MAX_INTERESTS = 24
MAX_AVOID = 24
MAX_EVIDENCE = 8


class Source(StrEnum):
    """Who made an interest."""

    BOOTSTRAP = "bootstrap"
    REFINEMENT = "refinement"
    PERSON = "person"
    IMPORT = "import"


class Cause(StrEnum):
    """Why a version was made."""

    FIRST = "first"
    COUNT = "count"
    SIGNAL = "signal"
    """A like, a dislike or a retraction: what a person says outright counts at once."""
    AGE = "age"
    DEMAND = "demand"
    EDIT = "edit"
    REFINEMENT = "refinement"
    ROLLBACK = "rollback"
    IMPORT = "import"
    SPACE = "space"


class Interest(Contract):
    """A text with a weight. `evidence` names the newest events behind it; it never leaves the person's own view."""

    id: InterestId
    text: InterestText
    weight: Weight
    pinned: bool = False
    held: bool = False
    """No re-fit changes its weight."""
    kept: bool = False
    """It is not of the person's own making: it is held as it came, with a version that they went back to or a profile
    that they brought along."""
    source: Source
    evidence: Annotated[tuple[EventId, ...], Field(max_length=MAX_EVIDENCE)] = ()


class Removed(Contract):
    """A text that the person took out. Its id is what a restoring edit names."""

    id: InterestId
    text: InterestText


class Profile(Contract):
    """Interests of one user at one version, strongest first. Weights lie in -1..1: 0 says nothing, below 0 is disliked,
    and nothing reaches 1, since evidence is never complete."""

    user: UserId
    version: Count
    space: SpaceId
    updated: Instant | None = None
    """Event time of the newest interaction that this version knows; None before the first."""
    interests: Annotated[tuple[Interest, ...], Field(max_length=MAX_INTERESTS)]
    avoid: Annotated[tuple[Interest, ...], Field(max_length=MAX_AVOID)] = ()
    removed: tuple[Removed, ...] = ()
    """What the person took out, oldest first: no inference brings it back, in these words or others."""
    keep_away: Cosine | None = None
    """Nothing is recommended whose cosine to an avoided text is this or more; None is the default."""
    spaces: dict[SpaceId, dict[InterestId, Weight]] = Field(default_factory=dict)
    """The weights that interests have at providers with a space of their own, by space and the interest's id."""


class ProfileEmbedding(Contract):
    """Topic `attune.profile-embeddings`, keyed by the subject. All that a provider learns: vectors, weights and its own
    pseudonym for the person. A null value is a tombstone."""

    schema_version: Literal[1] = 1
    subject: SubjectId
    provider: ProviderId
    version: Ordinal
    space: SpaceId
    vectors: Annotated[tuple[Float16Vector, ...], Field(max_length=MAX_INTERESTS)]
    weights: Annotated[tuple[Weight, ...], Field(max_length=MAX_INTERESTS)]
    avoid: Annotated[tuple[Float16Vector, ...], Field(max_length=MAX_AVOID)] = ()
    keep_away: Cosine | None = None
    """Nothing is to be recommended whose cosine to an avoided vector is this or more; None is the default."""
    accepted_ms: Count
    """When the broker took the message that made this version, in milliseconds since 1970: the start of freshness."""

    @model_validator(mode="after")
    def _one_weight_a_vector(self) -> "ProfileEmbedding":
        if len(self.vectors) != len(self.weights):
            raise ValueError("needs one weight per vector")
        if len({len(vector) for vector in self.vectors + self.avoid}) > 1:
            raise ValueError("all vectors need one length: they are of one space")
        return self


class ProfileChanged(Contract):
    """Topic `attune.profile-events`, keyed by user."""

    schema_version: Literal[1] = 1
    user: UserId
    version: Ordinal
    cause: Cause
    interests: Annotated[int, Field(ge=0, le=MAX_INTERESTS)]
    events: Count
    """Interactions folded in since the version before."""
    reward_before: Annotated[float, Field(ge=0, le=1)] | None = None
    reward_after: Annotated[float, Field(ge=0, le=1)] | None = None
    accepted_ms: Count
