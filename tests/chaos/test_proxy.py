"""The proxy does the harm that it is told to, and none otherwise."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from infra.processes import free_port
from tests.chaos.proxy import FaultProxy, Harm
from tests.patience import PATIENCE


class Echo:
    """A server that keeps what it was asked, and answers with the same in capitals."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            self.asked.append(line)
            writer.write(line.upper())
            await writer.drain()
        writer.close()


@asynccontextmanager
async def town() -> AsyncIterator[tuple[Echo, FaultProxy]]:
    echo, port = Echo(), free_port()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", port)
    async with FaultProxy(port) as proxy:
        yield echo, proxy
    server.close()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, line: bytes) -> bytes:
        self._writer.write(line + b"\n")
        await self._writer.drain()
        async with asyncio.timeout(PATIENCE):
            answer = await self._reader.readline()
        if not answer.endswith(b"\n"):
            raise ConnectionResetError("the answer broke off")
        return answer.strip()

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def client(proxy: FaultProxy) -> AsyncIterator[Client]:
    one = Client(*await asyncio.open_connection("127.0.0.1", proxy.port))
    try:
        yield one
    finally:
        one.close()


async def test_it_forwards_and_counts_nothing() -> None:
    async with town() as (echo, proxy), client(proxy) as one:
        assert await one.ask(b"hello") == b"HELLO"
        assert (echo.asked, proxy.harmed) == ([b"hello\n"], 0)


async def test_latency_is_added_on_the_way_there_and_back() -> None:
    async with town() as (_, proxy), client(proxy) as one:
        proxy.latency = 0.05
        start = time.monotonic()
        assert await one.ask(b"hello") == b"HELLO"
        assert time.monotonic() - start >= 0.1


async def test_a_reset_ends_every_connection_and_the_next_one_works() -> None:
    async with town() as (_, proxy):
        async with client(proxy) as one, client(proxy) as two:
            await one.ask(b"a")
            await two.ask(b"b")
            assert proxy.reset() == 2
            for each in (one, two):
                with pytest.raises(ConnectionError):
                    await each.ask(b"c")
        async with client(proxy) as three:
            assert await three.ask(b"d") == b"D"


async def test_a_black_hole_swallows_and_what_it_held_comes_out() -> None:
    async with town() as (echo, proxy), client(proxy) as one:
        proxy.hold()
        asking = asyncio.create_task(one.ask(b"hello"))
        await asyncio.sleep(0.1)
        assert not asking.done()
        assert echo.asked == []
        proxy.release()
        assert await asking == b"HELLO"


async def test_a_dropped_reply_was_executed() -> None:
    async with town() as (echo, proxy), client(proxy) as one:
        proxy.trap(Harm.DROP_REPLY, b"commit")
        assert await one.ask(b"read") == b"READ"
        with pytest.raises(ConnectionError):
            await one.ask(b"commit")
        assert echo.asked == [b"read\n", b"commit\n"]
        assert not proxy.trapped


async def test_a_cut_reply_is_half_a_reply_and_was_executed() -> None:
    async with town() as (echo, proxy), client(proxy) as one:
        proxy.trap(Harm.CUT_REPLY)
        with pytest.raises(ConnectionError):
            await one.ask(b"commit")
        assert echo.asked == [b"commit\n"]


async def test_a_cut_request_is_not_executed() -> None:
    async with town() as (echo, proxy), client(proxy) as one:
        proxy.trap(Harm.CUT_REQUEST)
        with pytest.raises(ConnectionError):
            await one.ask(b"commit")
        assert echo.asked in ([], [b"com"])


async def test_a_server_that_is_away_resets_the_client() -> None:
    async with FaultProxy(free_port()) as proxy, client(proxy) as one:
        with pytest.raises(ConnectionError):
            await one.ask(b"hello")
