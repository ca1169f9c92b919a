"""The provider stage: what it holds after what it read, what a search answers, and what it passes over."""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np
import pytest

from schemas.api import SearchBody
from schemas.catalog import ItemEmbedding
from schemas.profile import ProfileEmbedding
from streams.contract import Record
from streams.metrics import Metrics
from streams.provider import ProviderStage
from streams.topics import ITEM_EMBEDDINGS, PROFILE_EMBEDDINGS
from workers.errors import SpaceMismatch, UnknownProvider, UnknownSubject
from workers.vectors import pack

SPACE, D = "test-1", 4
EAST, NORTH, UP, WEST = (1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (-1.0, 0.0, 0.0, 0.0)
ANN, BOB = "a" * 32, "b" * 32
START = 1_000_000.0
"""When the stage began, in epoch seconds."""

offsets = count()
Vector = Sequence[float]


def raw(*vectors: Vector) -> tuple[bytes, ...]:
    return tuple(b64encode(row) for row in pack(np.array(vectors, np.float32)))


def record(topic: str, key: str, value: bytes | None) -> Record:
    return Record(topic, 0, next(offsets), key.encode(), value, 0)


def item(name: str, vector: Vector, provider: str = "news", **fields: Any) -> Record:
    given = {"title": name.title(), "space": SPACE, "accepted_ms": 0} | fields
    body = ItemEmbedding(provider=provider, item=name, vector=raw(vector)[0], **given)
    return record(ITEM_EMBEDDINGS, body.key, body.to_bytes())


def no_item(name: str, provider: str = "news") -> Record:
    return record(ITEM_EMBEDDINGS, f"{provider}:{name}", None)


def profile(subject: str, version: int, *vectors: Vector, provider: str = "news", **fields: Any) -> Record:
    weights = fields.pop("weights", (0.5,) * len(vectors))
    given = {"space": SPACE, "accepted_ms": 0} | fields
    body = ProfileEmbedding(
        subject=subject, provider=provider, version=version, vectors=raw(*vectors), weights=weights, **given
    )
    return record(PROFILE_EMBEDDINGS, subject, body.to_bytes())


class World:
    def __init__(self, **options: Any) -> None:
        self.metrics, self.now = Metrics(), START
        self.stage = ProviderStage(SPACE, D, self.metrics, now=lambda: self.now, **options)

    async def read(self, *batch: Record) -> None:
        await self.stage.handle(batch)

    async def names(self, body: SearchBody, provider: str = "news") -> list[str]:
        return [found.item for found in (await self.stage.search(provider, body)).items]

    def sample(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"attune_{name}", labels)


def towards(*vectors: Vector, **fields: Any) -> SearchBody:
    return SearchBody(vectors=vectors, weights=fields.pop("weights", (0.5,) * len(vectors)), **fields)


def of(subject: str, **fields: Any) -> SearchBody:
    return SearchBody(subject=subject, **fields)


async def test_what_was_read_is_searchable_when_the_batch_ends() -> None:
    world = World()
    await world.read(item("storm", EAST, category="weather"), item("game", NORTH))
    answer = await world.stage.search("news", towards(NORTH, EAST, weights=(0.2, 0.6)))
    assert (answer.space, answer.version) == (SPACE, None)
    assert [(one.item, one.title, one.category, one.interest) for one in answer.items] == [
        ("storm", "Storm", "weather", 1),
        ("game", "Game", None, 0),
    ]


async def test_the_last_entry_of_an_item_counts_and_a_tombstone_takes_it_away() -> None:
    world = World()
    await world.read(item("storm", EAST, title="old"), item("storm", NORTH, title="new"), item("game", EAST))
    answer = await world.stage.search("news", towards(NORTH, k=1))
    assert [(one.item, one.title) for one in answer.items] == [("storm", "new")]
    await world.read(no_item("game"), item("game", UP), no_item("storm"), no_item("never seen"))
    assert await world.names(towards(NORTH, EAST, UP)) == ["game"]
    await world.read(no_item("game"))
    assert await world.names(towards(NORTH)) == []


async def test_each_provider_has_an_index_of_its_own() -> None:
    world = World()
    await world.read(item("storm", EAST), item("song", EAST, provider="music"), no_item("storm", provider="music"))
    assert await world.names(towards(EAST)) == ["storm"]
    assert await world.names(towards(EAST), "music") == ["song"]
    assert world.stage.sizes() == {"music": 1, "news": 1}


async def test_only_the_providers_asked_for_are_held() -> None:
    world = World(providers=frozenset({"news"}))
    await world.read(item("storm", EAST), item("song", EAST, provider="music"), profile(ANN, 1, EAST, provider="music"))
    assert world.stage.sizes() == {"news": 1}
    with pytest.raises(UnknownProvider):
        await world.stage.search("music", towards(EAST))


async def test_a_subject_is_searched_with_what_was_published_of_it() -> None:
    world = World()
    await world.read(
        item("storm", EAST),
        item("game", NORTH),
        profile(ANN, 3, EAST, NORTH, weights=(0.2, 0.6)),
        profile(BOB, 1, EAST),
    )
    answer = await world.stage.search("news", of(ANN))
    assert (answer.version, [one.item for one in answer.items]) == (3, ["game", "storm"])
    assert answer.items == (await world.stage.search("news", towards(EAST, NORTH, weights=(0.2, 0.6)))).items
    assert await world.names(of(BOB, k=1)) == ["storm"]


async def test_what_is_near_to_what_a_subject_avoids_is_not_recommended() -> None:
    """As near as the person has said, or as `KEEP_AWAY` says."""
    world = World()
    half = (0.6, 0.8, 0.0, 0.0)
    near, far = item("near", EAST), item("half", half)
    await world.read(near, far, profile(ANN, 1, half, EAST, avoid=raw(EAST)))
    await world.read(profile(BOB, 1, half, EAST, avoid=raw(EAST), keep_away=0.7))
    assert await world.names(of(ANN)) == []
    assert await world.names(of(BOB)) == ["half"]
    assert await world.names(towards(half, EAST, avoid=(EAST,), keep_away=0.7)) == ["half"]
    assert await world.names(towards(half, EAST, avoid=(half,), keep_away=0.9)) == ["near"]


@pytest.mark.parametrize("versions", [(1, 2), (2, 1), (2, 2)])
async def test_the_newest_version_stays_in_whatever_order_they_come(versions: tuple[int, int]) -> None:
    world = World()
    vectors = {1: EAST, 2: NORTH}
    await world.read(item("storm", EAST), item("game", NORTH))
    for version in versions:
        await world.read(profile(ANN, version, vectors[version]))
    answer = await world.stage.search("news", of(ANN, k=1))
    assert (answer.version, answer.items[0].item) == (2, "game")


async def test_a_tombstone_takes_a_subject_away() -> None:
    world = World()
    await world.read(item("storm", EAST), profile(ANN, 1, EAST), profile(BOB, 1, EAST))
    await world.read(record(PROFILE_EMBEDDINGS, ANN, None), record(PROFILE_EMBEDDINGS, "c" * 32, None))
    with pytest.raises(UnknownSubject, match="search with its vectors") as caught:
        await world.stage.search("news", of(ANN))
    assert ANN not in str(caught.value)
    assert await world.names(of(BOB)) == ["storm"]
    assert world.sample("index_subjects", provider="news") == 1


async def test_a_subject_belongs_to_one_provider() -> None:
    world = World()
    await world.read(item("storm", EAST), item("song", EAST, provider="music"), profile(ANN, 1, EAST, provider="music"))
    with pytest.raises(UnknownSubject):
        await world.stage.search("news", of(ANN))


async def test_an_unknown_provider_is_told_apart_and_leaves_no_metric() -> None:
    world = World()
    with pytest.raises(UnknownProvider, match="send its catalog first"):
        await world.stage.search("nobody", towards(EAST))
    assert world.sample("search_seconds_count", provider="nobody") is None


async def test_a_profile_without_interests_finds_nothing() -> None:
    world = World()
    await world.read(item("storm", EAST), profile(ANN, 1))
    answer = await world.stage.search("news", of(ANN))
    assert (answer.version, answer.items) == (1, ())


async def test_k_threshold_and_scoring_are_as_asked() -> None:
    world = World(scoring="linear")
    await world.read(item("east", EAST), item("west", WEST), item("north", NORTH))
    linear = await world.stage.search("news", towards(EAST, NORTH, weights=(0.4, 0.2)))
    assert [one.score for one in linear.items] == pytest.approx([0.4, 0.2, -0.4])
    mixture = await world.stage.search("news", towards(EAST, weights=(0.4,), scoring="mixture"))
    assert [one.score for one in mixture.items] == pytest.approx([1, 0, -1])
    assert await world.names(towards(EAST, k=1)) == ["east"]
    assert await world.names(towards(EAST, threshold=0.1)) == ["east"]


async def test_vectors_of_any_length_are_taken_as_directions() -> None:
    world = World()
    await world.read(item("storm", EAST))
    for scale in (1e-300, 0.5, 7.0, 1e300):
        answer = await world.stage.search("news", towards((scale, 0.0, 0.0, 0.0)))
        assert answer.items[0].score == pytest.approx(1)


@pytest.mark.parametrize("body", [towards((1.0, 0.0)), towards(EAST, avoid=((1.0, 0.0),))])
async def test_vectors_of_another_length_are_refused_with_both(body: SearchBody) -> None:
    world = World()
    await world.read(item("storm", EAST))
    with pytest.raises(SpaceMismatch, match="2 components and this space has 4"):
        await world.stage.search("news", body)


async def test_vectors_that_differ_in_length_are_refused() -> None:
    world = World()
    await world.read(item("storm", EAST))
    with pytest.raises(SpaceMismatch, match="4 components"):
        await world.stage.search("news", towards(EAST, (1.0, 0.0)))


async def test_a_search_in_another_space_is_refused_with_both_names() -> None:
    world = World()
    await world.read(item("storm", EAST))
    assert await world.names(towards(EAST, space=SPACE)) == ["storm"]
    with pytest.raises(SpaceMismatch, match=r"'other-2'.*'test-1'"):
        await world.stage.search("news", towards(EAST, space="other-2"))


@pytest.mark.parametrize(
    "odd",
    [
        item("odd", EAST, space="other-2"),
        item("odd", (1.0, 0.0)),
        profile(ANN, 1, EAST, space="other-2"),
        profile(ANN, 1, (1.0, 0.0)),
        profile(ANN, 1, avoid=raw((1.0, 0.0))),
    ],
)
async def test_vectors_of_another_space_or_length_are_passed_over_counted_and_told_once(
    odd: Record, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    with caplog.at_level(logging.WARNING):
        await world.read(odd, item("storm", EAST))
        await world.read(odd)
    assert world.sample("other_space_total", provider="news") == 2
    assert len([one for one in caplog.messages if "are passed over" in one]) == 1
    assert await world.names(towards(EAST)) == ["storm"]
    with pytest.raises(UnknownSubject):
        await world.stage.search("news", of(ANN))


@pytest.mark.parametrize("topic", [ITEM_EMBEDDINGS, PROFILE_EMBEDDINGS])
@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b'{"title": "SECRET"}'])
async def test_garbage_is_passed_over_told_without_content_and_the_next_is_served(
    topic: str, value: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    bad = record(topic, "SECRET", value)
    with caplog.at_level(logging.WARNING):
        await world.read(bad, Record(topic, 0, next(offsets), None, None, 0), item("storm", EAST))
    assert await world.names(towards(EAST)) == ["storm"]
    assert f"{topic}/0 at {bad.offset}" in caplog.text
    assert "SECRET" not in caplog.text


async def test_a_batch_that_comes_again_changes_nothing() -> None:
    world = World()
    batch = [item("storm", EAST), item("game", NORTH), no_item("game"), profile(ANN, 2, EAST), profile(ANN, 1, NORTH)]
    await world.read(*batch)
    first = await world.stage.search("news", of(ANN))
    await world.read(*batch)
    assert await world.stage.search("news", of(ANN)) == first
    assert world.stage.sizes() == {"news": 1}


async def test_freshness_is_from_accepted_to_searchable_and_not_of_a_replay() -> None:
    world = World()
    world.now = START + 3
    before, after = int(START * 1000) - 1, int(START * 1000) + 1_000
    await world.read(item("old", EAST, accepted_ms=before), profile(ANN, 1, EAST, accepted_ms=before))
    assert world.sample("freshness_seconds_count", what="item") is None
    await world.read(item("new", EAST, accepted_ms=after), profile(ANN, 2, EAST, accepted_ms=after))
    for what in ("item", "profile"):
        assert world.sample("freshness_seconds_count", what=what) == 1
        assert world.sample("freshness_seconds_sum", what=what) == pytest.approx(2)
    await world.read(profile(ANN, 1, EAST, accepted_ms=after))
    assert world.sample("freshness_seconds_count", what="profile") == 1  # an older version became searchable nowhere


async def test_sizes_and_searches_are_measured() -> None:
    world = World()
    await world.read(item("storm", EAST), item("game", EAST), no_item("game"), profile(ANN, 1, EAST))
    await world.names(towards(EAST))
    assert world.sample("index_items", provider="news") == 1
    assert world.sample("index_subjects", provider="news") == 1
    assert world.sample("search_seconds_count", provider="news") == 1


async def test_searches_go_on_while_items_change() -> None:
    world = World()
    await world.read(item("storm", EAST), profile(ANN, 1, EAST))

    async def change() -> None:
        for turn in range(100):
            await world.read(item(f"extra {turn}", NORTH), item("storm", EAST, title=f"turn {turn}"))
            await world.read(no_item(f"extra {turn}"))

    async def search() -> None:
        for _ in range(100):
            assert await world.names(of(ANN, threshold=0.5)) == ["storm"]

    await asyncio.gather(change(), search(), search())
    assert world.stage.sizes() == {"news": 1}


async def test_it_reads_from_the_start_and_commits_nothing() -> None:
    stage = World().stage
    assert (stage.name, stage.group, stage.timers) == ("provider", None, ())
    assert stage.topics == (ITEM_EMBEDDINGS, PROFILE_EMBEDDINGS)
    assert await stage.resume([]) == {}
