"""The gateway, request by request, without a socket. Whatever comes, the answer is no 5xx; what is refused has sent
nothing; and what was accepted reads well in the topic that it went to: nothing is refused further in."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI

from infra.gateway.app import create_app
from infra.gateway.endpoints.erasures import create_router
from schemas.api import EditsBody, Found, ItemBody, Problem, RefreshBody, SearchBody
from schemas.catalog import CatalogItem
from schemas.document import ProfileDocument
from schemas.person import RollbackBody, WishBody
from schemas.profile import Cause
from streams.contract import Outgoing
from streams.messages import parse_message
from streams.topics import CATALOG
from tests.hostile.target import Feed, Target
from tests.infra.gateway_fakes import (
    FakeErasures,
    FakeProducer,
    FakeSearch,
    FakeStore,
    as_store,
    click,
    held,
    item,
    ports,
    state_of,
)
from tests.schemas.bodies import BODIES, INTEREST
from workers.mailbox import Change
from workers.ports import Record
from workers.state import UserState
from workers.versions import remember

Headers = Sequence[tuple[bytes, bytes]]


def _ada() -> UserState:
    """With one version, of which the ids are as in the bodies."""
    interests = [held("jazz", 0.5)._replace(id=INTEREST, evidence=("e0",)), held("chess", -0.2, 1)]
    ada = state_of(3, interests, [held("golf", -1.0, 2)], met=["news:1"])
    remember(ada, Change(1, Cause.FIRST, 2, 1, 1_790_000_000_000))
    return ada


JSON: Headers = ((b"content-type", b"application/json"), (b"host", b"gateway"))

ITEMS = "/v1/providers/news/items"


@dataclass
class Gateway:
    """The application on fakes: one user, one provider with two items."""

    app: FastAPI
    producer: FakeProducer

    @classmethod
    def of(cls, state: UserState | None = None, titles: Sequence[str] = ("A title", "Another")) -> "Gateway":
        """With Ada's record, and what is found for her."""
        producer = FakeProducer()
        store = FakeStore({"ada": state or _ada()}, {"news:1": item("news", "1", (1, 0.5, 0, 0), titles[0])})
        found = [Found(item=str(n), title=title, score=0.5, interest=0) for n, title in enumerate(titles)]
        search = FakeSearch({"news": found, "music": []}, {"news": 3})
        app = create_app(ports(producer=producer, store=as_store(store), search=search))
        app.include_router(create_router(FakeErasures()))
        return cls(app, producer)

    async def ask(self, method: str, target: bytes, headers: Headers = JSON, body: Iterable[bytes] = ()) -> "Answer":
        """One request, its target and headers as they stand on the wire, its body in these pieces."""
        path, _, query = target.partition(b"?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path.decode("latin-1")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": list(headers),
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        answer, pieces = Answer(), iter(body)

        async def receive() -> dict[str, Any]:
            piece = next(pieces, None)
            if piece is None:
                if answer.read:
                    await asyncio.Event().wait()  # whoever asks stays for the answer
                answer.read = True
                return {"type": "http.request", "body": b"", "more_body": False}
            return {"type": "http.request", "body": piece, "more_body": True}

        async def send(message: Any) -> None:
            answer.status = message.get("status", answer.status)
            answer.headers |= dict(message.get("headers", ()))
            answer.body += message.get("body", b"")

        async with asyncio.timeout(10):
            await self.app(scope, receive, send)
        return answer


@dataclass
class Answer:
    status: int | None = None
    body: bytes = b""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    read: bool = False
    """Whether the whole body was."""


def doors() -> list[Target]:
    """Every endpoint that takes a body, every address, and the headers."""
    items = {"items": [BODIES[ItemBody] | {"category": "a/b", "tags": ["x"]}, {"item": "n2", "deleted": True}]}
    vectors = {"space": "space-1", "vectors": [[1, 0, 0, 0]], "weights": [0.5], "k": 5}
    bodies = [
        _body(
            "/v1/interactions", click(dwell_ms=2_000, text="words"), {"interactions": [click(), click(event_id="e-2")]}
        ),
        _body(ITEMS, items),
        _body("/v1/users/ada/edits", BODIES[EditsBody], {"edits": [{"op": "add", "text": "go", "weight": 0.5}]}),
        _body("/v1/users/ada/edits/read", BODIES[WishBody], {"text": 'less "politics", more jazz and no golf'}),
        _body("/v1/users/ada/rollback", BODIES[RollbackBody] | {"command_id": "c1"}),
        _body("/v1/users/ada/import", _document(), _document() | {"space": "other-1"}),
        _body("/v1/users/ada/refresh", BODIES[RefreshBody]),
        _body("/v1/providers/news/search", BODIES[SearchBody], vectors),
    ]
    return [*bodies, _addresses(), _erasures(), _headers()]


def _document() -> dict[str, Any]:
    one = {"text": "jazz", "weight": 0.5, "own": True, "vector": b64encode(held("jazz", 0.5).vector).decode()}
    more = {"interests": [one], "avoid": [one | {"text": "golf"}], "removed": ["opera"], "keep_away": 0.25}
    return BODIES[ProfileDocument] | {"space": "space-1"} | more


def _body(path: str, *good: Any) -> Target:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Feed]:
        gateway = Gateway.of()

        async def take(one: bytes) -> bool:
            headers = (*JSON, (b"content-length", str(len(one)).encode()))
            return checked(gateway, await gateway.ask("POST", path.encode(), headers, [one]))

        yield take

    return Target(f"door {path}", tuple(json.dumps(one).encode() for one in good), opened, weight=3)


def _addresses() -> Target:
    good = (
        b"/v1/users/ada/profile",
        b"/v1/users/ada/recommendations?k=5&threshold=0.1&scoring=mixture&provider=news",
        b"/v1/users/a%2Fb/profile",
        b"/v1/users/%E2%82%AC/recommendations?k=200",
        b"/v1/users/ada/versions",
        b"/v1/users/ada/commands/c1",
        b"/v1/users/ada/interests/" + INTEREST.encode() + b"/why",
        b"/v1/users/ada/explanations/news/1",
        b"/v1/users/a%2Fb/explanations/news/a%2Fb",
        b"/v1/users/ada/export",
        b"/v1/erasures/a%2Fb",
        b"/v1/erasures/key",
        b"/v1/providers",
        b"/v1/status",
        b"/v1/page",
        b"/openapi.json",
        b"/metrics",
        b"/page/items.js",
        b"/readyz",
    )

    return Target("door addresses", good, _asking("GET"), weight=3)


def _erasures() -> Target:
    good = (b"/v1/users/ada", b"/v1/users/a%2Fb?command_id=c1", b"/v1/users/%E2%82%AC?command_id=a%2Fb")
    return Target("door erasures", good, _asking("DELETE"))


def _asking(method: str) -> Callable[[], AbstractAsyncContextManager[Feed]]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Feed]:
        gateway = Gateway.of()

        async def take(one: bytes) -> bool:
            if one.partition(b"?")[0].endswith(b"/events"):  # a stream has no end; it has tests of its own
                return False
            return checked(gateway, await gateway.ask(method, one[:8_000]))

        yield take

    return opened


def _headers() -> Target:
    """Lines of headers before one good body."""
    good = (
        b"content-type: application/json\r\ncontent-length: 150\r\nhost: gateway",
        b"content-type: application/json; charset=utf-8\r\ntransfer-encoding: chunked\r\nsec-fetch-site: same-origin",
        b"content-type: application/json\r\ncontent-encoding: gzip\r\naccept-encoding: br\r\nif-none-match: *",
        b"content-type: multipart/form-data; boundary=x\r\nexpect: 100-continue\r\nrange: bytes=0-1",
        b"content-type: application/json\r\norigin: http://elsewhere\r\nx-forwarded-for: 1.2.3.4\r\ncookie: a=b",
    )
    body = json.dumps(click()).encode()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Feed]:
        gateway = Gateway.of()

        async def take(one: bytes) -> bool:
            lines = [line.partition(b":") for line in one.split(b"\r\n")[:100]]
            headers = [(name.strip().lower(), value.strip()) for name, _, value in lines]
            return checked(gateway, await gateway.ask("POST", b"/v1/interactions", headers, [body[:40], body[40:]]))

        yield take

    return Target("door headers", good, opened)


def checked(gateway: Gateway, answer: Answer) -> bool:
    """Whether it was accepted. Raises `AssertionError` where a promise is broken."""
    sent, gateway.producer.sent = gateway.producer.sent, []
    assert answer.status is not None
    assert answer.status < 500, f"{answer.status}: {answer.body[:300]!r}"
    if answer.status >= 400:
        assert sent == [], "refused, and sent"
        assert answer.headers[b"content-type"].startswith(b"application/problem+json")
        Problem.model_validate_json(answer.body)
        return False
    for message in sent:
        check_readable(message)
    return True


def check_readable(message: Outgoing) -> None:
    """The stage that it goes to reads it, and writes it as it came; its key is its own."""
    record = Record(message.topic, 0, 0, message.key, message.value, 0)
    if message.topic != CATALOG:
        found = parse_message(record)
        assert (found.user.encode(), found.to_bytes()) == (message.key, message.value)
    elif message.value is not None:
        item = CatalogItem.model_validate_json(message.value)
        assert (item.key.encode(), item.to_bytes()) == (message.key, message.value)
