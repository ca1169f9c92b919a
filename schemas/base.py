"""What every contract shares: the frozen base model and the field types with their limits.

The limits keep one record small enough for every place it passes through (a Kafka message, a Redis value, a log line)
and are the same at every door, so that nothing accepted at the gateway is refused further in.
"""

import math
import struct
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field, StringConstraints

MAX_TEXT = 4_000
"""Characters of an item's text. MiniLM reads 256 word pieces, about 1,200 characters; the rest is room for others."""

MAX_DIMENSION = 4_096
"""Components of a vector; the largest sentence-transformers models in use have 4,096."""

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
    return moment.astimezone(UTC)


def _float16_vector(raw: bytes) -> bytes:
    if not raw or len(raw) % 2 or len(raw) > 2 * MAX_DIMENSION:
        raise ValueError(f"must be 1 to {MAX_DIMENSION} little-endian float16 values in base64")
    if not all(map(math.isfinite, struct.unpack(f"<{len(raw) // 2}e", raw))):
        raise ValueError("must hold finite numbers only")
    return raw


UserId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_PRINTABLE)]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_PRINTABLE)]
ItemId = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=_PRINTABLE)]
ProviderId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
SubjectId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
SpaceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")]
InterestId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
InterestText = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=_PRINTABLE)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
Weight = Annotated[float, Field(ge=-1.0, le=1.0)]
Float16Vector = Annotated[Base64Bytes, AfterValidator(_float16_vector)]
"""Little-endian IEEE 754 half precision, unit length, base64 in JSON: 384 components are 1,024 characters."""


def item_key(provider: str, item: str) -> str:
    """The key of an item in every topic and store. A provider's name has no colon, so it can be split again."""
    return f"{provider}:{item}"
