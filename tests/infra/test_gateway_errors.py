"""Every error is a problem document that says what to do, whatever comes in and whatever breaks inside."""

import asyncio
import json
import logging
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from infra.gateway.app import create_app
from infra.gateway.guard import HEADERS
from schemas.api import MAX_BODY_BYTES, Problem
from tests.infra.gateway_fakes import FakeProducer, FakeSearch, FakeStore, click, gateway, ports, serving, speak_to
from workers.errors import ConfigurationError

URL = "/v1/interactions"
JSON = {"Content-Type": "application/json"}


def detail(answer: httpx.Response, status: int) -> str:
    """The detail of an answer that must be a problem with this status."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(answer.content)
    assert problem.status == status
    assert problem.title
    return problem.detail


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "where"),
        [
            (b'{"user": }', "line 1, column 10"),
            (b'{\n"user": "a",}', "line 2, column 12"),
            (b'{"dwell_ms": NaN}', "line 1, column 14"),
            (b'{"dwell_ms": Infinity}', "line 1, column 14"),
            (b'{"dwell_ms": 1e999}', "line 1, column 14"),
            (b"\xff\xfe", "not JSON"),
            (b'"\\ud800"', "not JSON"),
            (b"[" * 100_000, "depth limit"),
        ],
    )
    async def test_malformed_json_is_named_with_its_place(self, body: bytes, where: str) -> None:
        async with gateway() as client:
            assert where in detail(await client.post(URL, content=body, headers=JSON), 400)

    async def test_an_empty_body_is_said_to_be_empty(self) -> None:
        async with gateway() as client:
            assert "empty" in detail(await client.post(URL, headers=JSON), 400)

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
    async def test_another_content_type_is_refused(self, kind: str) -> None:
        async with gateway() as client:
            answer = await client.post(URL, content=json.dumps(click()), headers={"Content-Type": kind})
        assert "Content-Type: application/json" in detail(answer, 415)

    async def test_a_charset_beside_the_content_type_is_fine(self) -> None:
        async with gateway() as client:
            headers = {"Content-Type": "application/json; charset=utf-8"}
            assert (await client.post(URL, content=json.dumps(click()), headers=headers)).status_code == 202

    async def test_the_largest_body_passes_and_one_byte_more_does_not(self) -> None:
        largest = json.dumps(click()).encode().ljust(MAX_BODY_BYTES)
        async with gateway() as client:
            assert (await client.post(URL, content=largest, headers=JSON)).status_code == 202
            answer = await client.post(URL, content=largest + b" ", headers=JSON)
        assert "4,194,304 bytes" in detail(answer, 413)

    async def test_a_body_without_a_declared_length_is_cut_off_too(self) -> None:
        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield b" " * 65_536

        producer = FakeProducer()
        async with gateway(producer=producer) as client:
            assert "bytes" in detail(await client.post(URL, content=endless(), headers=JSON), 413)
        assert producer.sent == []

    async def test_no_more_is_read_than_the_limit(self) -> None:
        """However much is sent, little more than the limit is ever held."""
        read = 0

        async def receive() -> dict[str, Any]:
            nonlocal read
            read += 1
            return {"type": "http.request", "body": b" " * 65_536, "more_body": True}

        async def send(message: dict[str, Any]) -> None: ...

        app = create_app(ports())
        tracemalloc.start()
        await app(_scope(URL), receive, send)  # type: ignore[arg-type]
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert read == MAX_BODY_BYTES // 65_536 + 1
        assert held < 2 * MAX_BODY_BYTES

    async def test_a_sender_that_asks_first_is_answered_before_it_sends(self) -> None:
        async def never() -> AsyncIterator[bytes]:
            raise AssertionError("the body was asked for")
            yield b""

        headers = JSON | {"Expect": "100-continue", "Content-Length": str(MAX_BODY_BYTES + 1)}
        async with gateway() as client:
            detail(await client.post(URL, content=never(), headers=headers), 413)

    async def test_a_body_that_never_ends_is_given_up(self) -> None:
        async def slow() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.sleep(60)

        app = create_app(ports())
        app.state.body_seconds = 0.05
        async with speak_to(app) as client:
            assert "fewer entries" in detail(await client.post(URL, content=slow(), headers=JSON), 408)

    async def test_the_next_event_is_served_after_garbage(self) -> None:
        async with gateway() as client:
            for body in (b"{", b"\x00" * 100, b"NaN"):
                await client.post(URL, content=body, headers=JSON)
            assert (await client.post(URL, json=click())).status_code == 202


class TestRouting:
    async def test_an_unknown_address_points_to_the_reference(self) -> None:
        async with gateway() as client:
            assert "/docs" in detail(await client.get("/v1/nothing"), 404)

    async def test_a_wrong_method_names_the_right_one(self) -> None:
        async with gateway() as client:
            answer = await client.get(URL)
        assert "takes POST, not GET" in detail(answer, 405)
        assert answer.headers["allow"] == "POST"

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
    @pytest.mark.parametrize("rest", ["nothing", "profile/", "profile/x", "interests/0123456789ab"])
    async def test_what_follows_a_user_and_is_no_address_is_none(self, rest: str, method: str) -> None:
        async with gateway() as client:
            detail(await client.request(method, f"/v1/users/anna/{rest}"), 404)

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("GET", "/v1/users/anna", "DELETE"),
            ("GET", "/v1/users/anna%2Fnothing", "DELETE"),
            ("POST", "/v1/users/anna/profile", "GET"),
            ("PUT", "/v1/users/anna/edits", "POST"),
        ],
    )
    async def test_where_there_is_another_method_it_is_named(self, method: str, path: str, allowed: str) -> None:
        async with gateway() as client:
            assert f"takes {allowed}, not {method}" in detail(await client.request(method, path), 405)


class TestFailures:
    async def test_what_nobody_foresaw_is_a_500_without_a_word_of_it(self, caplog: pytest.LogCaptureFixture) -> None:
        search = FakeSearch(failing=RuntimeError("secret of anna"))
        async with gateway(search=search) as client:
            answer = await client.post("/v1/providers/news/search", json={"vectors": [[1.0]], "weights": [1.0]})
        detail(answer, 500)
        assert "secret" not in answer.text
        assert "unexpected RuntimeError at gateway_fakes.py" in caplog.text
        assert "secret" not in caplog.text
        assert "anna" not in caplog.text

    async def test_a_fault_in_the_set_up_is_logged_in_its_own_words(self, caplog: pytest.LogCaptureFixture) -> None:
        search = FakeSearch(failing=ConfigurationError("ATTUNE_PROVIDER_URL names something else"))
        async with gateway(search=search) as client:
            answer = await client.post("/v1/providers/news/search", json={"vectors": [[1.0]], "weights": [1.0]})
        assert "PROVIDER_URL" not in detail(answer, 500)
        assert "ATTUNE_PROVIDER_URL names something else" in caplog.text

    async def test_refused_data_is_not_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG, logger="infra"):
            async with gateway(store=FakeStore()) as client:
                await client.post(URL, json=click(user="anna-of-the-log", signal="?"))
                await client.get("/v1/users/anna-of-the-log/profile")
        assert "anna-of-the-log" not in caplog.text


class TestHeaders:
    @pytest.mark.parametrize("path", ["/", "/docs", "/page/page.js", "/v1/status", "/v1/nothing", "/metrics"])
    async def test_every_answer_carries_the_protecting_headers(self, path: str) -> None:
        async with gateway() as client:
            answer = await client.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]

    async def test_answers_about_people_are_not_kept_by_caches(self) -> None:
        async with gateway() as client:
            assert (await client.get("/v1/users/anna/profile")).headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    async def test_another_sites_page_may_change_nothing(self, site: str) -> None:
        producer = FakeProducer()
        async with gateway(producer=producer) as client:
            detail(await client.post("/v1/users/anna/refresh", headers={"Sec-Fetch-Site": site}), 403)
        assert producer.sent == []

    async def test_two_lengths_are_refused_and_nothing_after_them_is_served(self) -> None:
        """Or a request could be smuggled past a proxy that goes by the other one (RFC 9112, 6.1)."""
        both = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        head = b"POST /v1/users/anna/refresh HTTP/1.1\r\nHost: a\r\n" + both
        smuggled = b"POST /v1/users/eve/refresh HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        producer = FakeProducer()
        async with serving(create_app(ports(producer=producer))) as (server, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(head + b"0\r\n\r\n" + smuggled)
            answer = await reader.read()
            writer.close()
        assert answer.startswith(b"HTTP/1.1 400")
        assert answer.count(b"HTTP/1.1") == 1
        assert producer.sent == []

    async def test_the_own_page_may(self) -> None:
        async with gateway() as client:
            answer = await client.post("/v1/users/anna/refresh", headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 202


def test_the_application_sends_no_telemetry() -> None:
    app: FastAPI = create_app(ports())
    assert not any(app._telemetry[name] for name in ("tracing", "metrics", "logs", "auto_configure"))


def _scope(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
