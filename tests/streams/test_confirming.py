"""A reader drops whoever has a tombstone, and says so: once for each tombstone, and not for those of long ago."""

import pytest

from schemas.receipt import ErasureReceipt
from streams.confirming import AWAITED_MS
from streams.metrics import Metrics
from streams.provider import ProviderStage
from streams.topics import ERASURE_RECEIPTS, PROFILE_EMBEDDINGS
from tests.fakes import RecordingProducer
from workers.errors import BrokerUnavailable
from workers.ports import Record

NOW = 1_790_000_000.0
SUBJECT = "a" * 32


def reader(producer: RecordingProducer) -> ProviderStage:
    return ProviderStage("space-1", 4, Metrics(), now=lambda: NOW, producer=producer)


def tombstone(subject: str = SUBJECT, age: float = 0.0, offset: int = 0) -> Record:
    return Record(PROFILE_EMBEDDINGS, 0, offset, subject.encode(), None, int((NOW - age) * 1000))


def receipts(producer: RecordingProducer) -> list[ErasureReceipt]:
    return [ErasureReceipt.model_validate_json(one.value or b"") for one in producer.of(ERASURE_RECEIPTS)]


async def test_also_of_somebody_of_whom_nothing_was_held() -> None:
    """It holds nothing now, which is what somebody waits to hear. Whose the name is the erasure knows."""
    producer = RecordingProducer()
    await reader(producer).handle([tombstone()])
    (receipt,) = receipts(producer)
    assert (receipt.subject, receipt.provider, receipt.erased.timestamp()) == (SUBJECT, None, NOW)
    assert producer.of(ERASURE_RECEIPTS)[0].key == SUBJECT.encode()


async def test_each_time_that_it_is_asked() -> None:
    producer = RecordingProducer()
    stage = reader(producer)
    await stage.handle([tombstone(), tombstone(offset=1)])
    await stage.handle([tombstone(offset=2)])
    assert len(receipts(producer)) == 2


async def test_a_reader_that_starts_again_confirms_what_it_may_never_have_confirmed() -> None:
    producer = RecordingProducer()
    week = AWAITED_MS / 1000
    await reader(producer).handle([tombstone("b" * 32, age=week + 1), tombstone("c" * 32, age=week - 1)])
    assert [one.subject for one in receipts(producer)] == ["c" * 32]


async def test_a_receipt_that_could_not_be_sent_is_sent_with_the_redelivery() -> None:
    producer = RecordingProducer()
    stage = reader(producer)
    producer.failures = 1
    with pytest.raises(BrokerUnavailable):
        await stage.handle([tombstone()])
    await stage.handle([tombstone()])
    assert len(receipts(producer)) == 1


@pytest.mark.parametrize("key", ["", "no subject", "A" * 32, "a" * 33])
async def test_what_is_no_name_of_anybody_is_passed_over(key: str) -> None:
    producer = RecordingProducer()
    await reader(producer).handle([tombstone(key)])
    assert receipts(producer) == []
