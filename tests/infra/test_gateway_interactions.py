"""POST /v1/interactions: each event is checked alone, and those accepted stand in the log before the answer."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from infra.gateway.app import create_app
from infra.gateway.context import MAX_WRITES
from schemas.interaction import Interaction
from streams.contract import Outgoing
from streams.metrics import Metrics
from streams.sealing import own_item
from tests.infra.gateway_fakes import KEY, FakeProducer, click, gateway, ports, speak_to
from workers.errors import BrokerUnavailable, Overloaded

URL = "/v1/interactions"


async def test_one_interaction_is_sent_keyed_by_its_user_and_answered_202() -> None:
    producer = FakeProducer()
    async with gateway(producer=producer) as client:
        answer = await client.post(URL, json=click(dwell_ms=1200))
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "rejected": []})
    (message,) = producer.sent
    assert (message.topic, message.key) == ("attune.interactions", b"anna")
    assert message.value == Interaction.model_validate(click(dwell_ms=1200)).to_bytes()


async def test_a_batch_keeps_its_order() -> None:
    producer = FakeProducer()
    batch = [click(event_id=f"e-{i}") for i in range(1000)]
    async with gateway(producer=producer) as client:
        answer = await client.post(URL, json={"interactions": batch})
    assert answer.json()["accepted"] == 1000
    assert [json.loads(message.value or b"")["event_id"] for message in producer.sent] == [e["event_id"] for e in batch]


async def test_the_good_of_a_batch_are_taken_and_the_bad_are_named_with_what_to_mend() -> None:
    batch = [click(), click(event_id="e-2", signal="hover"), "no object", click(event_id=7), click(event_id="e" * 200)]
    async with gateway() as client:
        answer = await client.post(URL, json={"interactions": batch})
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 1
    rejected = answer.json()["rejected"]
    assert [(one["index"], one["event_id"]) for one in rejected] == [(1, "e-2"), (2, None), (3, None), (4, "e" * 128)]
    assert rejected[0]["reason"] == ("'signal' must be 'click', 'like', 'dislike', 'skip', 'impression' or 'retract'")
    assert rejected[1]["reason"] == "must be a JSON object"
    assert rejected[3]["reason"] == "'event_id' is too long: at most 128 characters"


async def test_of_what_a_person_brought_only_that_person_may_speak() -> None:
    """To take it back, say."""
    own, anothers = (own_item(KEY, user, "1") for user in ("anna", "bob"))
    names = {"provider": "mine.netflix", "signal": "retract"}
    batch = [click(event_id=f"e-{n}", item=item, **names) for n, item in enumerate((own, anothers, "1"))]
    async with gateway() as client:
        answer = (await client.post(URL, json={"interactions": batch})).json()
    assert (answer["accepted"], [one["event_id"] for one in answer["rejected"]]) == (1, ["e-1", "e-2"])
    assert answer["rejected"][0]["reason"] == (
        "names with 'mine.' are for what this very person brought: send the file to /v1/users/{user}/history"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"time": "2026-09-21T12:00:00"}, "'time' needs a timezone, for example 2026-09-01T12:00:00Z"),
        ({"time": "yesterday"}, "'time' must be a time as ISO 8601 with a timezone"),
        ({"time": "2150-01-01T00:00:00Z"}, "'time' lies too far in the future"),
        ({"time": "1960-01-01T00:00:00Z"}, "'time' is before 1970"),
        ({"event_id": ""}, "'event_id' must not be empty"),
        ({"user": " "}, "'user' must not be blank"),
        ({"item": "a\x00b"}, "'item' must not be blank or hold control characters"),
        ({"item": None}, "'item' is missing"),
        ({"provider": "New York"}, "'provider' must be 1 to 64 lower-case letters"),
        ({"dwell_ms": -1}, "'dwell_ms' input should be greater than or equal to 0"),
        ({"text": "x" * 4001}, "'text' is too long: at most 4,000 characters"),
        ({"retracts": "e-0"}, "'retracts' belongs to the signal 'retract' only"),
        ({"source": "rumour"}, "'source' must be 'api', 'file' or 'sample'"),
    ],
)
async def test_what_is_wrong_is_said(change: dict[str, Any], reason: str) -> None:
    producer = FakeProducer()
    async with gateway(producer=producer) as client:
        answer = await client.post(URL, json=click(**change))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert reason in answer.json()["rejected"][0]["reason"]
    assert reason in answer.json()["detail"]
    assert producer.sent == []


async def test_an_event_within_the_clock_skew_is_taken() -> None:
    async with gateway(clock_skew=60.0) as client:
        taken = await client.post(URL, json=click(time="2026-09-21T14:14:10Z"))  # 50 s ahead
        refused = await client.post(URL, json=click(time="2026-09-21T14:14:30Z"))  # 70 s ahead
    assert (taken.status_code, refused.status_code) == (202, 422)
    assert "at most 2026-09-21T14:14:20+00:00" in refused.json()["detail"]


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null", '{"interactions": {}}', '{"interactions": null}'])
async def test_another_shape_is_a_problem_that_shows_the_right_one(body: str) -> None:
    async with gateway() as client:
        answer = await client.post(URL, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == 'Send one JSON object or {"interactions": [...]}.'


async def test_more_than_a_batch_holds_is_refused_whole() -> None:
    producer = FakeProducer()
    async with gateway(producer=producer) as client:
        answer = await client.post(URL, json={"interactions": [click()] * 1001})
    assert answer.status_code == 422
    assert "at most 1,000" in answer.json()["detail"]
    assert producer.sent == []


async def test_an_empty_batch_is_no_error() -> None:
    async with gateway() as client:
        answer = await client.post(URL, json={"interactions": []})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 0)


async def test_accepted_events_are_counted_by_the_door_they_came_in() -> None:
    metrics = Metrics()
    batch = [click(), click(source="file"), click(source="file"), click(signal="?")]
    async with gateway(metrics=metrics) as client:
        await client.post(URL, json={"interactions": batch})
    assert _accepted(metrics) == {"api": 1.0, "file": 2.0}


async def test_without_a_broker_nothing_counts_as_accepted_and_the_sender_is_told_to_come_again() -> None:
    metrics = Metrics()
    producer = FakeProducer(failing=BrokerUnavailable("127.0.0.1:9092 does not answer"))
    async with gateway(producer=producer, metrics=metrics) as client:
        answer = await client.post(URL, json=click())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["detail"].startswith("The broker does not answer at the moment. Send the same again")
    assert "9092" not in answer.text
    assert _accepted(metrics) == {}
    assert metrics.registry.get_sample_value("attune_broker_errors_total", {"stage": "gateway"}) == 1.0


async def test_a_full_buffer_slows_the_sender_down() -> None:
    async with gateway(producer=FakeProducer(failing=Overloaded("full", retry_after=2.2))) as client:
        answer = await client.post(URL, json=click())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")


async def test_only_so_many_requests_wait_for_the_broker() -> None:
    full, go_on = asyncio.Barrier(MAX_WRITES + 1), asyncio.Event()

    async def hold(_: Sequence[Outgoing]) -> None:
        if not go_on.is_set():
            await full.wait()
            await go_on.wait()

    app = create_app(ports(producer=FakeProducer(before=hold)))
    async with speak_to(app) as client:
        held_back = [asyncio.create_task(client.post(URL, json=click(event_id=f"e{i}"))) for i in range(MAX_WRITES)]
        await full.wait()
        beyond = await client.post(URL, json=click())
        go_on.set()
        answers = await asyncio.gather(*held_back)
        after = await client.post(URL, json=click())
    assert (beyond.status_code, beyond.headers["retry-after"]) == (503, "1")
    assert {answer.status_code for answer in answers} == {202}
    assert after.status_code == 202


def _accepted(metrics: Metrics) -> dict[str, float]:
    samples = [sample for metric in metrics.accepted.collect() for sample in metric.samples]
    return {one.labels["source"]: one.value for one in samples if one.name.endswith("_total")}
