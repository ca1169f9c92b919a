"""Under which number readers take a profile that was folded again, and what they need not be sent."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from schemas.profile import Cause, Source
from streams.contract import Outgoing, Partition, Record
from streams.publication import publication
from streams.readers import Readers, readers_of
from streams.topics import PROFILE_EMBEDDINGS
from workers.mailbox import Change, Folded
from workers.state import HeldInterest, UserState
from workers.subjects import subject_of
from workers.vectors import pack

KEY = b"a key of the tests"
PROVIDERS = ("books", "news")
VECTORS = pack(np.eye(4, dtype=np.float32))
JAZZ = HeldInterest("jazz", "jazz", 0.1 + 0.2, Source.BOOTSTRAP, VECTORS[0])
CHESS = HeldInterest("chess", "chess", -0.5, Source.BOOTSTRAP, VECTORS[1])
STATE = UserState(version=3, interests=(JAZZ, CHESS), space="s-1")


@dataclass
class Topic:
    """`streams.contract.History` of one topic with one partition, read two messages at a time at most."""

    messages: Sequence[Outgoing]
    calls: int = 0

    async def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        self.calls += 1
        held = [Record(*source, offset, one.key, one.value, 0) for offset, one in enumerate(self.messages)]
        return held[start:end][: min(limit, 2)]

    async def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        return {Partition(PROFILE_EMBEDDINGS, 0): len(self.messages)}

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        raise NotImplementedError


def sent(state: UserState, user: str = "ada", providers: Collection[str] = PROVIDERS) -> list[Outgoing]:
    change = Change(state.version, Cause.COUNT, len(state.interests), 1, 5)
    messages = publication(user, Folded(state, changes=[change]), providers, state.space, KEY)
    return [message for message in messages if message.topic == PROFILE_EMBEDDINGS]


async def readers(*messages: Outgoing, users: Collection[str] = ("ada", "bob")) -> Readers:
    return await readers_of(Topic(messages), users, PROVIDERS, KEY)


def numbered(version: int) -> UserState:
    return replace(STATE, version=version)


async def test_a_profile_that_nobody_holds_keeps_its_number() -> None:
    assert (await readers()).number_for("ada", STATE) == 3
    assert (await readers(*sent(numbered(9), user="bob"))).number_for("ada", STATE) == 3
    assert Readers().number_for("ada", STATE) == 3


async def test_so_does_one_that_they_hold_as_it_is_or_only_older_ones_of() -> None:
    assert (await readers(*sent(STATE))).number_for("ada", STATE) == 3
    assert (await readers(*sent(replace(STATE, version=2, interests=(CHESS,))))).number_for("ada", STATE) == 3


@pytest.mark.parametrize("version", [4, 9])
async def test_it_goes_on_behind_the_greatest_number_that_any_reader_holds(version: int) -> None:
    ahead = sent(numbered(version), providers=["news"])
    assert (await readers(*sent(STATE), *ahead)).number_for("ada", STATE) == version + 1


@pytest.mark.parametrize(
    "other",
    [
        replace(STATE, interests=(CHESS, JAZZ)),
        replace(STATE, interests=(JAZZ._replace(weight=0.3), CHESS)),
        replace(STATE, interests=(JAZZ,), avoid=(CHESS,)),
        replace(STATE, space="s-2"),
    ],
)
async def test_and_behind_another_profile_under_its_own_number(other: UserState) -> None:
    assert (await readers(*sent(other))).number_for("ada", STATE) == 4


async def test_and_behind_its_own_where_some_hold_it_and_some_another_profile() -> None:
    other = replace(STATE, interests=(CHESS,))
    for both in ((STATE, other), (other, STATE)):
        assert (await readers(*sent(both[0]), *sent(both[1]))).number_for("ada", STATE) == 4


async def test_a_zombies_older_version_behind_the_newest_hides_nothing() -> None:
    assert (await readers(*sent(numbered(7)), *sent(numbered(5)))).number_for("ada", STATE) == 8


async def test_after_a_tombstone_they_hold_nothing() -> None:
    gone = [Outgoing(PROFILE_EMBEDDINGS, message.key, None) for message in sent(STATE)]
    assert (await readers(*sent(numbered(7)), *gone)).number_for("ada", STATE) == 3


async def test_what_cannot_be_read_is_passed_over_and_said(caplog: pytest.LogCaptureFixture) -> None:
    garbage = Outgoing(PROFILE_EMBEDDINGS, subject_of(KEY, "news", "ada").encode(), b"{")
    with caplog.at_level(logging.WARNING):
        assert (await readers(garbage, *sent(numbered(7)), garbage)).number_for("ada", STATE) == 8
    assert len(caplog.records) == 2


async def test_the_topic_is_read_once_for_all_and_not_at_all_for_nobody() -> None:
    topic = Topic([message for number in range(10) for message in sent(STATE, user=f"user {number}")])
    await readers_of(topic, [f"user {number}" for number in range(10)], PROVIDERS, KEY)
    assert topic.calls == 10
    topic.calls = 0
    await readers_of(topic, [], PROVIDERS, KEY)
    assert topic.calls == 0


async def test_the_same_version_in_another_space_is_news() -> None:
    """Of a provider that has come into a space of its own (`streams.own_space`)."""
    held = await readers(*sent(STATE))
    assert not any(held.hold(message) for message in sent(replace(STATE, space="own-2")))
    assert all(held.hold(message) for message in sent(replace(STATE, space="own-2", version=2)))


async def test_what_a_reader_holds_as_new_need_not_be_sent() -> None:
    held = await readers(*sent(STATE, providers=["news"]))
    books, news = sent(STATE)
    assert not held.hold(books)
    assert held.hold(news)
    assert [held.hold(message) for message in sent(numbered(4))] == [False, False]
    assert not held.hold(replace(news, topic="another"))
    assert not held.hold(replace(news, value=None))
