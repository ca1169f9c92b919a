"""`HttpSearch` against the provider's own application: the same answers and the same errors as in one process."""

import httpx
import pytest

from infra.gateway.app import create_provider_app
from infra.gateway.ports import Search
from infra.provider_client import HttpSearch
from schemas.api import Found, SearchBody
from streams.metrics import Metrics
from tests.infra.gateway_fakes import FakeSearch, no_problems
from workers.errors import (
    ConfigurationError,
    SearchUnavailable,
    SpaceMismatch,
    StoreUnavailable,
    UnknownProvider,
    UnknownSubject,
)

BODY = SearchBody(space="space-1", vectors=((1.0, 0.0),), weights=(0.5,), avoid=((0.0, 1.0),), k=3, threshold=0.1)


def over_http(search: Search) -> HttpSearch:
    app = create_provider_app(search, Metrics(), no_problems)
    return HttpSearch("http://provider", transport=httpx.ASGITransport(app))


def answering(status: int, content: bytes = b"") -> HttpSearch:
    return HttpSearch(
        "http://provider", transport=httpx.MockTransport(lambda _: httpx.Response(status, content=content))
    )


async def test_body_and_answer_pass_unchanged() -> None:
    behind = FakeSearch({"news": [Found(item="n-1", title="Ü", category="a/b", score=0.25, interest=0)]})
    search = over_http(behind)
    assert await search.search("news", BODY) == await behind.search("news", BODY)
    assert behind.asked[0] == ("news", BODY)
    await search.close()


async def test_it_tells_how_many_items_each_provider_has() -> None:
    behind = FakeSearch({"news": [Found(item="n-1", title="t", score=0.25, interest=0)], "music": []})
    search = over_http(behind)
    assert await search.providers() == {"news": 1, "music": 0}
    await search.close()


@pytest.mark.parametrize("error", [UnknownProvider("p"), UnknownSubject("s"), SpaceMismatch("m")])
async def test_its_errors_arrive_as_themselves(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)):
        await over_http(FakeSearch(failing=error)).search("news", BODY)


@pytest.mark.parametrize("error", [StoreUnavailable("gone"), RuntimeError("bug")])
async def test_a_provider_that_fails_is_unavailable(error: Exception) -> None:
    with pytest.raises(SearchUnavailable):
        await over_http(FakeSearch(failing=error)).search("news", BODY)


async def test_nobody_listening_is_unavailable() -> None:
    search = HttpSearch("http://127.0.0.1:1")
    with pytest.raises(SearchUnavailable, match="did not answer"):
        await search.search("news", BODY)
    await search.close()


async def test_an_answer_that_is_none_is_unavailable() -> None:
    with pytest.raises(SearchUnavailable, match="no search answer"):
        await answering(200, b"<html>").search("news", BODY)


@pytest.mark.parametrize("content", [b"<html>", b'{"type": "about:blank", "title": "t", "status": 404, "detail": "d"}'])
async def test_something_else_than_a_provider_is_a_fault_in_the_set_up(content: bytes) -> None:
    with pytest.raises(ConfigurationError, match="ATTUNE_PROVIDER_URL"):
        await answering(404, content).search("news", BODY)
