"""What becomes of a proposal: the one gate between a refiner and a person's profile.

1. In time. An older worker's comes too late, and a person's newer edit cancels it.
2. Owned. Of its edits those are carried out that touch nothing a person owns (`workers.editing.proposed`).
3. Judged. Both profiles, the one that stands now and the proposed one, are fitted to four fifths of what the person did
   and scored on the fifth that is held out, against the items it was made against and what the person passed over.
   Whatever the refiner measured, and at whatever version: this is measured here, on what is known now.
4. Accepted only if the reward rises. (The caller then re-fits on everything.)
"""

from dataclasses import dataclass
from enum import StrEnum

from schemas.proposal import Outcome, Proposal
from workers.editing import proposed, texts_of
from workers.held_out import fitted_reward, held_back
from workers.knowledge import Knowledge
from workers.refit import FitRules
from workers.scoring import Scoring
from workers.state import UserState


class Verdict(StrEnum):
    """How a refinement ended; a metric label."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """The reward did not rise."""
    UNJUDGED = "unjudged"
    """Nothing that the person liked, or nothing else, is held out to judge by."""
    NOTHING = "nothing"
    """Nothing in it could be done, or there was nothing to refine from."""
    CANCELLED = "cancelled"
    """The person has edited the profile since."""
    STALE = "stale"
    """From a worker whose lease had passed to another."""
    EMPTY = "empty"
    FAILED = "failed"
    UNKNOWN_WORDS = "unknown_words"
    """Its texts were not embedded in time."""
    TOO_MANY_WAITING = "too_many_waiting"


@dataclass(frozen=True, slots=True)
class Decision:
    """`state` is the accepted one, its texts changed and not yet re-fitted. Rewards, where measured, lie in 0..1."""

    verdict: Verdict
    state: UserState | None = None
    before: float | None = None
    after: float | None = None


def decide(state: UserState, proposal: Proposal, known: Knowledge, rules: FitRules, scoring: Scoring) -> Decision:
    """Pure. Raises `Missing` for what has not been looked up; the texts of the proposal must have been."""
    # 1. In time
    if (verdict := _at_sight(state, proposal)) is not None:
        return Decision(verdict)
    # 2. Owned
    words = known.phrases({*texts_of(proposal.edits), *state.removed})
    candidate = proposed(state, proposal.edits, words)
    if candidate is None:
        return Decision(Verdict.NOTHING)
    # 3. Judged
    held = held_back(state, known, proposal.negatives)
    if not held.can_judge:
        return Decision(Verdict.UNJUDGED)
    before, after = (fitted_reward(one, held, known, rules, scoring) for one in (state, candidate))
    # 4. Accepted
    if after <= before:
        return Decision(Verdict.REJECTED, before=before, after=after)
    return Decision(Verdict.ACCEPTED, candidate, before, after)


def _at_sight(state: UserState, proposal: Proposal) -> Verdict | None:
    """What needs no measuring."""
    if proposal.outcome is not Outcome.OK:
        return Verdict(proposal.outcome.value)
    if proposal.fencing_token < state.refine.token:
        return Verdict.STALE
    return Verdict.CANCELLED if state.edited_version > proposal.base_version else None
