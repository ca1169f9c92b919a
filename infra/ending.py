"""The two ways in which a process ends itself by force, from a thread, because what hangs cannot be asked.

`Pulse`: an event loop that does not turn answers nobody, commits nothing and keeps its place in no group, while all
that is seen from outside is a process that lives. `Ending`: once a process is to end, everything it waits for (requests
in hand, batches, what the producer holds, sockets, threads) shares one deadline.
"""

import asyncio
import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable

from infra.exits import Exit

_LOG = logging.getLogger(__name__)

STILL = 15
"""Seconds without a turn of the loop: as long as a group member may be silent (`streams.kafka_timing`), so its work is
somebody else's already. What the loop does in one turn takes 0.2 s at worst: to parse 4 MiB."""

PARTS_SHARE = 0.7
"""Of the stop deadline: 5.6 of 8 s. A batch in hand takes 0.2 s, and a piece of texts that is being embedded 1.4 s."""

CLOSE_SHARE = 0.2
"""Of the stop deadline, for what the producer still holds: 1.6 of 8 s. Every stage has waited for its own messages, so
that is nothing but what nobody waits for any more."""

LAST_SHARE = 0.25
"""Of the stop deadline, for all that comes after the parts: closing, and a little for the interpreter."""

Leave = Callable[[int], object]


class Pulse:
    """Ends the process when its event loop has not turned for `still` seconds. To be made on that loop.

    1. Once a second the thread asks the loop for a sign.
    2. It counts its own turns without one, not the time: a process that was stopped (SIGSTOP, a laptop's lid) has not
       stood still.
    """

    def __init__(self, still: int = STILL, *, leave: Leave = os._exit, turn: float = 1.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._still = still
        self._leave = leave
        self._turn = turn
        self._missed = 0
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="pulse", daemon=True).start()

    def stop(self) -> None:
        """The loop is about to end; from here on `Ending` watches."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                self._loop.call_soon_threadsafe(self._sign)  # 1
            except RuntimeError:  # it is closed
                return
            if self._over.wait(self._turn):
                return
            self._missed += 1  # 2
            if self._missed > self._still:
                _end(f"the event loop has not turned for {self._still * self._turn:.0f} s", Exit.FORCED, self._leave)
                return

    def _sign(self) -> None:
        self._missed = 0


class Ending:
    """The one deadline of a process's end, `seconds` after `begin`."""

    def __init__(self, seconds: float, *, leave: Leave = os._exit) -> None:
        self._seconds = seconds
        self._leave = leave
        self._end: float | None = None
        self._timer: threading.Timer | None = None

    def begin(self, code: Exit = Exit.FORCED) -> None:
        """Only the first call counts. `code` is what the process ends with if it has to be ended."""
        if self._end is not None:
            return
        self._end = time.monotonic() + self._seconds
        self._timer = threading.Timer(self._seconds, self._expired, (code,))
        self._timer.daemon = True  # it must not keep alive what it is to end
        self._timer.start()

    def call_off(self) -> None:
        """For a process that goes on."""
        if self._timer is not None:
            self._timer.cancel()

    def remaining(self, keep: float = 0.0) -> float:
        """Seconds, of all where it has not begun, less `keep` (a share of all) for what comes after."""
        left = self._seconds if self._end is None else self._end - time.monotonic()
        return max(0.0, left - keep * self._seconds)

    def _expired(self, code: Exit) -> None:
        _end(f"it has not ended within {self._seconds:.1f} s of being asked to", code, self._leave)


def _end(why: str, code: Exit, leave: Leave) -> None:
    _LOG.critical(
        "%s: ended by force (exit code %d). Below is where each thread was; what was not committed is delivered again",
        why,
        code,
    )
    faulthandler.dump_traceback(sys.__stderr__ or 2)
    leave(code)
