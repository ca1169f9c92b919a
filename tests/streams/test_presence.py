"""Of several readers of one provider each must confirm an erasure, or have let go of everybody."""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pytest

from schemas.api import SearchBody
from schemas.catalog import ItemEmbedding
from schemas.profile import ProfileEmbedding
from schemas.receipt import ErasureBegun, ReaderHere
from streams.confirming import RENEW, STAY
from streams.contract import Outgoing, Record
from streams.erasure_book import ErasureBook
from streams.metrics import Metrics
from streams.presence import SKEW, Presence
from streams.provider import ProviderStage
from streams.topics import BY_NAME, ERASURE_RECEIPTS, ITEM_EMBEDDINGS, PROFILE_EMBEDDINGS
from tests.streams.sealing_world import MemoryLog
from workers.errors import BrokerUnavailable, UnknownSubject
from workers.vectors import pack

NOW = 1_790_000_000.0
ADA, BEN = "a" * 32, "b" * 32
VECTOR = b64encode(pack(np.eye(4, dtype=np.float32)[:1])[0])
GONE_FOR_SURE = STAY + SKEW.total_seconds() + 1


def instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def item() -> Record:
    body = ItemEmbedding(provider="news", item="n-1", title="One", space="s", vector=VECTOR, accepted_ms=0)
    return Record(ITEM_EMBEDDINGS, 0, 0, body.key.encode(), body.to_bytes(), int(NOW * 1000))


def profile(subject: str) -> Record:
    body = ProfileEmbedding(
        subject=subject, provider="news", version=1, space="s", vectors=(VECTOR,), weights=(0.5,), accepted_ms=0
    )
    return Record(PROFILE_EMBEDDINGS, 0, 0, subject.encode(), body.to_bytes(), int(NOW * 1000))


@dataclass
class Place:
    """Two readers of one provider, who hold Ada, and the book of an erasure of hers."""

    log: MemoryLog = field(default_factory=MemoryLog)
    time: float = NOW

    def reader(self, name: str | None) -> ProviderStage:
        return ProviderStage("s", 4, Metrics(), producer=self.log, reader=name, now=lambda: self.time)

    async def holding(self, name: str | None) -> ProviderStage:
        stage = self.reader(name)
        await stage.handle([item(), profile(ADA)])
        return stage

    async def drop(self, *stages: ProviderStage) -> None:
        """They read Ada's tombstone."""
        for stage in stages:
            await stage.handle([Record(PROFILE_EMBEDDINGS, 0, 1, ADA.encode(), None, int(self.time * 1000))])

    async def erase(self) -> None:
        begun = ErasureBegun(erasure="e1", begun=instant(self.time), subjects={"news": ADA})
        await self.log.send([Outgoing(ERASURE_RECEIPTS, b"e1", begun.to_bytes())])

    async def state(self) -> str:
        return (await ErasureBook(self.log, b"secret", 60.0, lambda: self.time).status("e1")).state


@pytest.fixture
def place() -> Place:
    return Place()


async def finds(stage: ProviderStage, subject: str = ADA) -> bool:
    try:
        return bool((await stage.search("news", SearchBody(subject=subject, k=1))).items)
    except UnknownSubject:
        return False


async def test_one_reader_s_word_is_not_the_other_s(place: Place) -> None:
    one, other = await place.holding("one:1"), await place.holding("other:1")
    await place.erase()
    await place.drop(one)
    assert (await place.state(), await finds(other)) == ("pending", True)
    await place.drop(other)
    assert (await place.state(), await finds(other)) == ("complete", False)


async def test_one_that_is_gone_is_waited_for_as_long_as_it_may_still_be_there(place: Place) -> None:
    one, _ = await place.holding("one:1"), await place.holding("other:1")
    await place.erase()
    await place.drop(one)
    place.time += GONE_FOR_SURE - 2
    assert await place.state() == "pending"
    place.time += 2
    assert await place.state() == "complete"


async def test_one_that_says_it_is_there_is_waited_for_without_end(place: Place) -> None:
    one, other = await place.holding("one:1"), await place.holding("other:1")
    await place.erase()
    await place.drop(one)
    for _ in range(60):
        place.time += RENEW
        await other.renew()
    assert await place.state() == "late"
    await place.drop(other)
    assert await place.state() == "complete"


async def test_one_that_was_frozen_answers_from_nothing_that_it_holds(place: Place) -> None:
    one, other = await place.holding("one:1"), await place.holding("other:1")
    place.time += RENEW
    await one.renew()
    await place.erase()
    await place.drop(one)
    place.time += GONE_FOR_SURE
    assert (await place.state(), await finds(other)) == ("complete", False)
    await other.renew()  # it wakes up, and has not read the tombstone yet
    assert not await finds(other)
    assert await place.state() == "complete"
    await other.handle([profile(BEN)])  # whoever it hears of from then on it holds again
    assert await finds(other, BEN)


async def test_what_a_woken_one_says_changes_nothing_about_what_was_complete(place: Place) -> None:
    one, other = await place.holding("one:1"), await place.holding("other:1")
    await place.erase()
    await place.drop(one)
    place.time += GONE_FOR_SURE
    book = ErasureBook(place.log, b"secret", 60.0, lambda: place.time)
    before = await book.status("e1")
    await other.renew()
    await place.drop(other)
    assert before == await book.status("e1")
    assert before == await ErasureBook(place.log, b"secret", 60.0, lambda: place.time).status("e1")


async def test_one_that_starts_later_need_not_confirm_because_it_reads_the_tombstone_too(place: Place) -> None:
    one = await place.holding("one:1")
    await place.erase()
    await place.drop(one)
    place.time += SKEW.total_seconds() + 1
    later = place.reader("later:1")
    await later.handle([item()])
    assert await place.state() == "complete"
    await later.handle([profile(ADA), Record(PROFILE_EMBEDDINGS, 0, 1, ADA.encode(), None, int(NOW * 1000))])
    assert not await finds(later)


async def test_it_says_that_it_is_there_before_it_holds_anything(place: Place) -> None:
    place.log.failures = 1
    stage = place.reader("one:1")
    with pytest.raises(BrokerUnavailable):
        await stage.handle([item(), profile(ADA)])
    assert not stage.sizes()
    await stage.handle([item(), profile(ADA)])
    (said,) = place.log.of(ERASURE_RECEIPTS)
    here = ReaderHere.model_validate_json(said.value or b"")
    assert (here.reader, here.at, here.until) == ("one:1", instant(NOW), instant(NOW + STAY))
    assert [timer.interval for timer in stage.timers] == [RENEW]


async def test_the_only_reader_need_not_say_so(place: Place) -> None:
    """Of the embedded service, or of an earlier release: its receipt is all there is."""
    stage = await place.holding(None)
    assert stage.timers == ()
    await stage.renew()
    assert place.log.of(ERASURE_RECEIPTS) == []
    await place.erase()
    assert await place.state() == "pending"
    await place.drop(stage)
    place.time += GONE_FOR_SURE
    assert (await place.state(), await finds(stage)) == ("complete", False)


def test_whoever_s_clock_is_ahead_is_awaited_all_the_same() -> None:
    presence = Presence()
    presence.note(ReaderHere(reader="one:1", at=instant(NOW), until=instant(NOW + STAY)))
    for seconds, there in ((-31, False), (-30, True), (0, True), (STAY + 30, True), (STAY + 31, False)):
        assert bool(presence.at(instant(NOW + seconds))) is there


def test_who_was_there_is_remembered_as_long_as_the_topic_has_it() -> None:
    presence = Presence()
    for at in (0, STAY, 1000):
        presence.note(ReaderHere(reader="one:1", at=instant(NOW + at), until=instant(NOW + at + STAY)))
    assert presence.at(instant(NOW + 2 * STAY)) == {"one:1": instant(NOW + 2 * STAY) + SKEW}
    assert presence.at(instant(NOW + 500)) == {}
    presence.forget(instant(NOW + 500))
    assert presence.at(instant(NOW)) == {}
    assert presence.at(instant(NOW + 1000)).keys() == {"one:1"}
    assert BY_NAME[ERASURE_RECEIPTS].retention_ms > 1000 * STAY
