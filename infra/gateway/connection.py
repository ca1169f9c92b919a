"""One HTTP connection, with an end to everything that its other side may draw out.

1. So many connections at once; one more is closed as it comes.
2. A request's head is there within `HEAD_SECONDS` of the connection, or of its first byte. (uvicorn bounds its size, 64
   KiB, and how long a connection stays open between two requests.)
3. Who was answered before all of their body was read may go on sending for `HEAD_SECONDS`, so that they get to read the
   answer; what they send is thrown away.
4. Who does not read their answer is hung up on after `READ_SECONDS`.
"""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from streams.metrics import Metrics

MAX_CONNECTIONS = 1024
"""Four times what is answered at once. Each takes some 20 KiB, and up to 64 KiB while a head comes in: 64 MiB."""

HEAD_SECONDS = 30.0
"""As long as a connection stays open between two requests: browsers open some before they need them."""

READ_SECONDS = 30.0
"""Nobody honest stops reading in the middle of an answer for longer."""


def connections(metrics: Metrics, kind: "type[Connection]") -> "type[Connection]":
    """The protocol that uvicorn makes of each connection: of this kind, and counted."""

    class Counted(kind):  # type: ignore[misc, valid-type]  # uvicorn makes them, and knows of no metrics
        _metrics = metrics

    metrics.gateway_limit.labels("connections").set(MAX_CONNECTIONS)
    return Counted


class Connection(H11Protocol):
    """Steps 1 to 4, around uvicorn's own."""

    head_seconds = HEAD_SECONDS
    read_seconds = READ_SECONDS
    _metrics: Metrics

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._coming: asyncio.TimerHandle | None = None
        self._going: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:  # 1
            self._metrics.gateway_refused.labels("connections").inc()
            transport.abort()
            return
        self._count()
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_come()
        self._let_go()
        super().connection_lost(exc)
        self._count()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE:  # 2: a part of a head, or nothing
            self._wait_for_head()
        elif not self._is_answered_early():
            self._let_come()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_answered_early():  # 3
            self._wait_for_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._let_go()
        self._going = self.loop.call_later(self.read_seconds, self._hang_up)  # 4

    def resume_writing(self) -> None:
        super().resume_writing()
        self._let_go()

    def _is_answered_early(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete and self.conn.their_state is h11.SEND_BODY

    def _wait_for_head(self) -> None:
        if self._coming is None:
            self._coming = self.loop.call_later(self.head_seconds, self._hang_up)

    def _let_come(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None

    def _let_go(self) -> None:
        if self._going is not None:
            self._going.cancel()
            self._going = None

    def _hang_up(self) -> None:
        self._metrics.gateway_refused.labels("slow_connections").inc()
        self.transport.abort()

    def _count(self) -> None:
        self._metrics.gateway_held.labels("connections").set(len(self.connections))
