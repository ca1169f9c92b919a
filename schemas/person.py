"""Bodies of the HTTP API on the person's side: wishes, versions, why, history, erasure. More fields may come to stand
beside these."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from schemas.base import (
    Contract,
    Cosine,
    Count,
    EventId,
    Instant,
    InterestId,
    InterestText,
    ItemId,
    Ordinal,
    ProviderId,
    Title,
    Weight,
)
from schemas.command import Edit
from schemas.interaction import Signal
from schemas.profile import Cause, Source


class WishBody(Contract):
    """What a person wants, as they say it: "less politics, more jazz from the seventies"."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=1_000, strip_whitespace=True)]


class ReadEdit(Contract):
    """One edit, and what it means in a sentence for the person."""

    edit: Edit
    sentence: str


class ReadWish(Contract):
    """What was understood: to be shown, and sent to `.../edits` where it is right. Nothing has changed yet. `unread`
    are the parts that could not be read."""

    base_version: Count
    edits: tuple[ReadEdit, ...]
    unread: tuple[str, ...] = ()


class Difference(Contract):
    """One thing that a version changed. `before` and `after` are weights, where there were any; `text_before` is what a
    text was called before it was rewritten. `let_go`: its weight was held, and is learned again. `allowed`: a text that
    was avoided or removed is so no longer, and has not come back by itself. `keep_away` is of the profile, not of a
    text: `before` and `after` are the cosines, None the default."""

    what: Literal[
        "added",
        "removed",
        "restored",
        "rewritten",
        "reweighted",
        "pinned",
        "unpinned",
        "avoided",
        "allowed",
        "keep_away",
        "let_go",
    ]
    text: InterestText
    text_before: InterestText | None = None
    before: float | None = None
    after: float | None = None


class VersionedInterest(Contract):
    id: InterestId
    text: InterestText
    weight: Weight
    pinned: bool = False
    held: bool = False
    kept: bool = False
    source: Source


class Version(Contract):
    """One version: what made it, when, what it changed, and what stood in it. `differences` are to the version that
    stands next in the list; the oldest has none, unless it is the first that there was."""

    version: Ordinal
    cause: Cause
    time: Instant
    differences: tuple[Difference, ...]
    reward_before: float | None = None
    reward_after: float | None = None
    interests: tuple[VersionedInterest, ...]
    avoid: tuple[VersionedInterest, ...] = ()


class Versions(Contract):
    """Newest first, as far back as the agent remembers."""

    current: Count
    versions: tuple[Version, ...]


class RollbackBody(Contract):
    """`version` 0 is before the first (`schemas.command.RollbackCommand`)."""

    version: Count
    command_id: EventId | None = None


class CommandAccepted(Contract):
    command_id: str


class CommandOutcome(Contract):
    """What became of a person's edit, rollback or import, by the same record as their profile. "pending": the agent has
    not read it, or it was longer ago than is remembered; "waiting": for the vectors of its texts; "done": it stands in
    the profile of this `version` and of all later ones; "refused": it had no effect, and `why` says what to do."""

    command_id: EventId
    state: Literal["pending", "waiting", "done", "refused"]
    why: str | None = None
    version: Count


class Behind(Contract):
    """An interaction behind an interest. `title` is None where the catalog no longer knows the item."""

    event_id: EventId
    provider: ProviderId
    item: ItemId
    title: Title | None = None
    signal: Signal
    time: Instant


class Made(Contract):
    """When an interest came into the profile, and by what, as far as versions are remembered."""

    version: Ordinal
    cause: Cause
    time: Instant
    at_latest: bool = False
    """It may have come earlier: the version before this one is no longer remembered."""


class InterestWhy(Contract):
    """Why an interest stands in the profile. Rewards (0 to 1) are measured on the fifth of what the person did that is
    held out, with this interest and without; None where there is too little to measure on."""

    id: InterestId
    text: InterestText
    weight: Weight
    pinned: bool
    held: bool
    source: Source
    made: Made | None = None
    evidence: tuple[Behind, ...] = ()
    reward_with: float | None = None
    reward_without: float | None = None


class Contribution(Contract):
    """`share` of what speaks for the item, negative where the interest speaks against it. They sum to 1; where no more
    speaks for the item than against it, their amounts do."""

    interest: InterestId
    text: InterestText
    similarity: float
    share: float


class Explanation(Contract):
    """Why an item is recommended, or is not. `avoided` is the text to avoid that it is too near to."""

    version: Count
    provider: ProviderId
    item: ItemId
    title: Title | None = None
    score: float
    seen: bool
    avoided: InterestText | None = None
    nearest_avoided: Cosine | None = None
    contributions: tuple[Contribution, ...]


class ErasureAccepted(Contract):
    """The person is being erased. `status` is where to ask how far it is."""

    erasure: EventId
    status: str


class ErasureKey(Contract):
    """What the signature of a complete erasure is checked with: 32 bytes in hex."""

    algorithm: Literal["Ed25519"] = "Ed25519"
    public_key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class RefusedRow(Contract):
    """A row of a file that a platform gave its user. It is not repeated here: it may be private."""

    file: str
    line: Count
    reason: str


class HistoryTaken(Contract):
    """What became of a person's history from a platform."""

    platform: str
    interactions: Count
    repeated: Count
    """Rows that were there already, from this file or an earlier one."""
    older: Count = 0
    """Rows from before what a profile remembers: they were not taken."""
    refused: Count
    rows_refused: tuple[RefusedRow, ...] = ()
    """The first of them."""
    first: Instant | None = None
    last: Instant | None = None
    dropped_fields: tuple[str, ...] = ()
    """Columns that nobody needs (addresses, devices), which were not read."""
