"""A TCP proxy that does harm on demand: it stands between a worker and a server, and the test says what goes wrong.

What lasts: `latency` on every piece, in both directions; `hold()`, a black hole (connections are accepted and nothing
passes until `release()`, then everything that was held does). What happens once, to the next reply that fits:
`drop_reply` (the server has done the work, the answer is lost), `cut_reply` and `cut_request` (half of it passes, then
the connection is reset). And `reset()`: every connection at once.
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Self

from infra.processes import free_port
from infra.processes.ports import LOOPBACK

_PIECE = 64 * 1024
_BACKLOG = 256


class Harm(Enum):
    """Done once."""

    DROP_REPLY = "drop reply"
    CUT_REPLY = "cut reply"
    CUT_REQUEST = "cut request"


@dataclass(frozen=True, slots=True)
class _Trap:
    harm: Harm
    containing: bytes
    """In the request."""


@dataclass(slots=True, eq=False)
class _Link:
    """One client's connection and ours to the server. `trap` goes off at the next reply."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    trap: _Trap | None = None

    def reset(self) -> None:
        for writer in (self.client, self.server):
            connection = writer.get_extra_info("socket")
            if connection is not None:  # with nothing lingering, a close is a reset
                with contextlib.suppress(OSError):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class FaultProxy:
    """Forwards `port` on loopback to `target`, on loopback too. `async with FaultProxy(6379) as proxy:`"""

    def __init__(self, target: int, port: int | None = None) -> None:
        self.target = target
        self.port = free_port() if port is None else port
        self.latency = 0.0
        """Seconds, added to every piece that passes."""
        self.harmed = 0
        """Traps that went off, and connections that were reset."""
        self._traps: deque[_Trap] = deque()
        self._links: set[_Link] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._server: asyncio.Server | None = None

    async def begin(self) -> Self:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port, backlog=_BACKLOG)
        return self

    async def end(self) -> None:
        if self._server is not None:
            self._server.close()
        self.release()
        self.reset()
        while self._links:
            await asyncio.sleep(0.005)

    async def __aenter__(self) -> Self:
        return await self.begin()

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    def hold(self) -> None:
        """A black hole from now on."""
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def reset(self) -> int:
        """Resets every connection; how many there were."""
        links = list(self._links)
        for link in links:
            link.reset()
        self.harmed += len(links)
        return len(links)

    def trap(self, harm: Harm, containing: bytes = b"") -> None:
        """For the next request that contains these bytes, on any connection."""
        self._traps.append(_Trap(harm, containing))

    @property
    def trapped(self) -> bool:
        """Whether a trap waits still."""
        return bool(self._traps)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, there = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, there)
        self._links.add(link)
        try:
            await self._forward(link, reader, back)
        finally:
            self._links.discard(link)
            link.reset()

    async def _forward(self, link: _Link, requests: asyncio.StreamReader, replies: asyncio.StreamReader) -> None:
        ways = (
            asyncio.create_task(self._pump(requests, link.server, lambda piece: self._request(link, piece))),
            asyncio.create_task(self._pump(replies, link.client, lambda piece: self._reply(link, piece))),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        pass_on: Callable[[bytes], bytes | None],
    ) -> None:
        """Until one end closes, or harm is done."""
        with contextlib.suppress(OSError):
            while piece := await source.read(_PIECE):
                await self._open.wait()
                if self.latency:
                    await asyncio.sleep(self.latency)
                passing = pass_on(piece)
                if passing is None:
                    return
                sink.write(passing)
                await sink.drain()
                if len(passing) < len(piece):
                    await asyncio.sleep(0.02)  # let the half arrive before the reset overtakes it
                    return

    def _request(self, link: _Link, piece: bytes) -> bytes | None:
        trap = next((trap for trap in self._traps if trap.containing in piece), None)
        if trap is None:
            return piece
        self._traps.remove(trap)
        self.harmed += 1
        if trap.harm is Harm.CUT_REQUEST:
            return piece[: len(piece) // 2] or None
        link.trap = trap
        return piece

    def _reply(self, link: _Link, piece: bytes) -> bytes | None:
        if link.trap is None:
            return piece
        return None if link.trap.harm is Harm.DROP_REPLY else piece[: len(piece) // 2] or None
