"""What a refiner suggests for one person's profile, with what it measured and what it cost."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import (
    Contract,
    Count,
    EventId,
    Instant,
    ItemKey,
    Ordinal,
    UserId,
)
from schemas.command import Edit

Reward = Annotated[float, Field(ge=0, le=1)]


MAX_NEGATIVES = 128


class RefineTrigger(StrEnum):
    """Why a refinement was asked for; a metric label."""

    COUNT = "count"
    """Enough interactions since the last one."""
    BOOTSTRAP = "bootstrap"
    """The first one of this person: enough interactions to be described in words."""
    DRIFT = "drift"
    """What the person does fits the profile worse than it did."""
    AGE = "age"
    DEMAND = "demand"


class Outcome(StrEnum):
    """`failed` is never read as "no interests"."""

    OK = "ok"
    EMPTY = "empty"
    FAILED = "failed"


class Cost(Contract):
    calls: Count = 0
    prompt_tokens: Count = 0
    completion_tokens: Count = 0


class Proposal(Contract):
    """Topic `attune.proposals`, keyed by user. Applied only against `base_version`, or judged anew."""

    schema_version: Literal[1] = 1
    proposal_id: EventId
    user: UserId
    time: Instant
    base_version: Count
    fencing_token: Ordinal
    proposer: Literal["phrases", "vllm"]
    outcome: Outcome
    trigger: RefineTrigger = RefineTrigger.DEMAND
    job_id: EventId | None = None
    """The job it came from. The proposal has the same id, so that a job done twice is one proposal."""
    edits: Annotated[tuple[Edit, ...], Field(max_length=64)] = ()
    negatives: Annotated[tuple[ItemKey, ...], Field(max_length=MAX_NEGATIVES)] = ()
    """Items the person never touched, which it was measured against and is judged against again."""
    reward_before: Reward | None = None
    reward_after: Reward | None = None
    cost: Cost = Cost()
