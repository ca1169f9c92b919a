"""A topic that went back is mended by who reads it: one provider, two of them, and never against a tombstone."""

import asyncio
from dataclasses import replace

import pytest

from schemas.api import SearchBody
from streams.metrics import Metrics
from streams.provider import ProviderStage
from streams.topics import PROFILE_EMBEDDINGS
from tests.fakes import RecordingProducer
from tests.streams.healing_world import ANN, SPACE, D, Message, Reader, Topics, end, gone, item, profile
from workers.errors import BrokerUnavailable
from workers.standing import described, provided

CASES = [
    pytest.param(profile(6), profile(5), id="an older version of a profile"),
    pytest.param(item(provided(2, 1), category="a/b", time="2026-01-02T03:04:05Z"), item(provided(2, 0)), id="an item"),
    pytest.param(item(provided(1, 0)), item(described(2, "x")), id="a description"),
    pytest.param(item(described(1, "x")), item(described(2, "y")), id="a later description"),
]


@pytest.mark.parametrize(("newer", "older"), CASES)
@pytest.mark.parametrize("limit", [1, 10])
async def test_the_newer_is_sent_again_as_the_very_bytes_it_came_as(newer: Message, older: Message, limit: int) -> None:
    topics = Topics()
    topics.append(newer, older)
    reader = Reader(topics)
    await reader.read_all(limit)
    assert [one.value for one in topics.log] == [newer[2], older[2], newer[2]]
    assert reader.stepped_back("profile" if newer[0] == PROFILE_EMBEDDINGS else "item") == 1


@pytest.mark.parametrize(("newer", "older"), CASES)
async def test_several_readers_converge_however_they_take_turns(newer: Message, older: Message) -> None:
    for start in range(8):
        topics = Topics()
        readers = [Reader(topics), Reader(topics), Reader(topics)]
        topics.append(newer, older, older)
        for turn in range(60):
            await readers[(start * turn + turn // 2) % 3].read(1 + (start + turn) % 3)
        for _ in range(5):
            await asyncio.gather(*(reader.read_all() for reader in readers))
        assert topics.newest(newer) == newer[2]
        assert len(topics.log) <= 3 + 3 * 2, "each sends at most once for each step back"


async def test_a_tombstone_is_never_answered_and_takes_back_what_was_to_be_sent() -> None:
    topics = Topics()
    topics.append(
        profile(6), profile(5), gone(profile(6)), item(provided(2, 0)), item(provided(1, 0)), gone(item(None))
    )
    reader = Reader(topics)
    await reader.read_all(6)
    assert len(topics.log) == 6
    assert reader.stage.sizes() == {"news": 0}


@pytest.mark.parametrize(("newer", "older"), CASES)
async def test_a_tombstone_that_came_while_the_answer_was_on_its_way_is_sent_again_behind_it(
    newer: Message, older: Message
) -> None:
    topics = Topics()
    topics.append(newer, older)
    one, two = Reader(topics), Reader(topics)
    topics.append(*end(newer))  # not read when the answers are sent
    for reader in (one, two):
        await reader.read(2)
    assert topics.newest(newer) == newer[2]
    for _ in range(3):
        await asyncio.gather(one.read_all(), two.read_all())
    assert topics.newest(newer) is None
    assert len(topics.log) <= 4 + 2 + 2 * 2, "each sends it at most once behind each of the two answers"
    fresh = Reader(topics)
    await fresh.read_all(100)
    assert topics.newest(newer) is None


async def test_what_says_the_same_or_has_no_standing_is_no_step_back() -> None:
    topics = Topics()
    topics.append(profile(6), profile(6), item(provided(2, 0)), item(provided(2, 0)), item(None), item(provided(1, 0)))
    await Reader(topics).read_all()
    assert len(topics.log) == 6


async def test_an_older_version_in_a_space_that_is_not_served_is_answered_too() -> None:
    topics = Topics()
    newer, older = profile(6), profile(5)
    topics.append(newer, (*older[:2], (older[2] or b"").replace(SPACE.encode(), b"gone-1")))
    await Reader(topics).read_all()
    assert topics.newest(newer) == newer[2]


async def test_without_the_broker_the_batch_comes_again() -> None:
    topics, producer = Topics(), RecordingProducer()
    reader = Reader(topics, producer)
    topics.append(profile(6), profile(5))
    producer.failures = 1
    with pytest.raises(BrokerUnavailable):
        await reader.read(2)
    assert producer.sent == []
    await reader.read(2)
    assert [one.value for one in producer.sent] == [profile(6)[2]]


async def test_without_a_producer_the_newer_is_held_and_nothing_is_sent() -> None:
    stage = ProviderStage(SPACE, D, Metrics())
    log = Topics()
    log.append(item(provided(2, 0), "new"), item(provided(1, 0), "old"), profile(6), profile(5))
    await stage.handle(log.log[:1])
    await stage.handle(log.log)
    answer = await stage.search("news", SearchBody(subject=ANN))
    assert (answer.version, [one.title for one in answer.items]) == (6, ["new"])


async def test_the_newer_of_a_batch_counts_wherever_it_stands() -> None:
    topics = Topics()
    topics.append(item(provided(1, 0), "old"), item(provided(3, 0), "newest"), item(provided(2, 0), "middle"))
    reader = Reader(topics)
    await reader.read(3)
    answer = await reader.stage.search("news", SearchBody(vectors=((1, 0, 0, 0),), weights=(1,)))
    assert [one.title for one in answer.items] == ["newest"]
    assert replace(topics.log[-1], offset=0).value == topics.log[1].value
