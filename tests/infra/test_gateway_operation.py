"""What operators, monitors and the page ask: health, readiness, figures, the reference, the files."""

from typing import Any

import pytest

from infra.gateway.app import create_app, create_provider_app
from schemas.api import Found
from streams.metrics import Metrics
from tests.infra.gateway_fakes import FakeSearch, FakeStore, click, gateway, no_problems, ports, speak_to
from workers.errors import StoreUnavailable


async def broken() -> list[str]:
    return ["Kafka does not answer at 127.0.0.1:9092: is it running?"]


async def test_alive_is_said_whatever_is_broken_behind() -> None:
    async with gateway(problems=broken, store=FakeStore(failing=StoreUnavailable("no"))) as client:
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_ready_means_no_problems() -> None:
    async with gateway() as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "problems": []})


async def test_not_ready_names_the_reasons() -> None:
    async with gateway(problems=broken) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json() == {"status": "failing", "problems": await broken()}


async def test_status_says_how_far_behind_each_stage_is() -> None:
    async with gateway() as client:
        answer = await client.get("/v1/status")
    assert answer.json() == {"stages": {"agents": {"lag": 3}}, "providers": {"news": 160}, "space": "space-1"}


async def test_metrics_are_in_prometheus_text_format() -> None:
    async with gateway() as client:
        await client.post("/v1/interactions", json=click())
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'attune_interactions_accepted_total{source="api"} 1.0' in answer.text


async def test_the_page_learns_whom_and_what_it_can_offer() -> None:
    async with gateway(sample_users=("anna", "ben")) as client:
        answer = await client.get("/v1/page")
    assert answer.json() == {"users": ["anna", "ben"], "providers": ["music", "news"]}


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html"), ("/docs", "text/html"), ("/page/page.css", "text/css"), ("/page/page.js", "text/javascript")],
)
async def test_files_are_served_and_sent_again_only_when_changed(path: str, kind: str) -> None:
    async with gateway() as client:
        first = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert first.status_code == 200
    assert first.headers["content-type"] == f"{kind}; charset=utf-8"
    assert (again.status_code, again.content) == (304, b"")


async def test_the_description_names_every_address_and_body_and_resolves() -> None:
    async with gateway() as client:
        description = (await client.get("/openapi.json")).json()
    assert {
        "/v1/interactions",
        "/v1/providers",
        "/v1/providers/{provider}/items",
        "/v1/providers/{provider}/search",
        "/v1/users/{user}",
        "/v1/users/{user}/profile",
        "/v1/users/{user}/recommendations",
        "/v1/users/{user}/edits",
        "/v1/users/{user}/refresh",
        "/v1/users/{user}/events",
        "/v1/users/{user}/history",
        "/v1/users/{user}/import",
        "/v1/users/{user}/export",
        "/v1/users/{user}/explanations/{provider}/{item}",
        "/v1/users/{user}/interests/{interest}/why",
        "/v1/users/{user}/rollback",
        "/v1/users/{user}/versions",
        "/v1/users/{user}/commands/{command}",
        "/v1/users/{user}/edits/read",
        "/v1/status",
        "/healthz",
        "/readyz",
        "/metrics",
    } == set(description["paths"])
    known = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert set(_references(description)) <= known
    post = description["paths"]["/v1/interactions"]["post"]
    assert "requestBody" in post
    assert "application/problem+json" in post["responses"]["default"]["content"]


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [one for value in part.values() for one in _references(value)]
    return [one for value in part for one in _references(value)] if isinstance(part, list) else []


class TestProvider:
    """The application that `attune worker provider` serves."""

    async def test_searches(self) -> None:
        search = FakeSearch({"news": [Found(item="n-1", title="One", score=0.5, interest=0)]}, {"news": 4})
        async with speak_to(create_provider_app(search, Metrics(), no_problems)) as client:
            answer = await client.post("/v1/providers/news/search", json={"subject": "0" * 32, "k": 3})
        assert (answer.status_code, answer.json()["version"]) == (200, 4)
        assert [one["item"] for one in answer.json()["items"]] == ["n-1"]

    async def test_serves_health_and_metrics_and_nothing_of_persons(self) -> None:
        async with speak_to(create_provider_app(FakeSearch(), Metrics(), no_problems)) as client:
            for path in ("/healthz", "/readyz", "/metrics"):
                assert (await client.get(path)).status_code == 200
            for path in ("/", "/v1/users/anna/profile", "/v1/status", "/v1/page"):
                assert (await client.get(path)).status_code == 404

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ({}, "needs either 'subject' or 'vectors'"),
            ({"vectors": [[1.0]]}, "needs one weight per vector"),
            ({"subject": "anna"}, "'subject' must be 32 hex digits"),
            ({"vectors": [[1.0]], "weights": [1.0], "k": 0}, "'k' input should be greater than or equal to 1"),
            ([], "must be a JSON object"),
        ],
    )
    async def test_a_search_that_is_none_is_a_problem(self, body: object, said: str) -> None:
        async with speak_to(create_app(ports())) as client:
            answer = await client.post("/v1/providers/news/search", json=body)
        assert answer.status_code == 422
        assert said in answer.json()["detail"]

    async def test_an_unknown_subject_is_told_from_an_unknown_provider(self) -> None:
        search = FakeSearch({"news": []})
        async with speak_to(create_provider_app(search, Metrics(), no_problems)) as client:
            subject = await client.post("/v1/providers/news/search", json={"subject": "0" * 32})
            provider = await client.post("/v1/providers/radio/search", json={"subject": "0" * 32})
        assert (subject.status_code, subject.json()["type"]) == (404, "urn:attune:unknown-subject")
        assert (provider.status_code, provider.json()["type"]) == (404, "urn:attune:unknown-provider")
