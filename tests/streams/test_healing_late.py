"""What was made before a tombstone and arrives behind it is taken away again, and what was made after it stays."""

import asyncio

import pytest

from schemas.api import SearchBody
from streams.serving import Serving
from streams.topics import PROFILE_EMBEDDINGS
from tests.fakes import RecordingProducer
from tests.streams.healing_world import ANN, SPACE, D, Message, Reader, Topics, dated, end, gone, item, profile
from workers.errors import BrokerUnavailable, UnknownSubject
from workers.standing import REMEMBERED_MS, described, provided

LATE = [
    pytest.param(profile(6), profile(6), id="a profile, sent twice"),
    pytest.param(profile(6), profile(7), id="a profile's version that nobody has seen"),
    pytest.param(item(provided(2, 1)), item(provided(2, 1)), id="an item, sent twice"),
    pytest.param(item(provided(2, 1)), item(provided(2, 0)), id="an older entry of an item"),
    pytest.param(item(provided(2, 1)), item(described(1, "x")), id="a description from before the provider's entry"),
    pytest.param(item(described(1, "x")), item(described(1, "x")), id="a description, sent twice"),
]


@pytest.mark.parametrize(("held", "late"), LATE)
@pytest.mark.parametrize("limit", [1, 2, 10])
async def test_what_a_tombstone_took_away_and_comes_late_is_taken_away_again(
    held: Message, late: Message, limit: int
) -> None:
    topics = Topics()
    topics.append(held, *end(held), late, late)
    reader = Reader(topics)
    await reader.read_all(limit)
    assert topics.newest(held) is None
    assert len(topics.log) <= 5 + 2
    assert reader.stepped_back("profile" if held[0] == PROFILE_EMBEDDINGS else "item") == 2
    fresh = Reader(topics)
    await fresh.read_all(limit)
    for one in (reader, fresh):
        assert one.stage.sizes().get("news", 0) == 0
        with pytest.raises(UnknownSubject):
            await one.stage.search("news", SearchBody(subject=ANN))


async def test_of_a_forgotten_subject_nothing_comes_back_though_nothing_was_held() -> None:
    topics = Topics()
    topics.append(gone(profile(1)), profile(1), item(provided(1, 0)))
    reader = Reader(topics)
    await reader.read_all()
    assert topics.newest(profile(1)) is None
    with pytest.raises(UnknownSubject):
        await reader.stage.search("news", SearchBody(subject=ANN))


@pytest.mark.parametrize(("held", "late"), LATE)
async def test_several_readers_take_it_away_again_however_they_take_turns(held: Message, late: Message) -> None:
    for start in range(8):
        topics = Topics()
        readers = [Reader(topics), Reader(topics), Reader(topics)]
        topics.append(held, *end(held), late)
        for turn in range(60):
            await readers[(start * turn + turn // 2) % 3].read(1 + (start + turn) % 3)
        for _ in range(5):
            await asyncio.gather(*(reader.read_all() for reader in readers))
        assert topics.newest(held) is None
        assert len(topics.log) <= 4 + 3, "each sends at most one for each that comes late"


async def test_a_reader_that_died_after_its_answer_leaves_what_the_next_one_mends() -> None:
    topics = Topics()
    topics.append(profile(6), profile(5))
    reader = Reader(topics)
    topics.append(gone(profile(6)))
    await reader.read(2)
    assert topics.newest(profile(6)) == profile(6)[2]
    await Reader(topics).read_all()
    assert topics.newest(profile(6)) is None


@pytest.mark.parametrize("limit", [1, 10])
@pytest.mark.parametrize(
    "anew", [provided(2, 1), described(2, "x"), None], ids=["by its provider", "as a description", "by an old release"]
)
async def test_an_item_that_is_taken_in_again_stays(anew: str | None, limit: int) -> None:
    topics = Topics()
    topics.append(item(provided(1, 0)), *dated(provided(1, 5)), item(anew, "anew"))
    reader = Reader(topics)
    await reader.read_all(limit)
    assert reader.stage.sizes() == {"news": 1}
    if anew is not None:
        topics.append(item(provided(1, 0)))
        await reader.read_all(limit)
        answer = await reader.stage.search("news", SearchBody(vectors=((1, 0, 0, 0),), weights=(1,)))
        assert [one.title for one in answer.items] == ["anew"]
        assert (topics.newest(item(None)) or b"").count(b"anew") == 1


async def test_a_batch_that_comes_again_does_not_take_away_what_came_after_its_tombstone() -> None:
    topics, producer = Topics(), RecordingProducer()
    reader = Reader(topics, producer)
    topics.append(item(provided(1, 0)), *dated(provided(2, 0)), item(provided(3, 0)), profile(6), profile(5))
    producer.failures = 1
    with pytest.raises(BrokerUnavailable):
        await reader.read(6)
    await reader.read(6)
    assert reader.stage.sizes() == {"news": 1}
    assert all(one.topic == PROFILE_EMBEDDINGS or one.value is not None for one in producer.sent)


@pytest.mark.parametrize("limit", [1, 2, 10])
async def test_an_older_tombstone_that_comes_once_more_takes_nothing_away(limit: int) -> None:
    """As after a loss of the store, when the catalog is embedded again."""
    topics = Topics()
    topics.append(item(provided(1, 0)), *dated(provided(2, 0)), item(provided(3, 0)), *dated(provided(2, 0)))
    reader = Reader(topics)
    await reader.read_all(limit)
    assert topics.newest(item(None)) == item(provided(3, 0))[2]
    topics.append(item(provided(3, 0)))
    await reader.read_all(limit)
    assert reader.stage.sizes() == {"news": 1}
    assert topics.newest(item(None)) == item(provided(3, 0))[2]


async def test_of_an_item_nothing_comes_back_though_nothing_was_held() -> None:
    topics = Topics()
    topics.append(*dated(provided(2, 0)), item(provided(1, 0)))
    await Reader(topics).read_all()
    assert topics.newest(item(None)) is None


async def test_a_tombstone_that_nobody_dated_takes_away_what_there_is_and_no_more() -> None:
    topics = Topics()
    topics.append(item(provided(1, 0)), gone(item(None)))
    reader = Reader(topics)
    await reader.read_all()
    assert reader.stage.sizes() == {"news": 0}
    topics.append(item(provided(1, 0)))
    await reader.read_all()
    assert reader.stage.sizes() == {"news": 1}


async def test_a_tombstone_is_remembered_for_an_hour() -> None:
    for after, stays in ((REMEMBERED_MS, False), (REMEMBERED_MS + 1, True)):
        topics = Topics()
        topics.append(*dated(provided(2, 0)), gone(profile(6)))
        topics.now_ms = after
        topics.append(item(provided(1, 0)), profile(6))
        await Reader(topics).read_all()
        assert [topics.newest(one) is not None for one in (item(None), profile(6))] == [stays, stays]


async def test_a_space_that_is_served_again_begins_anew() -> None:
    topics = Topics()
    topics.append(item(provided(1, 0)), *dated(provided(2, 0)))
    reader = Reader(topics)
    await reader.read_all()
    await reader.stage.serve(Serving({"other-1": D}))
    await reader.stage.serve(Serving({SPACE: D}))
    topics.append(item(provided(1, 0)))
    await reader.read_all()
    assert reader.stage.sizes() == {"news": 1}
