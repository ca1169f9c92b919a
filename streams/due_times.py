"""When to look at a user again, in the store's indexes by time."""

from workers.mailbox import AgentRules
from workers.spaces import Spaces
from workers.state import UserState

ITEM_LOOK = 1.0
TEXT_LOOK = 0.1
"""Seconds after which what waits is looked at for the first time."""


def due_times(state: UserState, rules: AgentRules, spaces: Spaces, now: float) -> dict[str, float | None]:
    """For `UserCommit.times`, in epoch seconds, as `now` is."""
    refine = rules.triggers.refine_due(state.refine)
    return {
        "refit": rules.triggers.refit_due(state.pending_since_ms),
        "refine": None if refine is None else refine[1] / 1000,
        "waiting": _retry_due(state, rules.item_wait, now),
        "refitted": None if state.refitted_ms is None else state.refitted_ms / 1000,
        **spaces.due(state, now),
    }


def _retry_due(state: UserState, item_wait: float, now: float) -> float | None:
    """When to look again for what waits: for an item after a second, for the vectors of a text (which take
    milliseconds, while somebody looks at the screen) after a tenth; then ever more rarely, each pause half of what has
    been waited so far (nine looks in a minute, or fourteen); and in any case once the first deadline is reached."""
    if not state.waiting:
        return None
    first = min(entry.deadline_ms for entry in state.waiting) / 1000
    pause = max(ITEM_LOOK, (now - first + item_wait) / 2)
    if texts := [entry.deadline_ms for entry in state.waiting if entry.item is None]:
        pause = min(pause, max(TEXT_LOOK, (now - max(texts) / 1000 + item_wait) / 2))
    return min(now + pause, max(first, now))
