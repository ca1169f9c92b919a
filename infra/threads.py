"""How the threads of one role share its processors: one runs the event loop, the others search, embed and write."""

import sys

from threadpoolctl import threadpool_limits

SWITCH_SECONDS = 0.0005
"""A thread that comes back from NumPy waits so long for its turn while the event loop is busy, some ten times in a
search; Python's own is 5 ms. `attune bench edits`, embedded, 500 events a second, with this and one thread for a
product: half the median (110 ms, 211 to 360 with the one and 182 to 239 with the other alone)."""


def share_processor() -> None:
    """For the whole process, and the libraries that it has loaded. A product of matrices takes one thread: those of a
    search last 0.1 ms, and three who search at once with OpenBLAS's own two threads wait for each other in loops: 0.78 s
    of processors for work of 0.07 s."""
    threadpool_limits(1, user_api="blas")
    sys.setswitchinterval(SWITCH_SECONDS)
