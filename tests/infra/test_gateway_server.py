"""The server around the application: its socket, its end, and a body larger than it takes, on a real line."""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from math import inf

import httpx
import pytest

from infra.gateway.app import create_app
from infra.gateway.server import GatewayServer
from streams.contract import Outgoing
from tests.infra.gateway_fakes import FakeProducer, click, ports, serving
from tests.patience import PATIENCE
from workers.errors import ConfigurationError


async def test_a_ten_megabyte_body_gets_its_answer_and_the_next_event_is_served() -> None:
    async with serving(create_app(ports())) as (_, client):
        body = b'{"interactions": [' + b" " * 10_000_000
        answer = await client.post("/v1/interactions", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert "several requests" in answer.json()["detail"]
        assert (await client.post("/v1/interactions", json=click())).status_code == 202


async def test_a_sender_that_reads_only_after_all_is_written_gets_its_answer_too() -> None:
    async with serving(create_app(ports())) as (server, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        head = "POST /v1/interactions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: 10000000\r\n\r\n".encode())
        for _ in range(100):
            writer.write(b" " * 100_000)
            await writer.drain()
        assert (await reader.readline()).startswith(b"HTTP/1.1 413")
        writer.close()
        await writer.wait_closed()


async def test_a_sender_that_waits_for_leave_is_refused_before_it_sends() -> None:
    async with serving(create_app(ports())) as (server, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        head = "POST /v1/interactions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: 10000000\r\nExpect: 100-continue\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 413")
        writer.close()
        await writer.wait_closed()


async def test_answers_do_not_wait_for_acknowledgements() -> None:
    """With Nagle's algorithm every one of them takes 40 ms or more: one that is quicker tells, however busy it is."""
    quickest, end = inf, time.monotonic() + PATIENCE
    async with serving(create_app(ports())) as (_, client):
        await client.post("/v1/interactions", json=click())
        while quickest > 0.03 and time.monotonic() < end:
            started = time.monotonic()
            await client.post("/v1/interactions", json=click())
            quickest = min(quickest, time.monotonic() - started)
    assert quickest <= 0.03


async def test_stopping_lets_the_request_in_hand_end() -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_: Sequence[Outgoing]) -> None:
        reached.set()
        await go_on.wait()

    producer = FakeProducer(before=hold)
    async with serving(create_app(ports(producer=producer))) as (server, client):
        request = asyncio.create_task(client.post("/v1/interactions", json=click()))
        await reached.wait()
        stopping = asyncio.create_task(server.stop())
        await asyncio.sleep(0.05)
        go_on.set()
        assert (await request).status_code == 202
        await stopping
        with pytest.raises(httpx.ConnectError):
            await client.get("/healthz")


async def test_a_taken_port_is_named_with_the_cure() -> None:
    async with serving(create_app(ports())) as (server, _):
        with pytest.raises(ConfigurationError, match=rf"{server.port} .*: set ATTUNE_HTTP_PORT"):
            GatewayServer(create_app(ports()), "127.0.0.1", server.port)


async def test_no_id_reaches_the_log_and_no_header_names_the_server(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with serving(create_app(ports())) as (_, client):
            answer = await client.get("/v1/users/anna-of-the-log/profile")
            await client.post("/v1/interactions", content=json.dumps(click(user="anna-of-the-log")))
    said = [record.getMessage() for record in caplog.records if not record.name.startswith(("http", "asyncio"))]
    assert "anna-of-the-log" not in "\n".join(said)
    assert "server" not in answer.headers
