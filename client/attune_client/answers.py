"""What the gateway answers: its JSON as it is, with types. A newer gateway may have put more fields beside these."""

from typing import Any, NotRequired, TypedDict


class Rejected(TypedDict):
    """One entry that was not taken: where it stood in the list, its id if it had one, and what to mend."""

    index: int
    reason: str
    event_id: NotRequired[str | None]
    item: NotRequired[str | None]


class Accepted(TypedDict):
    """So many entries are durable, those were refused."""

    accepted: int
    rejected: list[Rejected]


class Interest(TypedDict):
    """A text with a weight in -1..1. `held`: the weight is not learned; `kept`: and the person has not set it, it came
    with a version that they went back to or a profile that they brought along. `evidence` holds the ids of the newest
    events behind it."""

    id: str
    text: str
    weight: float
    pinned: bool
    held: bool
    kept: bool
    source: str
    evidence: list[str]


class Removed(TypedDict):
    """A text that the person took out; an edit that restores it names the id."""

    id: str
    text: str


class Profile(TypedDict):
    """A person's interests at one version, strongest first. `updated` is the time of the newest event behind it, as ISO
    8601. `keep_away`: nothing is recommended whose cosine to an avoided text is that or more; None is the default."""

    user: str
    version: int
    space: str
    updated: str | None
    interests: list[Interest]
    avoid: list[Interest]
    removed: list[Removed]
    keep_away: float | None


class Recommendation(TypedDict):
    """`interest` is the text of the interest that brought it; `seen` items rank lower."""

    provider: str
    item: str
    title: str
    category: str | None
    score: float
    interest: str | None
    seen: bool


class Recommendations(TypedDict):
    """Best first, for one version of the profile."""

    version: int
    items: list[Recommendation]


class EditsAccepted(TypedDict):
    command_id: str


class RefreshAccepted(TypedDict):
    command_id: str


class Stage(TypedDict):
    """`lag`: messages accepted and not yet handled."""

    lag: int


class Status(TypedDict):
    """How far behind each stage is, and how many items each provider has searchable."""

    stages: dict[str, Stage]
    providers: dict[str, int]
    space: str


Answer = dict[str, Any]
"""Any JSON object."""
