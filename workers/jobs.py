"""What waits in the store for a refiner: one person's texts to be refined."""

import hashlib
from typing import Annotated

from pydantic import Field

from schemas.base import Contract, EventId, UserId
from schemas.proposal import RefineTrigger
from workers.ports import Record


class RefineJob(Contract):
    """Queued with the state that it was made from (`UserCommit.job`). The same message makes the same job however often
    it is folded, and the job's id is that of its proposal: done twice, it is one proposal."""

    job_id: EventId
    user: UserId
    trigger: RefineTrigger
    base_version: Annotated[int, Field(ge=0)]
    requested_ms: Annotated[int, Field(ge=0)]
    """When the broker took the message that asked for it, in milliseconds since 1970."""

    @classmethod
    def from_bytes(cls, raw: bytes) -> "RefineJob":
        """What `to_bytes` wrote. Raises `pydantic.ValidationError`."""
        return cls.model_validate_json(raw)


def job_of(record: Record, user: str, trigger: RefineTrigger, version: int) -> RefineJob:
    """The job that this message asks for, at this version of the profile."""
    place = f"{record.topic}/{record.partition}/{record.offset} {user}"
    identity = hashlib.blake2b(place.encode(), digest_size=16).hexdigest()
    return RefineJob(
        job_id=identity, user=user, trigger=trigger, base_version=version, requested_ms=record.timestamp_ms
    )
