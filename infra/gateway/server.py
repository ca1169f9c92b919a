"""Serving an application with uvicorn: on a socket of ours, without its signals, its access log or its name."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from infra.doors.entering import Doors, refuse_without_rule
from infra.gateway.connection import Connection, connections
from infra.gateway.context import Gateway
from workers.errors import ConfigurationError

KEEP_ALIVE_SECONDS = 30
"""Longer than clients pool a connection for (httpx 5 s), so that they, not we, close it: a server that closes first
races with the next request."""


class _Quiet(uvicorn.Server):
    """The process has one owner of its signals, and it is not the HTTP server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class GatewayServer:
    """Listens from the moment it is made, serves while `run` runs: nothing but TLS, where the doors have it. Raises
    `ConfigurationError` where it cannot."""

    def __init__(
        self, app: FastAPI, host: str, port: int, stop_timeout: float = 8.0, connection: type[Connection] = Connection
    ) -> None:
        refuse_without_rule(app)
        self._app = app
        self._socket = _listen(host, port)
        self._stop_timeout = stop_timeout
        self._ended = asyncio.Event()
        doors: Doors = app.state.doors
        tls = doors.tls
        self._server = _Quiet(
            uvicorn.Config(
                app,
                http=connections(app.state.metrics, connection),
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=max(1, int(stop_timeout)),
                ssl_context_factory=None if tls is None else lambda *_: tls,
            )
        )

    @property
    def port(self) -> int:
        """The port it listens on, also where 0 was asked for."""
        return int(self._socket.getsockname()[1])

    async def run(self) -> None:
        """Returns after `stop()`."""
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._socket.close()
            self._ended.set()

    async def stop(self) -> None:
        """Takes no new connection, ends live streams, lets requests in hand end within the deadline."""
        gateway: Gateway | None = getattr(self._app.state, "gateway", None)
        if gateway is not None:
            gateway.closing.set()
        self._server.should_exit = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), self._stop_timeout + 1)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it on, every answer waits 40 ms for the
    # acknowledgement of its head.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        detail = f"cannot listen on {host} port {port} ({error.strerror})"
        raise ConfigurationError(f"{detail}: set ATTUNE_HTTP_PORT (or ATTUNE_HTTP_HOST) to another") from error
    return listener
