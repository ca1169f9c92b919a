"""Erasing a person: that it has begun, each provider's word that it is done there, and what the person gets."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Contract, EventId, Instant, ProviderId, SubjectId

ReaderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]


class ErasureReceipt(Contract):
    """A provider holds nothing of a subject any more. Topic `attune.erasure-receipts`, keyed by subject. It does not
    name the provider where it held nothing before either: the subject says whose it is. `reader` is which of those that
    serve it says so, where there may be several."""

    schema_version: Literal[1] = 1
    kind: Literal["receipt"] = "receipt"
    subject: SubjectId
    provider: ProviderId | None = None
    erased: Instant
    reader: ReaderId | None = None


class ReaderHere(Contract):
    """The same topic, keyed by the reader: it holds embeddings, answers with them, and says so again before `until`."""

    schema_version: Literal[1] = 1
    kind: Literal["reader"] = "reader"
    reader: ReaderId
    at: Instant
    until: Instant


class ErasureBegun(Contract):
    """The same topic, keyed by the erasure's id: the agent's part is done, and these providers are to confirm. Nothing
    in it leads back to the person."""

    schema_version: Literal[1] = 1
    kind: Literal["begun"] = "begun"
    erasure: EventId
    begun: Instant
    subjects: dict[ProviderId, SubjectId]


class ErasureStatus(Contract):
    """`pending` until every provider has confirmed, `late` where one has not in time; `unknown` where the agent has not
    come to it yet (or the topic has let go of it). `confirmed` and `missing` name providers."""

    erasure: EventId
    state: Literal["unknown", "pending", "late", "complete"]
    begun: Instant | None = None
    completed: Instant | None = None
    confirmed: tuple[ProviderId, ...] = ()
    missing: tuple[ProviderId, ...] = ()
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")] | None = None
    """Ed25519 over the bytes of this object's JSON without this field, keys sorted, no blanks; only when complete. The
    public key is at /v1/erasures/key."""
