"""More comes in than can be taken: who comes beyond the bounds is told so before memory grows, and the others are
served."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from infra.gateway.admission import MAX_REQUESTS
from infra.gateway.app import create_app
from infra.gateway.bodies import KEPT_FOR_SMALL, MAX_BYTES, MAX_READ, SMALL, Bodies
from infra.gateway.connection import MAX_CONNECTIONS, Connection
from infra.gateway.problems import ProblemError
from infra.gateway.server import GatewayServer
from schemas.api import MAX_BODY_BYTES
from streams.contract import Outgoing
from streams.metrics import Metrics
from tests.infra.gateway_fakes import FakeProducer, click, ports, serving, speak_to
from tests.patience import AT_ONCE, PATIENCE

URL = "/v1/interactions"
JSON = {"Content-Type": "application/json"}
HEAD = "POST /v1/interactions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"


def busy(answer: httpx.Response) -> bool:
    """A 503 problem that says when to come again."""
    assert answer.headers["content-type"] == "application/problem+json"
    return (answer.status_code, answer.json()["title"], answer.headers["retry-after"]) == (503, "Busy", "1")


def figure(metrics: Metrics, name: str, what: str) -> float:
    return metrics.registry.get_sample_value(f"attune_gateway_{name}", {"what": what}) or 0.0


class TestBodies:
    def test_so_many_are_read_at_once_and_the_next_one_is_told_to_come_again(self) -> None:
        metrics = Metrics()
        bodies = Bodies(metrics)
        with ExitStack() as stack:
            for _ in range(MAX_READ):
                stack.enter_context(stack.enter_context(bodies.hold()).reading())
            with bodies.hold() as beyond, pytest.raises(ProblemError) as refused, beyond.reading():
                raise AssertionError("it was let in")
        assert (refused.value.problem.status, refused.value.headers["Retry-After"]) == (503, "1")
        assert figure(metrics, "refused_total", "bodies") == 1
        assert figure(metrics, "held", "bodies") == 0
        with bodies.hold() as after, after.reading():
            assert figure(metrics, "held", "bodies") == 1

    def test_large_ones_leave_room_for_small_ones(self) -> None:
        metrics = Metrics()
        bodies = Bodies(metrics)
        with ExitStack() as stack:
            for _ in range((MAX_BYTES - KEPT_FOR_SMALL) // MAX_BODY_BYTES):
                stack.enter_context(bodies.hold()).add(MAX_BODY_BYTES)
            large = stack.enter_context(bodies.hold())
            large.add(SMALL)
            with pytest.raises(ProblemError):
                large.add(1)
            for _ in range(KEPT_FOR_SMALL // SMALL - 1):
                stack.enter_context(bodies.hold()).add(SMALL)
            with pytest.raises(ProblemError):
                stack.enter_context(bodies.hold()).add(SMALL)
            assert figure(metrics, "held", "body_bytes") == MAX_BYTES
        assert figure(metrics, "held", "body_bytes") == 0

    async def test_it_counts_until_its_request_is_answered(self) -> None:
        metrics, reached, go_on = Metrics(), asyncio.Event(), asyncio.Event()

        async def hold(_: Sequence[Outgoing]) -> None:
            reached.set()
            await go_on.wait()

        body = json.dumps(click()).encode().ljust(100_000)
        async with speak_to(create_app(ports(metrics=metrics, producer=FakeProducer(before=hold)))) as client:
            sending = asyncio.create_task(client.post(URL, content=body, headers=JSON))
            await reached.wait()
            assert figure(metrics, "held", "body_bytes") == len(body)
            go_on.set()
            assert (await sending).status_code == 202
        assert figure(metrics, "held", "body_bytes") == 0

    async def test_what_is_parsed_of_it_does_not_last_as_long_as_its_request(self) -> None:
        """A body of empty lists is twenty times as large once it is parsed."""
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def hold(_: Sequence[Outgoing]) -> None:
            reached.set()
            await go_on.wait()

        body = f'{{"interactions": [{json.dumps(click())}, [{"[]," * 200_000}[]]]}}'.encode()
        async with speak_to(create_app(ports(producer=FakeProducer(before=hold)))) as client:
            tracemalloc.start()
            sending = asyncio.create_task(client.post(URL, content=body, headers=JSON))
            await reached.wait()
            held, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            go_on.set()
            assert (await sending).json()["accepted"] == 1
        assert most > 10 * len(body)
        assert held < 5 * len(body)

    @pytest.mark.parametrize("path", ["/v1/providers/news/items", "/v1/users/anna/edits", "/v1/users/anna/refresh"])
    async def test_every_endpoint_with_a_body_is_bounded(self, path: str) -> None:
        app = create_app(ports())
        bodies: Bodies = app.state.bodies
        with ExitStack() as stack:
            for _ in range(MAX_READ):
                stack.enter_context(stack.enter_context(bodies.hold()).reading())
            async with speak_to(app) as client:
                assert busy(await client.post(path, json={}))


class TestRequests:
    async def test_so_many_are_answered_at_once_and_what_watches_is_always_let_in(self) -> None:
        full, go_on = asyncio.Semaphore(0), asyncio.Event()

        async def wait() -> Any:
            full.release()
            await go_on.wait()
            raise AssertionError("not needed")

        app = create_app(ports(status=wait))
        async with speak_to(app) as client:
            held = [asyncio.create_task(client.get("/v1/status")) for _ in range(MAX_REQUESTS)]
            for _ in held:
                await full.acquire()
            assert busy(await client.get("/v1/users/anna/profile"))
            assert (await client.get("/healthz")).status_code == 200
            assert f'attune_gateway_held{{what="requests"}} {MAX_REQUESTS}.0' in (await client.get("/metrics")).text
            go_on.set()
            assert {answer.status_code for answer in await asyncio.gather(*held)} == {500}
            assert (await client.get("/v1/users/anna/profile")).status_code == 404


class Impatient(Connection):
    head_seconds = 0.5
    read_seconds = 0.5


class Patient(Connection):
    """For who is slow, but not that slow on the slowest machine."""

    head_seconds = 3.0
    read_seconds = 3.0


@asynccontextmanager
async def impatient(app: FastAPI, kind: type[Connection] = Impatient) -> AsyncIterator[int]:
    """Served with short deadlines; its port."""
    server = GatewayServer(app, "127.0.0.1", 0, 1.0, kind)
    running = asyncio.create_task(server.run())
    try:
        yield server.port
    finally:
        await server.stop()
        await running


@asynccontextmanager
async def connected(port: int, limit: int = 65_536) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=limit)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def hung_up(reader: asyncio.StreamReader) -> bool:
    """Whether the other side ends the connection."""
    async with asyncio.timeout(AT_ONCE):
        try:
            while await reader.read(65_536):
                pass
        except ConnectionError:
            pass
    return True


class TestConnections:
    @pytest.mark.parametrize("sent", [b"", b"POST /v1/inter"])
    async def test_a_head_that_does_not_come_is_not_waited_for(self, sent: bytes) -> None:
        async with impatient(create_app(ports())) as port, connected(port) as (reader, writer):
            writer.write(sent)
            assert await hung_up(reader)

    async def test_nor_is_the_second_one_on_a_line(self) -> None:
        async with impatient(create_app(ports())) as port, connected(port) as (reader, writer):
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            writer.write(b"GET /hea")
            assert await hung_up(reader)

    async def test_who_was_refused_and_sends_on_is_hung_up_on(self) -> None:
        async with impatient(create_app(ports())) as port, connected(port) as (reader, writer):
            writer.write(HEAD.format(10_000_000).encode())
            assert (await reader.readline()).startswith(b"HTTP/1.1 413")

            async def trickle() -> None:
                while True:
                    writer.write(b" ")
                    await asyncio.sleep(0.02)

            sending = asyncio.create_task(trickle())
            assert await hung_up(reader)
            sending.cancel()

    async def test_who_does_not_read_is_hung_up_on(self) -> None:
        metrics = Metrics()
        async with impatient(create_app(ports(metrics=metrics))) as port, connected(port, limit=1) as (_, writer):
            for _ in range(200):  # pipelined answers of some 20 KB, more than both sides' sockets hold
                writer.write(b"GET /docs HTTP/1.1\r\nHost: a\r\n\r\nGET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n")
            async with asyncio.timeout(PATIENCE):
                while not figure(metrics, "refused_total", "slow_connections"):
                    await asyncio.sleep(0.02)

    async def test_a_slow_body_within_its_time_is_none_of_it(self) -> None:
        async with impatient(create_app(ports()), Patient) as port, connected(port) as (reader, writer):
            body = json.dumps(click()).encode().ljust(200)
            writer.write(HEAD.format(len(body)).encode())
            for at in range(0, len(body), 20):
                writer.write(body[at : at + 20])
                await asyncio.sleep(0.35)
            assert (await reader.readline()).startswith(b"HTTP/1.1 202")

    async def test_one_beyond_the_last_is_closed_and_the_others_stay(self) -> None:
        metrics = Metrics()
        async with serving(create_app(ports(metrics=metrics))) as (server, client), AsyncExitStack() as stack:
            assert (await client.get("/healthz")).status_code == 200
            for _ in range(MAX_CONNECTIONS):
                await stack.enter_async_context(connected(server.port))
            async with asyncio.timeout(PATIENCE):
                while not figure(metrics, "refused_total", "connections"):
                    await asyncio.sleep(0.02)
            assert figure(metrics, "held", "connections") == MAX_CONNECTIONS
            assert (await client.get("/healthz")).status_code == 200
