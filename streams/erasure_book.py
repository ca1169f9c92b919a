"""How far each erasure is, read from the topic of receipts: that it has begun, and each provider's word.

1. An erasure is known from when the agent has done its part, and says which providers are to confirm.
2. A provider has confirmed when a receipt for its name of the person stands on the topic, before or after that: it may
   have read the tombstone before the agent had told of it. Of several readers that hold embeddings, each that was there
   when the erasure began must have sent one, or its time must have run out (`streams.presence`).
3. When all have, the erasure is complete, for good, and the status is signed. Where one has not within the deadline, it
   is late, and may still become complete.

Whoever reads the topic comes to the same: the first of several equal messages counts, and what a reader says after its
time has run out changes nothing about what was complete without it.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from schemas.receipt import ErasureBegun, ErasureReceipt, ErasureStatus, ReaderHere
from streams.contract import History, Partition, Record
from streams.presence import Presence
from streams.replay import Span, pages
from streams.signatures import public_key, signed, signing_key
from streams.topics import BY_NAME, ERASURE_RECEIPTS

MOST = 50_000
RECEIPTS = 10 * MOST
"""Erasures, and receipts, in memory: 50 and 100 MB at ten providers. The oldest go: 7,000 a day are a week."""

T = TypeVar("T")

_MESSAGE: TypeAdapter[ErasureBegun | ErasureReceipt | ReaderHere] = TypeAdapter(
    Annotated[ErasureBegun | ErasureReceipt | ReaderHere, Field(discriminator="kind")]
)

_ONLY = ""
"""The reader of a receipt that names none: there is no other, or it is of an earlier release."""


class ErasureBook:
    """Of one process. It reads on where it stopped the last time. `secret` is the installation's, `deadline` in
    seconds, `now` in epoch seconds."""

    def __init__(self, history: History, secret: bytes, deadline: float, now: Callable[[], float]) -> None:
        self._history = history
        self._secret = secret
        self._deadline = timedelta(seconds=deadline)
        self._now = now
        self._read: dict[Partition, int] = {}
        self._begun: dict[str, ErasureBegun] = {}
        self._receipts: dict[str, dict[str, datetime]] = {}
        """By subject and reader: when it was dropped."""
        self._presence = Presence()
        self._reading = asyncio.Lock()

    @property
    def public_key(self) -> bytes:
        """32 bytes of Ed25519, with which anybody checks the signatures."""
        return public_key(self._secret)

    async def status(self, erasure: str) -> ErasureStatus:
        """Raises `BrokerUnavailable`."""
        await self._catch_up()
        begun = self._begun.get(erasure)
        if begun is None:
            return ErasureStatus(erasure=erasure, state="unknown")
        status = self._status(begun)
        return signed(status, signing_key(self._secret)) if status.state == "complete" else status

    async def statuses(self) -> list[ErasureStatus]:
        """Of all that the topic holds, not signed. Raises `BrokerUnavailable`."""
        await self._catch_up()
        return [self._status(begun) for begun in self._begun.values()]

    def _status(self, begun: ErasureBegun) -> ErasureStatus:
        # 2. Confirmed
        there = self._presence.at(begun.begun)
        found = {one: self._dropped(subject, there) for one, subject in begun.subjects.items()}
        dropped = {one: at for one, at in found.items() if at is not None}
        missing = tuple(sorted(begun.subjects.keys() - dropped.keys()))
        # 3. Complete, or late
        is_late = datetime.fromtimestamp(self._now(), UTC) > begun.begun + self._deadline
        return ErasureStatus(
            erasure=begun.erasure,
            state="complete" if not missing else "late" if is_late else "pending",
            begun=begun.begun,
            completed=None if missing else max([begun.begun, *dropped.values()]),
            confirmed=tuple(sorted(dropped)),
            missing=missing,
        )

    def _dropped(self, subject: str, there: Mapping[str, datetime]) -> datetime | None:
        """When the last of those who were there dropped it; None while one is awaited, or nobody has said so at all."""
        receipts = self._receipts.get(subject, {})
        in_time = [receipts[one] for one, until in there.items() if one in receipts and receipts[one] <= until]
        now = datetime.fromtimestamp(self._now(), UTC)
        if any(one not in receipts and until >= now for one, until in there.items()):
            return None
        return max(in_time) if in_time else min(receipts.values(), default=None)

    async def _catch_up(self) -> None:
        """What has been written since the last time."""
        async with self._reading:
            for source, end in (await self._history.ends([ERASURE_RECEIPTS])).items():
                span = Span(self._read.get(source, 0), end)
                async for page in pages(self._history, source, span):
                    self._note(page)
                    self._read[source] = page[-1].offset + 1
                self._read[source] = max(end, self._read.get(source, 0))
            self._forget()

    def _note(self, page: Iterable[Record]) -> None:
        for record in page:
            try:
                message = _MESSAGE.validate_json(record.value or b"")
            except ValidationError:  # somebody else put it there, and nobody waits for it
                continue
            if isinstance(message, ErasureBegun):
                self._begun.setdefault(message.erasure, message)
            elif isinstance(message, ReaderHere):
                self._presence.note(message)
            else:
                self._receipts.setdefault(message.subject, {}).setdefault(message.reader or _ONLY, message.erased)

    def _forget(self) -> None:
        """What the topic has let go of, or will soon."""
        kept = timedelta(milliseconds=BY_NAME[ERASURE_RECEIPTS].retention_ms)
        oldest = datetime.fromtimestamp(self._now(), UTC) - kept
        _drop_first(self._begun, MOST, lambda begun: begun.begun < oldest)
        _drop_first(self._receipts, RECEIPTS, lambda dropped: max(dropped.values()) < oldest)
        self._presence.forget(oldest)


def _drop_first(held: dict[str, T], most: int, is_over: Callable[[T], bool]) -> None:
    while held and (len(held) > most or is_over(held[next(iter(held))])):
        del held[next(iter(held))]
