"""Notices when the broker throws a member out of its group again and again."""

import logging
import time
from collections import deque
from collections.abc import Callable

from workers.errors import FatalRunnerError

_LOG = logging.getLogger(__name__)

LIMIT, WITHIN = 3, 60.0
"""Times and seconds: a pause of the process costs one; two members of one name throw each other out every second."""

_UNKNOWN_MEMBER = ""


class Evictions:
    """Counts them for one member."""

    def __init__(self, stage: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._stage = stage
        self._clock = clock
        self._times: deque[float] = deque(maxlen=LIMIT)

    def note(self, member_id: str) -> None:
        """To be told on each revoke of something. An ordinary rebalance leaves the member its id; one that was thrown
        out has lost it. Raises `FatalRunnerError` at the limit."""
        if member_id != _UNKNOWN_MEMBER:
            return
        self._times.append(self._clock())
        _LOG.warning("%s was thrown out of its group by the broker", self._stage)
        if len(self._times) == LIMIT and self._times[-1] - self._times[0] < WITHIN:
            raise FatalRunnerError(
                f"{self._stage} was thrown out of its group {LIMIT} times within {WITHIN:.0f} s: give every worker an"
                " ATTUNE_INSTANCE of its own, and see that none pauses for longer than ATTUNE_SESSION_TIMEOUT"
            )
