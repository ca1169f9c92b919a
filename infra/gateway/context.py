"""What every endpoint of one gateway shares: the ports, the gates, and whether it is closing."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from infra.gateway.limits import Gate
from infra.gateway.ports import GatewayPorts
from streams.metrics import Metrics

MAX_WRITES = 64
"""Requests waiting on the broker at once. A send is durable in about 5 ms, so 64 in flight are over 10,000 requests a
second; more than that waiting means that the broker is slow."""

MAX_STREAMS = 64
"""Open live streams. Each reads one record at most every 250 ms: 64 of them are 256 reads a second, a few percent of
what either store answers."""

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


@dataclass(frozen=True)
class Gateway:
    ports: GatewayPorts
    writes: Gate = field(init=False)
    streams: Gate = field(init=False)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server is asked to stop: what streams without end ends then."""
    poll_seconds: float = POLL_SECONDS
    heartbeat_seconds: float = HEARTBEAT_SECONDS

    def __post_init__(self) -> None:
        object.__setattr__(self, "writes", _writes(self.ports.metrics))
        object.__setattr__(self, "streams", _streams(self.ports.metrics))


def _gateway_of(request: Request) -> Gateway:
    return cast(Gateway, request.app.state.gateway)


GatewayHere = Annotated[Gateway, Depends(_gateway_of)]
"""An endpoint's argument of this type is the gateway it runs in."""
