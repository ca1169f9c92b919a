"""What every contract shares: the frozen base model and the field types with their limits.

The limits keep one record small enough for every place it passes through (a Kafka message, a Redis value, a log line)
and are the same at every door, so that nothing accepted at the gateway is refused further in.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

MAX_TEXT = 4_000
"""Characters of an item's text. MiniLM reads 256 word pieces, about 1,200 characters; the rest is room for others."""

MAX_DIMENSION = 4_096
"""Components of a vector; the largest sentence-transformers models in use have 4,096."""

MAX_COUNT = 2**53
"""The greatest whole number that every reader of JSON takes exactly. Greater ones fit neither into 64 bits nor into a
float, which is where they are going; in milliseconds it is the year 287,396."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

_PRINTABLE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"


class Contract(BaseModel):
    """A frozen body. Unknown fields are ignored, so that old readers accept what new writers send; NaN and infinity
    are refused; a validation error never repeats the input (titles and ids stay out of logs)."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, hide_input_in_errors=True)

    def to_bytes(self) -> bytes:
        """The message as it goes on the wire: UTF-8 JSON."""
        return self.model_dump_json(exclude_none=True).encode()


def _utc(moment: datetime) -> datetime:
    if moment < EARLIEST:
        raise ValueError("is before 1970; send the event's own time as ISO 8601 with a timezone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is after the year 9999 in UTC; send the event's own time") from error


def _no_bare_number(moment: object) -> object:
    """A number would be read as seconds or as milliseconds, whichever looks likelier."""
    if isinstance(moment, int | float) or (isinstance(moment, str) and moment.lstrip("+-").replace(".", "").isdigit()):
        raise ValueError("must be ISO 8601 with a timezone, such as 2026-11-21T12:00:00Z, not a number")
    return moment


def _float16_vector(raw: bytes) -> bytes:
    if not raw or len(raw) % 2 or len(raw) > 2 * MAX_DIMENSION:
        raise ValueError(f"must be 1 to {MAX_DIMENSION} little-endian float16 values in base64")
    if not _all_finite(raw):
        raise ValueError("must hold finite numbers only")
    return raw


def _all_finite(raw: bytes) -> bool:
    """NaN and infinity are the float16 values whose five exponent bits are all ones. All of them are looked at in one
    sum of integers: adding one to such an exponent, and to no other, carries into the bit of the sign. (384 values take
    1 us, unpacked 16; and every vector passes here where it is made and again where it is read.)"""
    exponent, one, sign = _float16_masks(len(raw) // 2)
    return not ((int.from_bytes(raw, "little") & exponent) + one) & sign


@lru_cache(maxsize=64)
def _float16_masks(values: int) -> tuple[int, int, int]:
    """The exponent's bits, its lowest bit and the sign's bit, repeated for so many values."""
    exponent, one, sign = (int.from_bytes(word * values, "little") for word in (b"\x00\x7c", b"\x00\x04", b"\x00\x80"))
    return exponent, one, sign


UserId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_PRINTABLE)]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_PRINTABLE)]
ItemId = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=_PRINTABLE)]
ProviderId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
ItemKey = Annotated[
    str,
    StringConstraints(max_length=64 + 1 + 256, pattern=r"^[a-z0-9][a-z0-9._-]{0,63}:" + _PRINTABLE.removeprefix("^")),
]
"""What `item_key` makes of a provider and an item."""
SubjectId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
SpaceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")]
InterestId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
InterestText = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=_PRINTABLE)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Instant = Annotated[AwareDatetime, BeforeValidator(_no_bare_number), AfterValidator(_utc)]
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]
Ordinal = Annotated[int, Field(ge=1, le=MAX_COUNT)]
Weight = Annotated[float, Field(ge=-1.0, le=1.0)]
Cosine = Annotated[float, Field(ge=0.0, le=1.0)]
"""Of two texts that have something to do with each other."""
Float16Vector = Annotated[Base64Bytes, AfterValidator(_float16_vector)]
"""Little-endian IEEE 754 half precision, unit length, base64 in JSON: 384 components are 1,024 characters."""


def item_key(provider: str, item: str) -> str:
    """The key of an item in every topic and store. A provider's name has no colon, so it can be split again."""
    return f"{provider}:{item}"
