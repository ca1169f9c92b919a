"""When a profile is re-fitted: all in one policy."""

from dataclasses import dataclass

from schemas.interaction import Signal
from schemas.profile import Cause
from workers.signals import SIGNED

AT_ONCE = frozenset({Signal.LIKE, Signal.DISLIKE, Signal.RETRACT})
"""What a person says outright counts at once; a re-fit costs a fraction of a millisecond."""


@dataclass(frozen=True, slots=True)
class TriggerPolicy:
    """`refit_after` interactions, or `refit_age` seconds after the first that has not been fitted yet."""

    refit_after: int = 5
    refit_age: float = 30.0

    def refit_cause(self, signal: Signal, pending: int, version: int) -> Cause | None:
        """Why to re-fit now that an interaction has been applied and `pending` ones (this included) are not fitted."""
        if version == 0 and SIGNED.get(signal, 0.0) > 0:
            return Cause.FIRST
        if signal in AT_ONCE:
            return Cause.SIGNAL
        return Cause.COUNT if pending >= self.refit_after else None

    def refit_due(self, pending_since_ms: int | None) -> float | None:
        """Epoch seconds by which what is pending must be fitted; None where nothing is."""
        return None if pending_since_ms is None else pending_since_ms / 1000 + self.refit_age
