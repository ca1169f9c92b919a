"""A topic that went back is mended by who reads it: one provider, two of them, and never against a tombstone."""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from schemas.api import SearchBody
from schemas.catalog import ItemEmbedding, embedding_key
from schemas.profile import ProfileEmbedding
from streams.contract import Outgoing, Record
from streams.metrics import Metrics
from streams.provider import ProviderStage
from streams.topics import ITEM_EMBEDDINGS, PROFILE_EMBEDDINGS
from tests.fakes import RecordingProducer
from workers.errors import BrokerUnavailable
from workers.standing import described, provided
from workers.vectors import pack

SPACE, D = "test-1", 4
ANN = "a" * 32
Message = tuple[str, bytes, bytes | None]


def vectors(*rows: Sequence[float]) -> tuple[bytes, ...]:
    return tuple(map(b64encode, pack(np.array(rows, np.float32))))


def profile(version: int, subject: str = ANN) -> Message:
    body = ProfileEmbedding(
        subject=subject,
        provider="news",
        version=version,
        space=SPACE,
        vectors=vectors((0.6, 0.8, 0, 0), (0, 0, 1 / 3, 0.9428)),
        weights=(0.123457, -0.7),
        avoid=vectors((0, 1, 0, 0)),
        accepted_ms=1_000 + version,
    )
    return PROFILE_EMBEDDINGS, subject.encode(), body.to_bytes()


def item(standing: str | None, title: str = "Storm", **fields: Any) -> Message:
    body = ItemEmbedding(
        provider="news",
        item="storm",
        title=title,
        space=SPACE,
        vector=vectors((0.1, 0.2, 0.3, 0.9273))[0],
        accepted_ms=1_000,
        standing=standing,
        **fields,
    )
    return ITEM_EMBEDDINGS, embedding_key(SPACE, body.key).encode(), body.to_bytes()


def gone(message: Message) -> Message:
    return message[0], message[1], None


class Topics:
    """Both topics as one log, which every provider reads from the start at its own pace."""

    def __init__(self) -> None:
        self.log: list[Record] = []

    def append(self, *messages: Message) -> None:
        for topic, key, value in messages:
            self.log.append(Record(topic, 0, len(self.log), key, value, 0))

    def newest(self, message: Message) -> bytes | None:
        return [one.value for one in self.log if one.key == message[1]][-1]

    async def send(self, messages: Sequence[Outgoing]) -> None:
        self.append(*((one.topic, one.key, one.value) for one in messages))

    async def close(self) -> None: ...


class Reader:
    def __init__(self, topics: Topics, producer: Any = None) -> None:
        self.metrics = Metrics()
        self.stage = ProviderStage(SPACE, D, self.metrics, producer=producer or topics)
        self._topics = topics
        self._at = 0

    async def read(self, limit: int = 1) -> bool:
        """Whether there was something."""
        batch = self._topics.log[self._at : self._at + limit]
        if batch:
            await self.stage.handle(batch)
            self._at += len(batch)
        return bool(batch)

    async def read_all(self, limit: int = 1) -> None:
        while await self.read(limit):
            pass

    def stepped_back(self, what: str) -> float | None:
        return self.metrics.registry.get_sample_value("attune_stepped_back_total", {"what": what})


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
    topics.append(gone(newer))  # not read when the answers are sent
    for reader in (one, two):
        await reader.read(2)
    assert topics.newest(newer) == newer[2]
    for _ in range(3):
        await asyncio.gather(one.read_all(), two.read_all())
    assert topics.newest(newer) is None
    assert len(topics.log) <= 3 + 2 + 2
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
