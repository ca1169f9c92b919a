"""When a profile is re-fitted, and when its texts are refined: all in one policy."""

from dataclasses import dataclass
from typing import NamedTuple

from schemas.interaction import Signal
from schemas.profile import Cause
from schemas.proposal import RefineTrigger
from workers.signals import SIGNED

AT_ONCE = frozenset({Signal.LIKE, Signal.DISLIKE, Signal.RETRACT})
"""What a person says outright counts at once; a re-fit costs a fraction of a millisecond."""

RUSH_RARER = 10
"""So many times more interactions before a re-fit in a rush, so that one person who makes nine tenths of the traffic
does not take nine tenths of the processor: at 90 clicks a second 1.8 re-fits of a full window (5 ms) instead of 18."""

IDLE_AT_MOST = 10
"""Idle delays that somebody who never pauses can put a refinement off by."""

FADED = 8
"""Interactions that a moving reward remembers: a profile that has stopped to fit falls from about 0.9 to 0.6 (half and
half would be 0.5), and 0.3 x (1 - (7/8)^n) passes a drop of 0.15 with the sixth. It counts from the eighth on: of
fewer, chance decides."""

DIGITS = 6
"""Of a reward, so that the last bits of a processor's sums do not reach the record."""


class SinceRefinement(NamedTuple):
    """What has happened since a person's texts were last refined. Times are when the broker took the message, in
    milliseconds since 1970."""

    events: int = 0
    """Interactions but for mere impressions."""
    last_ms: int = 0
    """Of the latest interaction."""
    trigger: RefineTrigger | None = None
    """The first that was reached; a demand takes its place."""
    trigger_ms: int = 0
    refined_ms: int | None = None
    """When the last job was queued."""
    measured: int = 0
    reward: float = 0.0
    """Moving mean of how well the profile foresaw what the person took to (`workers.drift`)."""
    best: float = 0.0
    token: int = 0
    """The greatest fencing token of a proposal so far: an older worker's comes too late."""


@dataclass(frozen=True, slots=True)
class TriggerPolicy:
    """A re-fit is due after `refit_after` interactions, or `refit_age` seconds after the first that has not been fitted
    yet. A refinement is triggered by

    * `refine_after` interactions since the last one, or `refine_first` where there was none yet;
    * a moving reward that has dropped by `refine_drop` from the best since then;
    * `refine_age` seconds since then, with an interaction in between;
    * demand, which is all where `refine_after` is None;

    and is due once nothing has happened for `refine_idle` seconds (a demand does not wait for that, and nobody is
    waited for longer than ten times as long), and not before `refine_cooldown` seconds after the last one.
    """

    refit_after: int = 5
    refit_age: float = 30.0
    refine_after: int | None = 20
    refine_first: int = 10
    """Of ten, two are held out to judge by: the fewest that tell one order from another."""
    refine_drop: float = 0.15
    refine_age: float = 7 * 86_400.0
    refine_cooldown: float = 300.0
    refine_idle: float = 30.0

    def refit_cause(self, signal: Signal, pending: int, learned: int, *, rush: bool = False) -> Cause | None:
        """Why to re-fit now that an interaction has been applied and `pending` ones (this included) are not fitted;
        `learned` interests came from interactions. A first click counts at once, also beside what a person typed. In a
        `rush` (`workers.evidence`) only the count counts, and a longer one."""
        if not learned and SIGNED.get(signal, 0.0) > 0:
            return Cause.FIRST
        if rush:
            return Cause.COUNT if pending >= RUSH_RARER * self.refit_after else None
        if signal in AT_ONCE:
            return Cause.SIGNAL
        return Cause.COUNT if pending >= self.refit_after else None

    def refit_due(self, pending_since_ms: int | None) -> float | None:
        """Epoch seconds by which what is pending must be fitted; None where nothing is."""
        return None if pending_since_ms is None else pending_since_ms / 1000 + self.refit_age

    @property
    def refines_unasked(self) -> bool:
        """Whether anything but a demand triggers a refinement."""
        return self.refine_after is not None

    def counted(self, since: SinceRefinement, signal: Signal, accepted_ms: int) -> SinceRefinement:
        """With one more interaction."""
        since = since._replace(last_ms=max(since.last_ms, accepted_ms))
        if signal is Signal.IMPRESSION:
            return since
        since = since._replace(events=since.events + 1)
        return _triggered(since, self._reached(since, accepted_ms), accepted_ms)

    def measured(self, since: SinceRefinement, reward: float, accepted_ms: int) -> SinceRefinement:
        """With how well the profile foresaw one more interaction, in 0..1."""
        n = since.measured + 1
        moving = round(since.reward + (reward - since.reward) / min(n, FADED), DIGITS)
        best = max(since.best, moving) if n >= FADED else 0.0
        since = since._replace(measured=n, reward=moving, best=best)
        drifted = best - moving >= self.refine_drop
        return _triggered(since, RefineTrigger.DRIFT if drifted else None, accepted_ms)

    def demanded(self, since: SinceRefinement, now_ms: int) -> SinceRefinement:
        return since._replace(trigger=RefineTrigger.DEMAND, trigger_ms=now_ms)

    def refined(self, since: SinceRefinement, now_ms: int) -> SinceRefinement:
        """Counting anew: a job has been queued."""
        return SinceRefinement(refined_ms=now_ms, last_ms=since.last_ms, token=since.token)

    def refine_due(self, since: SinceRefinement) -> tuple[RefineTrigger, int] | None:
        """Why a refinement is due, and from which millisecond since 1970 on; None where none is."""
        trigger, reached_ms = since.trigger, since.trigger_ms
        if trigger is None and since.events and since.refined_ms is not None:
            trigger, reached_ms = RefineTrigger.AGE, since.refined_ms + _ms(self.refine_age)
        if trigger is None:
            return None
        if trigger is not RefineTrigger.DEMAND:
            if not self.refines_unasked:
                return None
            quiet_ms = since.last_ms + _ms(self.refine_idle)
            reached_ms = max(reached_ms, min(quiet_ms, reached_ms + IDLE_AT_MOST * _ms(self.refine_idle)))
        if since.refined_ms is not None:
            reached_ms = max(reached_ms, since.refined_ms + _ms(self.refine_cooldown))
        return trigger, reached_ms

    def _reached(self, since: SinceRefinement, now_ms: int) -> RefineTrigger | None:
        if self.refine_after is None:
            return None
        if since.events >= self.refine_after:
            return RefineTrigger.COUNT
        if since.refined_ms is None:
            return RefineTrigger.BOOTSTRAP if since.events >= self.refine_first else None
        return RefineTrigger.AGE if now_ms >= since.refined_ms + _ms(self.refine_age) else None


def _triggered(since: SinceRefinement, trigger: RefineTrigger | None, now_ms: int) -> SinceRefinement:
    if trigger is None or since.trigger is not None:
        return since
    return since._replace(trigger=trigger, trigger_ms=now_ms)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
