"""Around every answer: the headers that keep browsers safe, and the last net under what nobody foresaw."""

import logging
import traceback
from pathlib import PurePath

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.gateway.problems import ProblemError, answer, unexpected
from workers.errors import AttuneError

HEADERS = {
    # Nothing but what this server sends itself; no inline script, and no string becomes markup (trusted types).
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

FRAMES = 8
"""Of a traceback, innermost last: enough to find the place."""

_logger = logging.getLogger(__name__)


class Guard:
    """ASGI middleware, the outermost."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _harden(MutableHeaders(scope=message))
            await send(message)

        try:
            await self._serve(scope, receive, guarded)
        except Exception as error:
            _log_place(error)
            # Once an answer has begun it can only be cut off, which the server does when we return.
            if not started:
                await unexpected()(scope, receive, guarded)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _has_two_lengths(scope):
            detail = "Content-Length and Transfer-Encoding exclude each other; send one of them."
            refused = ProblemError(400, "Two lengths", detail, headers={"Connection": "close"})
            await answer(refused)(scope, receive, send)
        elif _from_another_site(scope):
            detail = "Another site's page asked for this; call the service from its own page or from a program."
            await answer(ProblemError(403, "Forbidden", detail))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _harden(headers: MutableHeaders) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")


def _has_two_lengths(scope: Scope) -> bool:
    """What a proxy in front took for the end of the body may be another place than ours, and what lies between would
    pass for a request that nobody has checked (RFC 9112, 6.1)."""
    headers = Headers(scope=scope)
    return "content-length" in headers and "transfer-encoding" in headers


def _from_another_site(scope: Scope) -> bool:
    """Whether a browser says that a page of another origin wants to change something here: on loopback the service has
    no other protection against the pages a person visits."""
    if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
        return False
    return Headers(scope=scope).get("sec-fetch-site", "none") in {"cross-site", "same-site"}


def _log_place(error: Exception) -> None:
    """The kind and the place, and the message only of errors of ours: another's may quote what a person sent."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    place = " < ".join(f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    said = f": {error}" if isinstance(error, AttuneError) else ""
    _logger.error("unexpected %s%s at %s", type(error).__name__, said, place)
