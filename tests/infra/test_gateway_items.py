"""POST /v1/providers/{p}/items: catalog entries and tombstones, keyed by provider and item."""

import json

from tests.infra.gateway_fakes import FakeProducer, gateway

URL = "/v1/providers/news/items"


async def test_items_become_catalog_entries_of_the_provider_in_the_path() -> None:
    producer = FakeProducer()
    item = {"item": "n:1", "title": "Rust beats C", "category": "it/code", "tags": ["rust"], "provider": "other"}
    async with gateway(producer=producer) as client:
        answer = await client.post(URL, json={"items": [item, {"item": "n-2", "title": "Ü", "text": "a"}]})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 2, "rejected": []})
    first, second = producer.sent
    assert (first.topic, first.key, second.key) == ("attune.catalog", b"news:n:1", b"news:n-2")
    assert json.loads(first.value or b"") == {
        "schema_version": 1,
        "provider": "news",
        "item": "n:1",
        "title": "Rust beats C",
        "category": "it/code",
        "tags": ["rust"],
    }


async def test_a_deleted_item_becomes_a_tombstone() -> None:
    producer = FakeProducer()
    async with gateway(producer=producer) as client:
        await client.post(URL, json={"items": [{"item": "n-1", "deleted": True}]})
    (message,) = producer.sent
    assert (message.key, message.value) == (b"news:n-1", None)


async def test_the_bad_of_a_batch_are_named() -> None:
    producer = FakeProducer()
    items = [{"item": "n-1"}, {"item": "n-2", "title": "Ok"}, {"title": "No id"}]
    async with gateway(producer=producer) as client:
        answer = await client.post(URL, json={"items": items})
    rejected = answer.json()["rejected"]
    assert answer.json()["accepted"] == len(producer.sent) == 1
    assert [(one["index"], one["item"]) for one in rejected] == [(0, "n-1"), (2, None)]
    assert rejected[0]["reason"] == "needs a 'title' (or 'deleted': true)"
    assert rejected[1]["reason"] == "'item' is missing"


async def test_nothing_accepted_is_a_problem() -> None:
    async with gateway() as client:
        answer = await client.post(URL, json={"items": [{"item": ""}]})
    assert answer.status_code == 422
    assert answer.json()["rejected"][0]["index"] == 0


async def test_a_single_item_needs_the_list_around_it() -> None:
    async with gateway() as client:
        answer = await client.post(URL, json={"item": "n-1", "title": "Alone"})
    assert (answer.status_code, answer.json()["detail"]) == (422, 'Send {"items": [...]}.')


async def test_nobody_offers_what_persons_bring() -> None:
    producer = FakeProducer()
    async with gateway(producer=producer) as client:
        answer = await client.post("/v1/providers/mine.netflix/items", json={"items": [{"item": "1", "title": "x"}]})
    assert (answer.status_code, producer.sent) == (422, [])
    assert "choose another name" in answer.json()["detail"]


async def test_a_providers_name_has_a_form() -> None:
    async with gateway() as client:
        answer = await client.post("/v1/providers/New%20York/items", json={"items": []})
    assert answer.status_code == 422
    assert "'provider' must be 1 to 64 lower-case letters" in answer.json()["detail"]
