"""What a hostile client writes on a real line: no spelling of an address, method or header opens what is another's."""

import asyncio

import pytest
from fastapi import FastAPI

from infra.doors.entering import LOCAL_DOORS
from infra.doors.roles import Role
from infra.gateway.app import create_app
from infra.gateway.server import GatewayServer
from tests.infra.door_keys import doors, token
from tests.infra.gateway_fakes import FakeProducer, FakeStore, as_store, held, ports, serving, state_of
from tests.patience import PATIENCE

SECRET = "something that only Eve's profile says"
ADA = f"Authorization: Bearer {token(Role.PERSON)}"


async def said(server: GatewayServer, line: str, *headers: str, host: str = "Host: a") -> tuple[int, str]:
    """Status and whole answer; 0 where the server hung up without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    lines = [line, *([host] if host else []), *headers, "Connection: close"]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    async with asyncio.timeout(PATIENCE):
        answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    return int(answer.split(" ", 2)[1]) if answer.startswith("HTTP/") else 0, answer


def whole(producer: FakeProducer | None = None) -> FastAPI:
    store = FakeStore({"eve": state_of(1, [held(SECRET, 0.5)]), "ada": state_of(1, [held("jazz", 0.5)])})
    app = create_app(ports(store=as_store(store), producer=producer or FakeProducer()), doors())
    app.state.gateway.closing.set()  # streams end at once
    return app


PATHS = [
    "/v1/users/eve/profile",
    "//v1/users/eve/profile",
    "/v1//users/eve/profile",
    "/v1/users//eve/profile",
    "/v1/users/ada/../eve/profile",
    "/v1/users/ada/%2e%2e/eve/profile",
    "/v1/users/ada%2F..%2Feve/profile",
    "/v1/users/ada/profile/../../eve/profile",
    "/v1/users/%65ve/profile",
    "/v1/users/EVE/profile",
    "/v1/users/eve%00/profile",
    "/v1/users/eve%20/profile",
    "/v1/users/%C8%9Bve/profile",
    "/v1/users/eve%252Fprofile",
    "/v1/users/eve/profile/",
    "/v1/users/eve/profile?user=ada",
    "/v1/users/eve;ada/profile",
    "/v1/users/eve/profile;ada",
    "/v1/users/eve/profile%3Fada",
    "/V1/users/eve/profile",
    "http://a/v1/users/eve/profile",
    "/page/../v1/users/eve/profile",
    "/page/%2e%2e/v1/users/eve/profile",
    "/docs/../v1/users/eve/export",
    "/v1/users/eve/interests/ada/profile",
    "/v1/users/eve/explanations/news/ada/profile",
    "/v1/users/ada/explanations/users/eve/profile",
    "/v1/users/eve/export",
    "/v1/users/eve/events",
    "/v1/users/eve/versions",
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "get", "TRACE", "PROPFIND"])
async def test_no_spelling_of_another_s_address_opens_it(method: str) -> None:
    async with serving(whole()) as (server, _):
        for path in PATHS:
            status, answer = await said(server, f"{method} {path} HTTP/1.1", ADA)
            assert status in {0, 400, 403, 404, 405, 422}, path
            assert SECRET not in answer, path
        assert (await said(server, "GET /v1/users/ada/profile HTTP/1.1", ADA))[0] == 200
        assert (await said(server, "GET /v1/users/%61da/profile HTTP/1.1", ADA))[0] == 200


async def test_no_spelling_forgets_another() -> None:
    producer = FakeProducer()
    async with serving(whole(producer)) as (server, _):
        for user in ("eve", "ada/../eve", "ada%2F..%2Feve", "ADA", "ada/", "/ada", "ada%20", "ada/profile"):
            assert (await said(server, f"DELETE /v1/users/{user} HTTP/1.1", ADA))[0] == 403, user
    assert producer.sent == []


@pytest.mark.parametrize(
    "headers",
    [
        ("X-HTTP-Method-Override: GET", "X-Original-URL: /v1/users/ada/profile"),
        ("X-Forwarded-User: eve", "X-Remote-User: eve"),
        ("X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: localhost", "Forwarded: for=127.0.0.1;host=localhost"),
        ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: eA==", "Sec-WebSocket-Version: 13"),
        ("Upgrade: h2c", "HTTP2-Settings: AAAA"),
        ("Cookie: token=x; user=eve",),
    ],
)
async def test_no_other_header_opens_it(headers: tuple[str, ...]) -> None:
    async with serving(whole()) as (server, _):
        for shown, expected in (((), 401), ((ADA,), 403)):
            status, answer = await said(server, "GET /v1/users/eve/profile HTTP/1.1", *shown, *headers)
            assert (status, SECRET in answer) == (expected, False)


async def test_without_a_token_no_body_is_waited_for() -> None:
    """Whoever has none could else hold what is kept for bodies, at no cost."""
    head = ("Content-Type: application/json", "Content-Length: 4000000")
    async with serving(whole()) as (server, _):
        for path in ("/v1/interactions", "/v1/users/ada/edits", "/v1/users/ada/history", "/v1/providers/news/items"):
            assert (await said(server, f"POST {path} HTTP/1.1", *head))[0] == 401, path
            assert (await said(server, "POST /v1/users/eve/edits HTTP/1.1", ADA, *head))[0] == 403


async def test_a_token_too_long_or_several_are_none() -> None:
    bearer = ADA.partition(" ")[2]
    async with serving(whole()) as (server, _):
        for line in (f"Authorization: {bearer}, {bearer}", f"Authorization: Bearer {'x' * 40_000}", f"{ADA}\x80"):
            assert (await said(server, "GET /v1/users/ada/profile HTTP/1.1", line))[0] in {400, 401}
        twice = await said(server, "GET /v1/users/ada/profile HTTP/1.1", ADA, ADA)
        assert twice[0] == 401


@pytest.mark.parametrize("host", ["Host: evil.example", 'Host: evil"{.example', "Host: 127.0.0.1.evil.example", ""])
async def test_on_a_real_line_too_open_doors_answer_to_this_machine_s_names_only(host: str) -> None:
    """Where it cannot read the header, the framework takes the address that it listens on for what was asked for."""
    async with serving(create_app(ports(), LOCAL_DOORS)) as (server, _):
        version = "HTTP/1.1" if host else "HTTP/1.0"
        assert (await said(server, f"GET /v1/status {version}", host=host))[0] == 403
        more = ("X-Forwarded-Host: localhost", "Origin: http://localhost")
        assert (await said(server, f"POST /v1/users/eve/refresh {version}", *more, host=host))[0] == 403
