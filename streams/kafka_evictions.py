"""Notices when the broker throws a member out of its group again and again."""

import logging
import time
from collections import deque
from collections.abc import Callable

from workers.errors import FatalRunnerError

_LOG = logging.getLogger(__name__)

LIMIT, WITHIN = 3, 60.0
"""Times and seconds: a pause of the process costs one; two members of one name throw each other out every second."""

SETTLED = 5.0
PATIENCE = 6
"""A member that had its partitions for so many seconds before anybody threw it out may be thrown out twice as often: of
two with one name the one that came later leaves, and the other goes on."""

_UNKNOWN_MEMBER = ""


class Evictions:
    """Counts them for one member."""

    def __init__(self, stage: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._stage = stage
        self._clock = clock
        self._times: deque[float] = deque(maxlen=PATIENCE)
        self._limit = LIMIT
        self._assigned: float | None = None

    def assigned(self) -> None:
        """To be told on each assignment; the first one counts."""
        if self._assigned is None:
            self._assigned = self._clock()

    def note(self, member_id: str) -> None:
        """To be told on each revoke of something. An ordinary rebalance leaves the member its id; one that was thrown
        out has lost it. Raises `FatalRunnerError` at the limit."""
        if member_id != _UNKNOWN_MEMBER:
            return
        now = self._clock()
        if not self._times and self._assigned is not None and now - self._assigned >= SETTLED:
            self._limit = PATIENCE
        self._times.append(now)
        _LOG.warning("%s was thrown out of its group by the broker", self._stage)
        if len(self._times) >= self._limit and now - self._times[-self._limit] < WITHIN:
            raise FatalRunnerError(
                f"{self._stage} was thrown out of its group {self._limit} times within {WITHIN:.0f} s: give every"
                " worker an ATTUNE_INSTANCE of its own, and see that none pauses for longer than ATTUNE_SESSION_TIMEOUT"
            )
