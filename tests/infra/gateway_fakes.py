"""Fakes that go in through the gateway's ports, and a client that speaks to the application without a socket."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import numpy as np
from fastapi import FastAPI

from infra.gateway.app import create_app
from infra.gateway.ports import GatewayPorts
from infra.gateway.server import GatewayServer
from schemas.api import Found, SearchAnswer, SearchBody, StageStatus, Status
from schemas.interaction import Signal
from schemas.profile import Source
from schemas.receipt import ErasureStatus
from streams.contract import Outgoing
from streams.metrics import Metrics
from tests.patience import AT_ONCE, PATIENCE
from workers.errors import AttuneError, UnknownProvider, UnknownSubject
from workers.mine import owner_of
from workers.ports import ItemRecord, Partition, Snapshot, Store, UserRecord
from workers.refit import FitRules
from workers.state import HeldInterest, Remembered, UserState, encode_state
from workers.weights import Moments

SPACE = "space-1"
KEY = b"a key of the tests"
NOW = 1_790_000_000.0
"""2026-09-21T14:13:20Z"""


def item(provider: str, name: str, vector: Sequence[float], title: str = "A title") -> ItemRecord:
    """With that vector (4,), made as long as 1; it shows no phrase."""
    row = np.array(vector, np.float64)
    packed = (row / np.linalg.norm(row)).astype("<f2").tobytes()
    return ItemRecord(f"{provider}:{name}", SPACE, packed, title, (), "hash")


def held(text: str, weight: float, position: int = 0, pinned: bool = False) -> HeldInterest:
    """An interest whose vector is the unit vector of its position, in four dimensions."""
    vector = np.eye(4, dtype="<f2")[position % 4].tobytes()
    return HeldInterest(f"{position:012x}", text, weight, Source.BOOTSTRAP, vector, pinned)


def state_of(
    version: int, interests: Iterable[HeldInterest] = (), avoid: Iterable[HeldInterest] = (), met: Iterable[str] = ()
) -> UserState:
    """A user's record at one version; `met` are the keys of the items in the window."""
    now, named = int(NOW * 1000), tuple(interests)
    return UserState(
        version=version,
        interests=named,
        avoid=tuple(avoid),
        window=[Remembered(now, f"e{i}", key, Signal.CLICK) for i, key in enumerate(met)],
        past=Moments.zero(len(named)),
        updated_ms=now,
    )


@dataclass
class FakeStore:
    """Holds whole states, and items by key; `failing` is raised by every read."""

    users: dict[str, UserState] = field(default_factory=dict)
    items: dict[str, ItemRecord] = field(default_factory=dict)
    phrases: dict[str, bytes] = field(default_factory=dict)
    providers: tuple[str, ...] = ("music", "news")
    forgotten: set[str] = field(default_factory=set)
    failing: AttuneError | None = None
    reads: int = 0

    async def read(
        self, users: Collection[str], items: Collection[str], space: str, partitions: Collection[Partition] = ()
    ) -> Snapshot:
        self.reads += 1
        if self.failing is not None:
            raise self.failing
        records = {user: UserRecord(1, encode_state(self.users[user])) for user in users if user in self.users}
        gone = {user: UserRecord(forgotten=True) for user in users if user in self.forgotten}
        found = {key: self.items[key] for key in items if key in self.items and self.items[key].space == space}
        return Snapshot(records | gone, found, self.providers)

    async def read_phrases(self, space: str, phrases: Collection[str]) -> dict[str, bytes]:
        return {phrase: self.phrases[phrase] for phrase in phrases if phrase in self.phrases}

    async def sample_items(self, space: str, count: int) -> list[str]:
        return sorted(self.items)[:count]

    async def own_items(self, mailbox: bytes) -> list[str]:
        return sorted(key for key in self.items if owner_of(key) == mailbox)


@dataclass
class FakeProducer:
    """Keeps what was sent; `failing` is raised instead, and `before` is awaited first."""

    sent: list[Outgoing] = field(default_factory=list)
    failing: AttuneError | None = None
    before: Callable[[Sequence[Outgoing]], Awaitable[None]] | None = None

    async def send(self, messages: Sequence[Outgoing]) -> None:
        if self.before is not None:
            await self.before(messages)
        if self.failing is not None:
            raise self.failing
        self.sent += messages

    async def close(self) -> None: ...


@dataclass
class FakeSearch:
    """Per provider what it finds, best first, and at which version it holds the subject (None: it does not)."""

    found: dict[str, list[Found]] = field(default_factory=dict)
    versions: dict[str, int | None] = field(default_factory=dict)
    asked: list[tuple[str, SearchBody]] = field(default_factory=list)
    failing: Exception | None = None

    async def search(self, provider: str, body: SearchBody) -> SearchAnswer:
        self.asked.append((provider, body))
        if self.failing is not None:
            raise self.failing
        if provider not in self.found:
            raise UnknownProvider(f"no provider '{provider}'; known: {', '.join(self.found)}")
        version = self.versions.get(provider)
        if body.subject is not None and version is None:
            raise UnknownSubject("no embedding was published for this subject")
        shown = version if body.subject is not None else None
        return SearchAnswer(version=shown, space=SPACE, items=tuple(self.found[provider][: body.k]))

    async def providers(self) -> dict[str, int]:
        if self.failing is not None:
            raise self.failing
        return {provider: len(items) for provider, items in self.found.items()}


@dataclass
class FakeErasures:
    """Knows these; `failing` is raised instead."""

    known: dict[str, ErasureStatus] = field(default_factory=dict)
    failing: AttuneError | None = None
    public_key: bytes = bytes(range(32))

    async def status(self, erasure: str) -> ErasureStatus:
        if self.failing is not None:
            raise self.failing
        return self.known.get(erasure, ErasureStatus(erasure=erasure, state="unknown"))


async def status() -> Status:
    return Status(stages={"agents": StageStatus(lag=3)}, providers={"news": 160}, space=SPACE)


async def no_problems() -> list[str]:
    return []


def ports(**given: Any) -> GatewayPorts:
    """Ports on fakes, but for those given."""
    fakes: dict[str, Any] = {
        "producer": FakeProducer(),
        "store": FakeStore(),
        "search": FakeSearch(),
        "metrics": Metrics(),
        "space": SPACE,
        "dimension": 4,
        "clock": lambda: NOW,
        "pseudonym_key": KEY,
        "clock_skew": 60.0,
        "status": status,
        "problems": no_problems,
        "fit": lambda state: FitRules(np.eye(4) / 2),
    }
    return GatewayPorts(**(fakes | given))


def as_store(fake: FakeStore) -> Store:
    """The gateway only reads; the fake has nothing else."""
    return cast(Store, fake)


def speak_to(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")


def gateway(**given: Any) -> httpx.AsyncClient:
    """A client of an application on these ports."""
    return speak_to(create_app(ports(**given)))


@asynccontextmanager
async def serving(
    app: FastAPI, trust: ssl.SSLContext | bool = True
) -> AsyncIterator[tuple[GatewayServer, httpx.AsyncClient]]:
    """The application on a real socket, on a free port; `trust` is the client's, where its doors speak TLS."""
    server = GatewayServer(app, "127.0.0.1", 0, stop_timeout=2 * AT_ONCE)
    running = asyncio.create_task(server.run())
    try:
        url = f"{'https' if app.state.doors.tls else 'http'}://127.0.0.1:{server.port}"
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, verify=trust) as client:
            yield server, client
    finally:
        await server.stop()
        await running


def click(**given: Any) -> dict[str, Any]:
    """A valid interaction but for what is given; None leaves a field out."""
    fields: dict[str, Any] = {
        "event_id": "e-1",
        "user": "anna",
        "provider": "news",
        "item": "n-1",
        "signal": "click",
        "time": "2026-09-21T12:00:00Z",
    }
    return {name: value for name, value in (fields | given).items() if value is not None}
