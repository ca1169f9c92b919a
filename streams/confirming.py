"""A reader's word that it holds nothing of somebody any more: one receipt for each tombstone that it reads.

1. The reader drops the subject, whether it held it or not, and notes it here.
2. At the end of the batch the receipts are sent, durable before the batch is: a crash in between brings the tombstone
   again, and the receipt. Several say the same: `streams.erasure_book` takes the first.

A provider may have several readers, each with everybody in its memory, and one's word says nothing of the others'. So
each has a name and says that it is there (`streams.presence`), for `STAY` seconds at a time:

3. Before it holds anything, and every `RENEW` seconds from then on.
4. One whose time has run out (the broker did not hear it, or it was frozen) is awaited by nobody any more. It answers
   from nothing that it holds, and lets go of everybody before it says again that it is there.

A reader that starts reads the tombstones of all times that the topic still holds. It cannot know which of them it has
confirmed before, so it confirms those that are young enough for somebody to be waiting.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from schemas.base import SubjectId
from schemas.receipt import ErasureReceipt, ReaderHere
from streams.contract import Outgoing, Producer
from streams.topics import BY_NAME, ERASURE_RECEIPTS

AWAITED_MS = BY_NAME[ERASURE_RECEIPTS].retention_ms
"""A week: as long as anybody can know of an erasure. Kafka keeps a tombstone for a day as shipped, so this seldom cuts
anything off: 1,000 erasures a day at 5 providers are 5,000 receipts of 150 bytes when a reader starts."""

RENEW = 10.0
"""Seconds between two words of a reader: 60,000 a week of 150 bytes each, which a book reads in 0.3 s."""

STAY = 30.0
"""Seconds that one of them holds: two may be lost. With the clocks' difference a reader that died holds an erasure up
for a minute, which is its deadline."""

_SUBJECT: TypeAdapter[str] = TypeAdapter(SubjectId)


class Confirming:
    """Of one reader. `now` is in epoch seconds. Without a producer it confirms nothing. `reader` None: there is no
    other, so it need not say that it is there."""

    def __init__(self, producer: Producer | None, now: Callable[[], float], reader: str | None = None) -> None:
        self._producer = producer
        self._now = now
        self._reader = reader
        self._until: float | None = None
        self._noted: dict[str, str] = {}

    def dropped(self, subject: str, provider: str, at_ms: int) -> None:
        """Step 1. `provider` is "" where nothing of the subject was held; `at_ms` is when the broker took the
        tombstone."""
        if at_ms >= self._now() * 1000 - AWAITED_MS and _is_subject(subject):
            self._noted[subject] = provider or self._noted.get(subject, "")

    @property
    def is_over(self) -> bool:
        """Whether its time has run out: step 4."""
        return self._until is not None and self._now() >= self._until

    async def begin(self) -> None:
        """Step 3, the first time. Raises as `Producer.send` does."""
        if self._until is None:
            await self.renew()

    async def renew(self) -> None:
        """Step 3. Raises as `Producer.send` does."""
        if self._reader is None or self._producer is None:
            return
        at, until = self._now(), self._now() + STAY
        here = ReaderHere(reader=self._reader, at=_instant(at), until=_instant(until))
        await self._producer.send([Outgoing(ERASURE_RECEIPTS, self._reader.encode(), here.to_bytes())])
        self._until = until

    async def send(self) -> None:
        """Step 2. Raises as `Producer.send` does; the batch comes again then."""
        noted, self._noted = self._noted, {}
        if noted and self._producer is not None:
            await self._producer.send([self._receipt(subject, provider) for subject, provider in noted.items()])

    def _receipt(self, subject: str, provider: str) -> Outgoing:
        erased = _instant(self._now())
        body = ErasureReceipt(subject=subject, provider=provider or None, erased=erased, reader=self._reader)
        return Outgoing(ERASURE_RECEIPTS, subject.encode(), body.to_bytes())


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _is_subject(name: str) -> bool:
    """Not what somebody else has put on the topic."""
    try:
        _SUBJECT.validate_python(name)
    except ValidationError:
        return False
    return True
