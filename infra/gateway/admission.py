"""How many requests one process answers at once. What watches over it is always let in."""

from starlette.types import ASGIApp, Receive, Scope, Send

from infra.gateway.limits import Gate
from infra.gateway.problems import ProblemError, answer
from streams.metrics import Metrics

MAX_REQUESTS = 256
"""In hand at once: four times what may wait for the broker (64), so that whoever only reads is served beside them. The
default of 100 clients' connections with httpx fits twice. A request takes some 30 KiB: 8 MiB in all."""

ALWAYS = {"/healthz", "/readyz", "/metrics"}
"""A process that is busy is not one that is dead."""


class Admission:
    """ASGI middleware: the 503 problem to whoever comes beyond `MAX_REQUESTS`."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        detail = f"{MAX_REQUESTS} requests are being answered already; send the same again."
        self._gate = Gate("requests", MAX_REQUESTS, detail, 1, metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS:
            await self._app(scope, receive, send)
            return
        try:
            with self._gate.enter():
                await self._app(scope, receive, send)
        except ProblemError as problem:  # the gate's: those of the application have become answers inside
            await answer(problem)(scope, receive, send)
