"""What the gateway needs from outside. The composition root fills it in; tests fill it with fakes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from schemas.api import SearchAnswer, SearchBody, Status
from schemas.receipt import ErasureStatus
from streams.contract import Producer
from streams.erasure import Erasure
from streams.metrics import Metrics
from workers.ports import Store
from workers.refit import FitRules
from workers.scoring import Scoring
from workers.spaces import InSpace
from workers.state import UserState


class Search(Protocol):
    """A provider's retrieval: in this process (`streams.provider`) or over HTTP (`infra.provider_client`)."""

    async def search(self, provider: str, body: SearchBody) -> SearchAnswer:
        """Best first. Raises `UnknownProvider`, `UnknownSubject`, `SpaceMismatch`, `SearchUnavailable`."""

    async def providers(self) -> dict[str, int]:
        """How many items each provider has searchable. Raises `SearchUnavailable`."""


class Erasures(Protocol):
    """What has become of the persons who were erased (`streams.erasure_book`)."""

    async def status(self, erasure: str) -> ErasureStatus:
        """`unknown` where nothing has been heard of it. Raises `BrokerUnavailable`."""

    @property
    def public_key(self) -> bytes:
        """Ed25519, 32 bytes: what a complete erasure's signature is checked with."""


@dataclass(frozen=True)
class GatewayPorts:
    """`clock` gives epoch seconds; `clock_skew` is by how many seconds an event may lie ahead of it. `status` and
    `problems` are asked anew for every answer; no problems means ready. `fit` gives the rules that the agent of that
    profile fits by (it raises `Unavailable` while the profile's space is not known here), and `scoring` is how the
    providers rank."""

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
    fit: Callable[[UserState], FitRules]
    scoring: Scoring = "mixture"
    erasure: Erasure | None = None
    """Erases those whose key is destroyed already: no command for them would reach their agent."""
    own: Callable[[str], InSpace | None] = lambda provider: None
    """The space of a provider that is served in one of its own. Raises `Unavailable` where it is not known here."""
    sample_users: tuple[str, ...] = ()
    """Offered by the page as a list to pick from."""
