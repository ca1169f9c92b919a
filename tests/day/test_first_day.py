"""An event goes in, a better recommendation comes out: the embedded service, as a newcomer meets it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.sample.catalog import sample_items
from tests.day.service import Service, eventually, interaction, send_items
from tests.patience import AT_ONCE

pytestmark = pytest.mark.timeout(180)

TOPICS = ("astronomy", "jazz", "gardening", "football")
STOPPED = 15.0
"""Seconds: the deadline is 8 s from when it has heard the signal. Without a deadline it would be killed after 20 s."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("up")) as running:
        send_items(running, [item for item in sample_items() if item["category"] in TOPICS])
        yield running


def items_of(topic: str) -> list[dict[str, Any]]:
    return [item for item in sample_items() if item["category"] == topic]


def click(service: Service, user: str, topic: str, count: int = 10, first: int = 0) -> list[dict[str, Any]]:
    chosen = items_of(topic)[:count]
    events = [interaction(user, i["provider"], i["item"], n=first + n) for n, i in enumerate(chosen)]
    answer = service.post("/v1/interactions", {"interactions": events})
    assert answer.status_code == 202
    assert answer.json() == {"accepted": count, "rejected": []}
    return chosen


def weights(service: Service, user: str) -> dict[str, float]:
    return {interest["text"]: interest["weight"] for interest in service.profile(user)["interests"]}


def test_ten_clicks_name_the_topic_and_bring_more_of_it_in_a_moment(service: Service) -> None:
    before = service.metric("attune_events_applied_total")
    start = time.monotonic()
    click(service, "ann", "astronomy")
    eventually(lambda: [i["text"] for i in service.profile("ann")["interests"]][:1] == ["astronomy"])
    eventually(lambda: service.metric("attune_events_applied_total") - before == 10)

    found = service.get("/v1/users/ann/recommendations", k=10)["items"]
    assert time.monotonic() - start < AT_ONCE, "half a second where nothing else runs (docs/benchmarks)"
    assert sum(item["category"] == "astronomy" for item in found) >= 8
    assert all(item["interest"] for item in found)


def test_a_dislike_of_the_topic_moves_it_down_and_a_retraction_restores_the_earlier_weights(service: Service) -> None:
    click(service, "bob", "jazz")
    service.settle()
    service.post("/v1/users/bob/refresh", {})
    service.settle()
    liked = weights(service, "bob")
    item = items_of("jazz")[12]
    service.post("/v1/interactions", interaction("bob", item["provider"], item["item"], "dislike", n=20))
    eventually(lambda: weights(service, "bob")["jazz"] < liked["jazz"])
    service.post("/v1/interactions", interaction("bob", item["provider"], item["item"], "retract", n=21))
    eventually(lambda: weights(service, "bob") == liked)


def test_a_retraction_of_the_clicks_takes_the_topic_away_again(service: Service) -> None:
    click(service, "cleo", "gardening")
    service.settle()
    service.post("/v1/users/cleo/refresh", {})
    service.settle()
    before = weights(service, "cleo")
    clicked = click(service, "cleo", "football", first=20)
    eventually(lambda: "football" in weights(service, "cleo"))
    events = [interaction("cleo", i["provider"], i["item"], "retract", n=40 + n) for n, i in enumerate(clicked)]
    service.post("/v1/interactions", {"interactions": events})
    eventually(lambda: weights(service, "cleo") == before)


def test_the_same_events_again_change_nothing(service: Service) -> None:
    click(service, "dan", "jazz")
    service.settle()
    profile = service.profile("dan")
    applied = service.metric("attune_events_applied_total")
    click(service, "dan", "jazz")
    service.settle()
    assert service.profile("dan") == profile
    assert service.metric("attune_events_applied_total") == applied


def test_an_item_nobody_knows_is_waited_for(service: Service) -> None:
    item = {"item": "late-1", "title": "A telescope for the back garden", "category": "astronomy"}
    service.post("/v1/interactions", interaction("eve", "news", "late-1"))
    service.settle()
    assert service.profile("eve")["interests"] == []
    service.post("/v1/providers/news/items", {"items": [item]})
    eventually(lambda: weights(service, "eve") != {})
    assert list(weights(service, "eve")) == ["astronomy"]


def test_an_item_described_by_the_event_itself_needs_no_catalog(service: Service) -> None:
    event = interaction("fay", "clips", "clip-7") | {"text": "Knitting a woollen jumper for winter"}
    service.post("/v1/interactions", event)
    eventually(lambda: weights(service, "fay") != {})


def test_sigterm_ends_it_in_time_and_its_state_is_there_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with Service(tmp_path_factory.mktemp("stop")) as service:
        send_items(service, items_of("jazz"))
        click(service, "gil", "jazz")
        service.settle()
        profile = service.profile("gil")
        start = time.monotonic()
        service.process.stop()
        assert time.monotonic() - start < STOPPED
        assert service.process.exit_code == 0
        service.process.begin()
        assert service.profile("gil") == profile
        eventually(lambda: len(service.get("/v1/users/gil/recommendations", k=10)["items"]) == 10)
