"""The gateway on a real socket: lies about lengths, broken chunks, bombs, and half a request. Each gets an answer below
500 or a closed connection, nothing is sent on, and the next request is served."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx
import pytest

from infra.gateway.app import create_app
from infra.gateway.server import GatewayServer
from schemas.api import MAX_BODY_BYTES
from tests.hostile.words import HOSTILE
from tests.infra.gateway_fakes import FakeProducer, click, ports, serving
from tests.patience import PATIENCE

GOOD = json.dumps(click()).encode()
BOMB = gzip.compress(b'{"interactions": [' + b" " * 50_000_000 + b"]}")
HOST = b"Host: gateway\r\nConnection: close\r\n"
POST = b"POST /v1/interactions HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"


def sized(body: bytes, length: bytes | int | None = None) -> bytes:
    return POST + b"Content-Length: %s\r\n\r\n" % str(len(body) if length is None else length).encode() + body


def chunked(*chunks: bytes) -> bytes:
    return POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


REFUSED = {
    "length longer than the body, then the end": sized(GOOD, len(GOOD) + 50),
    "length shorter than the body": sized(GOOD, 20),
    "negative length": sized(GOOD, -1),
    "length of another world": sized(GOOD, 10**30),
    "length in words": POST + b"Content-Length: many\r\n\r\n" + GOOD,
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 500\r\n\r\n" + GOOD,
    "a length beside chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk of no hexadecimal size": chunked(b"xyz\r\n", GOOD),
    "a chunk of a size below nothing": chunked(b"-5\r\n", GOOD),
    "a chunk longer than the world": chunked(b"f" * 40 + b"\r\n", GOOD),
    "chunks that end too soon": chunked(chunk(GOOD[:30])),
    "chunks larger than a body may be": chunked(*[chunk(b" " * 65_536)] * (MAX_BODY_BYTES // 65_536 + 2), b"0\r\n\r\n"),
    "a bomb that says so": POST + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB,
    "a bomb that does not": sized(BOMB),
    "an unknown encoding of the transfer": POST + b"Transfer-Encoding: gzip, nonsense\r\n\r\n" + GOOD,
    "another media type": POST.replace(b"application/json", b"text/plain") + b"Content-Length: 2\r\n\r\n{}",
    "a media type of garbage": POST.replace(b"application/json", b"\xff\xfe;;=\x01") + b"Content-Length: 2\r\n\r\n{}",
    "UTF-16": sized(json.dumps(click()).encode("utf-16")),
    "UTF-8 that is none": sized(GOOD.replace(b"anna", b"an\xed\xa0\x80a")),
    "half of a character": sized(GOOD.replace(b"anna", b"an\\ud800")),
    "lists in lists in lists": sized(b"[" * 1_000_000),
    "a signal of lists in lists": sized(GOOD.replace(b'"click"', b"[" * 1_000 + b"]" * 1_000)),
    "objects in objects": sized(b'{"a":' * 500_000),
    "a number without end": sized(b'{"dwell_ms": ' + b"9" * 1_000_000 + b"}"),
    "a header without end": POST + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "headers without end": POST + b"".join(b"X-%d: a\r\n" % n for n in range(50_000)) + b"\r\n",
    "a header without a name": POST + b": nothing\r\n\r\n",
    "a header with zero bytes": POST + b"X: a\x00b\r\n\r\n",
    "an address without end": b"GET /v1/users/" + b"a" * 1_000_000 + b"/profile HTTP/1.1\r\n" + HOST + b"\r\n",
    "an address of zero bytes": b"GET /v1/users/%00%ff%ed%a0%80/profile HTTP/1.1\r\n" + HOST + b"\r\n",
    "an address out of the folder": b"GET /page/..%2f..%2f..%2fetc/passwd HTTP/1.1\r\n" + HOST + b"\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
    "another HTTP": b"POST /v1/interactions HTTP/9.9\r\n" + HOST + b"\r\n",
    "a method of garbage": b"\x00\xff\xfe /v1/interactions HTTP/1.1\r\n" + HOST + b"\r\n",
    "nothing": b"\r\n\r\n\r\n",
}


class House(NamedTuple):
    server: GatewayServer
    client: httpx.AsyncClient
    producer: FakeProducer


@pytest.fixture
async def house() -> AsyncIterator[House]:
    producer = FakeProducer()
    app = create_app(ports(producer=producer))
    app.state.body_seconds = 0.3
    async with serving(app) as (server, client):
        yield House(server, client, producer)


async def answer_to(house: House, raw: bytes) -> bytes:
    """All that comes back until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    got = b""
    try:
        writer.write(raw)
        await writer.drain()
        async with asyncio.timeout(PATIENCE):
            while piece := await reader.read(65_536):
                got += piece
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return got


def statuses(got: bytes) -> list[int]:
    lines = [line for line in got.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    return [int(line.split(b" ")[1]) for line in lines]


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in REFUSED.items()])
async def test_is_refused_and_the_next_is_served(house: House, raw: bytes) -> None:
    found = statuses(await answer_to(house, raw))
    assert all(200 <= status < 500 for status in found), found
    assert house.producer.sent == []
    assert (await house.client.post("/v1/interactions", json=click())).status_code == 202
    assert (await house.client.get("/healthz")).status_code == 200


async def test_a_request_in_the_body_of_another_is_no_request(house: House) -> None:
    inner = sized(json.dumps(click(event_id="inner")).encode())
    for raw in (sized(inner), chunked(chunk(inner), b"0\r\n\r\n")):
        assert statuses(await answer_to(house, raw)) == [400]
    assert house.producer.sent == []


@pytest.mark.parametrize("word", HOSTILE)
async def test_hostile_words_in_a_header_reach_no_answer_s_header(house: House, word: str) -> None:
    value = word.encode("utf-8", "replace").replace(b"\x00", b"").replace(b"\r", b"").replace(b"\n", b"")
    got = await answer_to(house, sized(b"{}").replace(b"Host: gateway", b"Host: gateway\r\nX-Request-Id: " + value))
    head, _, _ = got.partition(b"\r\n\r\n")
    assert value not in head
    assert all(status < 500 for status in statuses(got))
