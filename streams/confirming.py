"""A reader's word that it holds nothing of somebody any more: one receipt for each tombstone that it reads.

1. The reader drops the subject, whether it held it or not, and notes it here.
2. At the end of the batch the receipts are sent, durable before the batch is: a crash in between brings the tombstone
   again, and the receipt. Several say the same: `streams.erasure_book` takes the first.

A reader that starts reads the tombstones of all times that the topic still holds. It cannot know which of them it has
confirmed before, so it confirms those that are young enough for somebody to be waiting.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from schemas.base import SubjectId
from schemas.receipt import ErasureReceipt
from streams.contract import Outgoing, Producer
from streams.topics import BY_NAME, ERASURE_RECEIPTS

AWAITED_MS = BY_NAME[ERASURE_RECEIPTS].retention_ms
"""A week: as long as anybody can know of an erasure. Kafka keeps a tombstone for a day as shipped, so this seldom cuts
anything off: 1,000 erasures a day at 5 providers are 5,000 receipts of 150 bytes when a reader starts."""

_SUBJECT: TypeAdapter[str] = TypeAdapter(SubjectId)


class Confirming:
    """Of one reader. `now` is in epoch seconds. Without a producer it confirms nothing."""

    def __init__(self, producer: Producer | None, now: Callable[[], float]) -> None:
        self._producer = producer
        self._now = now
        self._noted: dict[str, str] = {}

    def dropped(self, subject: str, provider: str, at_ms: int) -> None:
        """Step 1. `provider` is "" where nothing of the subject was held; `at_ms` is when the broker took the
        tombstone."""
        if at_ms >= self._now() * 1000 - AWAITED_MS and _is_subject(subject):
            self._noted[subject] = provider or self._noted.get(subject, "")

    async def send(self) -> None:
        """Step 2. Raises as `Producer.send` does; the batch comes again then."""
        noted, self._noted = self._noted, {}
        if noted and self._producer is not None:
            await self._producer.send([self._receipt(subject, provider) for subject, provider in noted.items()])

    def _receipt(self, subject: str, provider: str) -> Outgoing:
        erased = datetime.fromtimestamp(self._now(), UTC)
        body = ErasureReceipt(subject=subject, provider=provider or None, erased=erased)
        return Outgoing(ERASURE_RECEIPTS, subject.encode(), body.to_bytes())


def _is_subject(name: str) -> bool:
    """Not what somebody else has put on the topic."""
    try:
        _SUBJECT.validate_python(name)
    except ValidationError:
        return False
    return True
