"""Bodies of the HTTP API. Shapes that scripts rely on; more fields may come to stand beside these."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from schemas.base import (
    MAX_DIMENSION,
    MAX_TEXT,
    Contract,
    Cosine,
    Count,
    EventId,
    Instant,
    ItemId,
    Label,
    Ordinal,
    ProviderId,
    SpaceId,
    SubjectId,
    Title,
    Weight,
)
from schemas.command import Edits
from schemas.profile import MAX_AVOID, MAX_INTERESTS
from schemas.space import OwnSpace, SpaceEntry

MAX_BATCH = 1_000
"""Interactions or items in one request."""

MAX_BODY_BYTES = 4 * 1024 * 1024
"""1,000 interactions with an item text of 4,000 characters each are just under 4 MiB."""

MAX_K = 200

Vector = Annotated[tuple[float, ...], Field(min_length=1, max_length=MAX_DIMENSION)]


class Rejected(Contract):
    """One entry of a batch that was not taken: where it stood, its id if it had one, and what to mend."""

    index: Count
    event_id: str | None = None
    item: str | None = None
    reason: str


class Accepted(Contract):
    """Answer 202: this many stand in the log now (or will never be lost), those were refused."""

    accepted: Count
    rejected: tuple[Rejected, ...] = ()


class ItemBody(Contract):
    """One catalog entry; the provider stands in the path. `deleted` takes the item out of the catalog."""

    item: ItemId
    title: Title | None = None
    text: Annotated[str, StringConstraints(max_length=MAX_TEXT)] | None = None
    category: Label | None = None
    tags: Annotated[tuple[Label, ...], Field(max_length=16)] = ()
    time: Instant | None = None
    deleted: bool = False

    @model_validator(mode="after")
    def _a_title_unless_deleted(self) -> "ItemBody":
        if self.title is None and not self.deleted:
            raise ValueError("needs a 'title' (or 'deleted': true)")
        return self


class EditsBody(Contract):
    """What a person changes in their profile. Edits with the `command_id` of earlier ones are those: they count once.
    They are carried out on whatever the profile is by then; where `base_version`, the version that the person saw, is
    one that the profile has not reached, they are refused."""

    edits: Edits
    base_version: Count | None = None
    command_id: EventId | None = None


class EditsAccepted(Contract):
    command_id: str


class RefreshBody(Contract):
    """What to renew: the weights of the interests, or their texts."""

    what: Literal["weights", "texts"] = "weights"


class RefreshAccepted(Contract):
    command_id: str


class Recommendation(Contract):
    provider: ProviderId
    item: ItemId
    title: Title
    category: Label | None = None
    score: float
    interest: str | None = None
    """The text of the interest that brought it."""
    seen: bool = False


class Recommendations(Contract):
    version: Count
    items: tuple[Recommendation, ...]


class SearchBody(Contract):
    """Vectors in, items out; no user. Either the vectors themselves, or a `subject` whose published embedding the
    provider holds."""

    subject: SubjectId | None = None
    space: SpaceId | None = None
    vectors: Annotated[tuple[Vector, ...], Field(max_length=MAX_INTERESTS)] = ()
    weights: Annotated[tuple[Weight, ...], Field(max_length=MAX_INTERESTS)] = ()
    avoid: Annotated[tuple[Vector, ...], Field(max_length=MAX_AVOID)] = ()
    keep_away: Cosine | None = None
    k: Annotated[int, Field(ge=1, le=MAX_K)] = 10
    threshold: Annotated[float, Field(ge=-1, le=1)] | None = None
    scoring: Annotated[str, StringConstraints(pattern="^(linear|mixture)$")] | None = None

    @model_validator(mode="after")
    def _subject_or_vectors(self) -> "SearchBody":
        if (self.subject is None) == (not self.vectors):
            raise ValueError("needs either 'subject' or 'vectors' with 'weights'")
        if len(self.vectors) != len(self.weights):
            raise ValueError("needs one weight per vector")
        return self


class Found(Contract):
    """One item found. `interest` is the position of the vector that brought it."""

    item: ItemId
    title: Title
    category: Label | None = None
    score: float
    interest: Count


class SearchAnswer(Contract):
    version: Ordinal | None = None
    """Of the subject's published embedding, where the search was for a subject."""
    space: SpaceId
    items: tuple[Found, ...]


class Providers(Contract):
    """How many items each provider has searchable."""

    providers: dict[str, int]


class StageStatus(Contract):
    lag: Count
    """Messages accepted and not yet handled."""


class Status(Contract):
    """What an operator asks first: how far behind each stage is, and how many items each provider has searchable."""

    stages: dict[str, StageStatus]
    providers: dict[str, int]
    space: SpaceId


class OwnBody(Contract):
    """Gives a provider a space of its own; without a `space` it comes back to the common one."""

    provider: ProviderId
    space: SpaceEntry | None = None


class OwnStatus(OwnSpace):
    """`left` profiles are not published there yet, or not as they are now."""

    left: Count


class SpaceStatus(Contract):
    """Where a roll-out stands (`docs/spaces.md`). `left` profiles are still to be moved to the current space. `own`:
    providers with a space of their own."""

    current: SpaceEntry
    next: SpaceEntry | None = None
    previous: SpaceEntry | None = None
    phase: Annotated[str, StringConstraints(pattern="^(none|embedding|moving|done)$")]
    left: Count
    own: tuple[OwnStatus, ...] = ()


class Health(Contract):
    status: Annotated[str, StringConstraints(pattern="^(ok|failing)$")]
    problems: tuple[str, ...] = ()


class Problem(Contract):
    """An error as RFC 9457 describes it (`application/problem+json`)."""

    type: str = "about:blank"
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    rejected: tuple[Rejected, ...] = ()
