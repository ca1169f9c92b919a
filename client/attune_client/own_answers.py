"""What the gateway answers a person: versions and reasons, the profile document, erasures. As `answers`."""

from typing import Any, Literal, NotRequired, TypedDict


class ReadEdit(TypedDict):
    """One edit, and what it means in a sentence."""

    edit: dict[str, Any]
    sentence: str


class ReadWish(TypedDict):
    """What was understood of a wish, and the parts that could not be read."""

    base_version: int
    edits: list[ReadEdit]
    unread: list[str]


class Difference(TypedDict):
    """One thing that a version changed. `before` and `after` are weights (of `keep_away`: cosines); `text_before` is
    what a rewritten text was called."""

    what: str
    text: str
    text_before: str | None
    before: float | None
    after: float | None


class VersionedInterest(TypedDict):
    id: str
    text: str
    weight: float
    pinned: bool
    held: bool
    kept: bool
    source: str


class Version(TypedDict):
    """What made a version, when, what it changed and what stood in it."""

    version: int
    cause: str
    time: str
    differences: list[Difference]
    reward_before: float | None
    reward_after: float | None
    interests: list[VersionedInterest]
    avoid: list[VersionedInterest]


class Versions(TypedDict):
    """Newest first."""

    current: int
    versions: list[Version]


class CommandAccepted(TypedDict):
    command_id: str


class CommandOutcome(TypedDict):
    """What became of a command: "done" (it stands in the profile of this `version`), "refused" with `why`, "waiting"
    for the vectors of its texts, or "pending": not read yet, or no longer remembered."""

    command_id: str
    state: Literal["pending", "waiting", "done", "refused"]
    why: str | None
    version: int


class Behind(TypedDict):
    """An interaction behind an interest."""

    event_id: str
    provider: str
    item: str
    title: str | None
    signal: str
    time: str


class Made(TypedDict):
    """When an interest came in, and by what; `at_latest` where it may have come earlier."""

    version: int
    cause: str
    time: str
    at_latest: bool


class InterestWhy(TypedDict):
    """Why an interest stands in the profile. Rewards in 0..1, None where there is too little to measure on."""

    id: str
    text: str
    weight: float
    pinned: bool
    held: bool
    source: str
    made: Made | None
    evidence: list[Behind]
    reward_with: float | None
    reward_without: float | None


class Contribution(TypedDict):
    """`share` of what speaks for the item; negative where the interest speaks against it."""

    interest: str
    text: str
    similarity: float
    share: float


class Explanation(TypedDict):
    """Why an item is recommended, or is not: `avoided` is the text to avoid that it is too near to."""

    version: int
    provider: str
    item: str
    title: str | None
    score: float
    seen: bool
    avoided: str | None
    nearest_avoided: float | None
    contributions: list[Contribution]


class Carried(TypedDict):
    """An interest in a document. `vector` is base64 of little-endian float16."""

    text: str
    weight: float
    pinned: NotRequired[bool]
    own: NotRequired[bool]
    vector: NotRequired[str | None]


class ProfileDocument(TypedDict):
    """The profile document: schemas/json/ProfileDocument.json describes it."""

    format: Literal["attune-profile"]
    format_version: Literal[1]
    exported: str
    version: int
    space: str
    interests: list[Carried]
    avoid: list[Carried]
    removed: list[str]
    keep_away: float | None


class RefusedRow(TypedDict):
    file: str
    line: int
    reason: str


class HistoryTaken(TypedDict):
    """What became of a file that a platform gave its user. `older` rows are from before what a profile remembers."""

    platform: str
    interactions: int
    repeated: int
    older: int
    refused: int
    rows_refused: list[RefusedRow]
    first: str | None
    last: str | None
    dropped_fields: list[str]


class ErasureAccepted(TypedDict):
    """`status` is the address to ask at."""

    erasure: str
    status: str


class ErasureStatus(TypedDict):
    """`confirmed` and `missing` name providers; `signature` is there once the erasure is complete."""

    erasure: str
    state: Literal["unknown", "pending", "late", "complete"]
    begun: str | None
    completed: str | None
    confirmed: list[str]
    missing: list[str]
    signature: str | None


class ErasureKey(TypedDict):
    """What a signature is checked with: 32 bytes in hex."""

    algorithm: str
    public_key: str
