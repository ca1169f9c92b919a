"""The profile document: what a person carries from one installation to another.

One JSON object, open and versioned. `format` and `format_version` say what it is; readers ignore fields they do not
know. Where the other installation has the same space, it recommends the same from it; where not, the words count and
are embedded anew. It holds no history: neither events nor items, nor the id of the person.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.base import Contract, Cosine, Count, Float16Vector, Instant, InterestText, SpaceId, Weight
from schemas.profile import MAX_AVOID, MAX_INTERESTS

MAX_REMOVED = 128


class Carried(Contract):
    """An interest, or what is avoided, in words. `vector` is its own in the space that the document names."""

    text: InterestText
    weight: Weight
    pinned: bool = False
    own: bool = False
    """In the person's own words or with a weight that they set, here or wherever it was carried from, and not inferred
    from what they did."""
    vector: Float16Vector | None = None


class ProfileDocument(Contract):
    """`exported` is when it was written; `version` which of the profile's versions it is."""

    format: Literal["attune-profile"] = "attune-profile"
    format_version: Literal[1] = 1
    exported: Instant
    version: Count
    space: SpaceId
    interests: Annotated[tuple[Carried, ...], Field(max_length=MAX_INTERESTS)]
    avoid: Annotated[tuple[Carried, ...], Field(max_length=MAX_AVOID)] = ()
    removed: Annotated[tuple[InterestText, ...], Field(max_length=MAX_REMOVED)] = ()
    """Texts that no inference brings back."""
    keep_away: Cosine | None = None
    """As `schemas.command.KeepAway` sets it."""

    @model_validator(mode="after")
    def _of_one_space(self) -> "ProfileDocument":
        if len({len(one.vector) for one in self.interests + self.avoid if one.vector is not None}) > 1:
            raise ValueError("all vectors need one length: they are of one space")
        return self
