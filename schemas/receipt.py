"""A provider's word that it has erased a subject."""

from typing import Literal

from schemas.base import Contract, Instant, ProviderId, SubjectId


class ErasureReceipt(Contract):
    """Topic `attune.erasure-receipts`, keyed by subject."""

    schema_version: Literal[1] = 1
    subject: SubjectId
    provider: ProviderId
    erased: Instant
