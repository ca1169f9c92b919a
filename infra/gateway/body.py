"""Reading a request's JSON within bounds: of type, of size while it streams in, of time, of what all take together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, TypeVar

import orjson
from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from infra.gateway.bodies import Bodies, Held
from infra.gateway.problems import ProblemError
from infra.gateway.reasons import reason_of
from schemas.api import MAX_BODY_BYTES
from schemas.base import Contract

Body = TypeVar("Body", bound=Contract)

BODY_SECONDS = 30.0
"""For a whole body: 4 MiB in 30 s is 1.1 Mbit/s, slower than any line that feeds events."""


@dataclass(frozen=True, slots=True)
class Received:
    """A body that is there, whole. What is parsed of it is kept by nobody here: it may be twenty times as large, and
    must not last as long as the request."""

    raw: bytes

    def parsed(self) -> object:
        """Its JSON. Raises the problem 400."""
        return _parse(self.raw)


@asynccontextmanager
async def receiving(request: Request) -> AsyncIterator[Received]:
    """The body, which counts among all that are held until the end. Raises the problems 400, 408, 413, 415 and 503."""
    _check_type(request)
    bodies: Bodies = request.app.state.bodies
    with bodies.hold() as held:
        yield await _read(request, held)


async def _received(request: Request) -> AsyncIterator[Received]:
    async with receiving(request) as body:
        yield body


JsonBody = Annotated[Received, Depends(_received)]
"""An endpoint's argument of this type is the request's body. Raises the problems 400, 408, 413, 415 and 503."""


async def _read(request: Request, held: Held) -> Received:
    seconds: float = request.app.state.body_seconds
    try:
        with held.reading():
            async with asyncio.timeout(seconds):
                return Received(await _read_bounded(request, held))
    except TimeoutError as error:
        detail = f"The body did not arrive within {seconds:g} s; send fewer entries at once."
        raise ProblemError(408, "Request timeout", detail, headers={"Connection": "close"}) from error
    except ClientDisconnect as error:
        raise ProblemError(400, "Incomplete body", "The connection ended before the body did.") from error


def checked(model: type[Body], body: object, what: str) -> Body:
    """The body as its model; `what` names it in the 422 problem that is raised where it is none."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        detail = f"{what} is not valid: {reason_of(error.errors())}."
        raise ProblemError(422, "Invalid request", detail) from error


def _check_type(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ProblemError(415, "Unsupported media type", "Send JSON with the header Content-Type: application/json.")


async def _read_bounded(request: Request, held: Held) -> bytes:
    """At most MAX_BODY_BYTES and one chunk are ever held, whatever Content-Length says or does not say. The answer to
    a larger body goes out at once; the server throws away what still comes, so that the sender gets to read it."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > MAX_BODY_BYTES:
            raise _too_large()
        held.add(len(chunk))
        body += chunk
    return bytes(body)


def _parse(body: bytes) -> object:
    if not body:
        raise ProblemError(400, "Malformed JSON", "The body is empty; /docs shows what belongs there.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        detail = f"The body is not JSON at {where}: {error.msg}. NaN and Infinity are not JSON either."
        raise ProblemError(400, "Malformed JSON", detail) from error


def _too_large() -> ProblemError:
    detail = f"A body may have {MAX_BODY_BYTES:,} bytes; send it in several requests of up to 1,000 entries."
    return ProblemError(413, "Body too large", detail)
