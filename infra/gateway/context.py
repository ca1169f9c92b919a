"""What every endpoint of one gateway shares: the ports, the gates, and whether it is closing."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from infra.doors.at_once import AtOnce
from infra.gateway.limits import Gate
from infra.gateway.ports import GatewayPorts
from streams.metrics import Metrics

MAX_WRITES = 64
"""Requests waiting on the broker at once. A send is durable in about 5 ms, so 64 in flight are over 10,000 requests a
second; more than that waiting means that the broker is slow."""

MAX_STREAMS = 64
"""Open live streams. Each reads one record at most every 250 ms: 64 of them are 256 reads a second, a few percent of
what either store answers."""

MAX_HISTORIES = 2
"""Files of persons read at once. One of 64 MiB in a single piece takes some 300 MB meanwhile; two are what a small
machine has."""

HISTORY_SECONDS = 300.0
"""For a file to arrive: 64 MiB in it are 1.8 Mbit/s."""

STALL_SECONDS = 60.0
"""Without one more item of it embedded. The slowest healthy embedder loads its model in 15 s."""

MET_SECONDS = 10.0
"""For an agent to take up 512 interactions, which is half a second's work: it may have others before it."""

POLL_SECONDS = 0.25
"""A person sees a change within a quarter of a second of its commit."""

HEARTBEAT_SECONDS = 15.0
"""Proxies close a silent connection after 30 to 60 s."""


def _writes(metrics: Metrics) -> Gate:
    detail = f"{MAX_WRITES} requests wait for the broker already; send the same again."
    return Gate("writes", MAX_WRITES, detail, 1, metrics)


def _streams(metrics: Metrics) -> Gate:
    detail = f"{MAX_STREAMS} live streams are open already; close one, or poll the profile."
    return Gate("streams", MAX_STREAMS, detail, 5, metrics)


def _histories(metrics: Metrics) -> Gate:
    detail = f"{MAX_HISTORIES} histories are being read already; send the file again after the given time."
    return Gate("histories", MAX_HISTORIES, detail, 10, metrics)


@dataclass(frozen=True)
class Gateway:
    ports: GatewayPorts
    writes: Gate = field(init=False)
    streams: Gate = field(init=False)
    histories: Gate = field(init=False)
    own_histories: AtOnce = field(default_factory=lambda: AtOnce(1, MAX_HISTORIES))
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is asked to stop: what streams without end ends then."""
    poll_seconds: float = POLL_SECONDS
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    history_seconds: float = HISTORY_SECONDS
    stall_seconds: float = STALL_SECONDS
    met_seconds: float = MET_SECONDS

    def __post_init__(self) -> None:
        object.__setattr__(self, "writes", _writes(self.ports.metrics))
        object.__setattr__(self, "streams", _streams(self.ports.metrics))
        object.__setattr__(self, "histories", _histories(self.ports.metrics))


async def _gateway_of(request: Request) -> Gateway:
    """A coroutine, though it waits for nothing: FastAPI runs plain functions in threads, which costs each request two
    changes of thread (0.2 ms, and far more beside threads that compute)."""
    return cast(Gateway, request.app.state.gateway)


GatewayHere = Annotated[Gateway, Depends(_gateway_of)]
"""An endpoint's argument of this type is the gateway it runs in."""
