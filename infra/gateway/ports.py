"""What the gateway needs from outside. The composition root fills it in; tests fill it with fakes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from schemas.api import SearchAnswer, SearchBody, Status
from streams.contract import Producer
from streams.metrics import Metrics
from workers.ports import Store


class Search(Protocol):
    """A provider's retrieval: in this process (`streams.provider`) or over HTTP (`infra.provider_client`)."""

    async def search(self, provider: str, body: SearchBody) -> SearchAnswer:
        """Best first. Raises `UnknownProvider`, `UnknownSubject`, `SpaceMismatch`, `SearchUnavailable`."""

    async def providers(self) -> dict[str, int]:
        """How many items each provider has searchable. Raises `SearchUnavailable`."""


@dataclass(frozen=True)
class GatewayPorts:
    """`clock` gives epoch seconds; `clock_skew` is by how many seconds an event may lie ahead of it. `status` and
    `problems` are asked anew for every answer; no problems means ready."""

    producer: Producer
    store: Store
    search: Search
    metrics: Metrics
    space: str
    dimension: int
    clock: Callable[[], float]
    pseudonym_key: bytes
    clock_skew: float
    status: Callable[[], Awaitable[Status]]
    problems: Callable[[], Awaitable[list[str]]]
    sample_users: tuple[str, ...] = ()
    """Offered by the page as a list to pick from."""
