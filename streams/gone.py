"""Tombstones of late, so that what was made before one and arrives behind it can be told.

A send that was given up may still arrive: an embedding whose answer was lost was sent again, its item was deleted, and
then the first copy comes through. Compaction would keep it as the last word of its key.
"""

from workers.standing import REMEMBERED_MS

MOST = 50_000
"""Tombstones in one memory: with key and standing 300 bytes each, 15 MB, which is what 10,000 items of 384 components
take. Beyond it the oldest goes: at 800 deletions a second each is still remembered for a minute, six times as long as a
send may be under way (`streams.kafka_calls.CALL_TIMEOUT`, 10 s)."""


class Gone:
    """Each for an hour (`workers.standing`, rule 6): 360 deadlines of a send, and more than a worker that froze in the
    middle of one. In the broker's time, so that whoever reads the topic later, or faster, comes to the same."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._tombstones: dict[str, tuple[int, str]] = {}
        """Oldest first."""

    def __len__(self) -> int:
        return len(self._tombstones)

    def remember(self, key: str, standing: str, at_ms: int) -> None:
        """`standing` is the tombstone's own, "" where it has none. `at_ms` is when the broker took it."""
        self._tombstones.pop(key, None)
        self._tombstones[key] = at_ms, standing
        while self._is_over(oldest := next(iter(self._tombstones)), at_ms) or len(self._tombstones) > self._most:
            del self._tombstones[oldest]

    def of(self, key: str, at_ms: int) -> str | None:
        """The tombstone's standing; None where none is remembered at that time."""
        return None if key not in self._tombstones or self._is_over(key, at_ms) else self._tombstones[key][1]

    def _is_over(self, key: str, at_ms: int) -> bool:
        return at_ms - self._tombstones[key][0] > REMEMBERED_MS
