"""A gateway for the command line to talk to: real HTTP on a free port of loopback, answers that a test sets."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from schemas.api import MAX_BATCH, MAX_BODY_BYTES

Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    size: int
    """Bytes of the body."""
    authorization: str | None = None


def lag_of(**stages: int) -> dict[str, Any]:
    """A status in which the stages are that far behind."""
    return {
        "stages": {name: {"lag": lag} for name, lag in stages.items()},
        "providers": {"news": 3},
        "space": "minilm-1",
    }


def _next(answers: list[dict[str, Any]]) -> dict[str, Any]:
    return answers.pop(0) if len(answers) > 1 else answers[0]


def problem(status: int, title: str, detail: str, **more: Any) -> Answer:
    return status, {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


@dataclass
class FakeGateway:
    """`answers` (by method and path) go before the built-in ones. `refuse` names what is wrong with an entry, or None;
    the first `outages` posts are answered 503. `lags` gives the status, one after the other, the last for good; so do
    `outcomes` what became of every command, and who asks for that is not among the `requests`."""

    answers: dict[str, Answer] = field(default_factory=dict)
    refuse: Callable[[dict[str, Any]], str | None] = lambda entry: None
    outages: int = 0
    lags: list[dict[str, Any]] = field(default_factory=lambda: [lag_of(agents=0, embedder=0)])
    outcomes: list[dict[str, Any]] = field(default_factory=lambda: [{"state": "done"}])
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def batches(self) -> list[list[dict[str, Any]]]:
        """Entries of each post that was not turned away, in order."""
        return [next(iter(one.body.values())) for one in self.requests if one.method == "POST" and one.body]

    def entries(self) -> list[dict[str, Any]]:
        return [entry for batch in self.batches() for entry in batch]

    def answer(self, request: Request) -> Answer:
        if "/commands/" in request.path:
            return 200, self._outcome(request.path)
        if request.method == "POST" and self.outages > 0:
            self.outages -= 1
            return problem(503, "Unavailable", "The broker does not answer at the moment.")
        return self._recorded(request)

    def _recorded(self, request: Request) -> Answer:
        self.requests.append(request)
        key = f"{request.method} {request.path}"
        if key in self.answers:
            return self.answers[key]
        if request.path == "/readyz":
            return 200, {"status": "ok", "problems": []}
        if request.path == "/v1/status":
            return 200, _next(self.lags)
        if request.method == "POST" and request.body:
            return self._take(next(iter(request.body.values())), request.size)
        return problem(404, "Not Found", "There is nothing at this address.")

    def _outcome(self, path: str) -> dict[str, Any]:
        return {"command_id": path.rpartition("/")[2], "why": None, "version": 4} | _next(self.outcomes)

    def _take(self, entries: list[dict[str, Any]], size: int) -> Answer:
        if len(entries) > MAX_BATCH or size > MAX_BODY_BYTES:
            return problem(413, "Too large", "Send less at once.")
        reasons = [(index, self.refuse(entry)) for index, entry in enumerate(entries)]
        rejected = [{"index": index, "reason": reason} for index, reason in reasons if reason is not None]
        if len(rejected) == len(entries):
            return problem(422, "Nothing accepted", "'rejected' says what to mend in each.", rejected=rejected)
        return 202, {"accepted": len(entries) - len(rejected), "rejected": rejected}


@contextmanager
def serving(gateway: FakeGateway) -> Iterator[FakeGateway]:
    """Serves it at `gateway.url` until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._respond()

        def do_POST(self) -> None:
            self._respond()

        def do_DELETE(self) -> None:
            self._respond()

        def log_message(self, *_: object) -> None:
            """Silent."""

        def _respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw, is_json = self.rfile.read(length), self.headers.get("Content-Type") == "application/json"
            body = (json.loads(raw) if is_json else raw) if length else None
            parts = urlsplit(self.path)
            query, shown = parse_qs(parts.query), self.headers.get("Authorization")
            status, document = gateway.answer(Request(self.command, parts.path, query, body, length, shown))
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
