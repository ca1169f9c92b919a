"""What all bodies together may take: a sender beyond it is refused before its bytes are kept, not after.

Two bounds beside the one of each body (`infra.gateway.body`: 4 MiB, 30 s):

1. So many bodies are read at once. An honest one is there within milliseconds, so only slow senders meet this bound,
   and those who only ask never do.
2. So many bytes are held at once, from a body's first byte until its request is answered: a slow broker holds as much
   as a slow sender. The last part is kept for small bodies, so that a few large ones, however slow, never keep a single
   event out.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from infra.gateway.limits import Gate
from streams.metrics import Metrics

MAX_READ = 128
"""Bodies being read at once: at 5 ms each over 20,000 a second. Each may have 64 KiB and a chunk of the socket's 256
KiB before it, not yet counted below: 40 MiB in all."""

MAX_BYTES = 32 * 1024 * 1024
"""Of bodies held at once: as many as the producer takes (`streams.kafka_producer`). A body's bytes, its entries and its
messages are three times its size, so 96 MiB. One at a time is parsed, 4 MiB of `[]` into 90 MB."""

SMALL = 64 * 1024
KEPT_FOR_SMALL = 8 * 1024 * 1024
"""A body up to 64 KiB is 200 interactions; 128 of that size fit into what is kept for them."""


class Bodies:
    """Shared by all requests of one application."""

    def __init__(self, metrics: Metrics) -> None:
        busy = "More bodies are coming in than are taken at once; send the same again after the given time."
        self._reading = Gate("bodies", MAX_READ, busy, 1, metrics)
        self._bytes = Gate("body_bytes", MAX_BYTES, busy, 1, metrics)

    @contextmanager
    def hold(self) -> Iterator["Held"]:
        """Room for one body, until its request is answered."""
        held = Held(self._reading, self._bytes)
        try:
            yield held
        finally:
            held.release()


class Held:
    """What one body takes."""

    def __init__(self, reading: Gate, room: Gate) -> None:
        self._reading = reading
        self._room = room
        self._size = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While it is read. Raises the 503 problem (bound 1)."""
        with self._reading.enter():
            yield

    def add(self, count: int) -> None:
        """So many bytes of it have come. Raises the 503 problem (bound 2)."""
        small = self._size + count <= SMALL
        self._room.take(count, MAX_BYTES if small else MAX_BYTES - KEPT_FOR_SMALL)
        self._size += count

    def release(self) -> None:
        self._room.give_back(self._size)
        self._size = 0
