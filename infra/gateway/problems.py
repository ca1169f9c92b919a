"""What every error looks like: a problem document (RFC 9457) whose detail says what to do."""

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from infra.gateway.reasons import reason_of
from schemas.api import Problem, Rejected
from streams.metrics import Metrics
from workers.errors import (
    AttuneError,
    BrokerUnavailable,
    Overloaded,
    SpaceMismatch,
    StoreUnavailable,
    Unavailable,
    UnknownProvider,
    UnknownSubject,
)

MEDIA_TYPE = "application/problem+json"

UNKNOWN_PROVIDER = "urn:attune:unknown-provider"
UNKNOWN_SUBJECT = "urn:attune:unknown-subject"
SPACE_MISMATCH = "urn:attune:space-mismatch"

RETRY_SECONDS = 1
"""A broker or store that restarts is back within a few seconds (FACTS: 0.2 to 2.6); asking each second costs little."""

_WHOLE_USER = "/v1/users/{user:path}"

_logger = logging.getLogger(__name__)


class ProblemError(Exception):
    """Raise it in an endpoint to answer with this problem. `retry_after` is in seconds."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        kind: str = "about:blank",
        rejected: Sequence[Rejected] = (),
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.problem = Problem(type=kind, title=title, status=status, detail=detail, rejected=tuple(rejected))
        wait = {} if retry_after is None else {"Retry-After": str(max(1, math.ceil(retry_after)))}
        self.headers = {**(headers or {}), **wait}


def answer(error: ProblemError) -> Response:
    """The problem as a response."""
    body = error.problem.model_dump_json(exclude=None if error.problem.rejected else {"rejected"})
    return Response(body, error.problem.status, error.headers, MEDIA_TYPE)


def unexpected() -> Response:
    """For what nobody foresaw: no word of what happened goes out."""
    detail = "This is a fault of the service, not of the request. Its log names the place; nothing was accepted."
    return answer(ProblemError(500, "Internal error", detail))


def problem_of(error: AttuneError) -> ProblemError:
    """How an error of our own reads over HTTP. Raises it again where it has no reading."""
    match error:
        case Overloaded():
            detail = "More comes in than the broker takes; send the same again after the given time, more slowly."
            return ProblemError(429, "Too many requests", detail, retry_after=error.retry_after)
        case Unavailable():
            detail = f"{_who(error)} does not answer at the moment. Send the same again; events with the same event_id "
            return ProblemError(503, "Unavailable", detail + "count once.", retry_after=RETRY_SECONDS)
        case SpaceMismatch():
            return ProblemError(422, "Other embedding space", str(error), kind=SPACE_MISMATCH)
        case UnknownProvider():
            return ProblemError(404, "Unknown provider", str(error), kind=UNKNOWN_PROVIDER)
        case UnknownSubject():
            return ProblemError(404, "Unknown subject", str(error), kind=UNKNOWN_SUBJECT)
    raise error


def count_outage(metrics: Metrics, error: AttuneError) -> None:
    """Our own errors as figures; the stage is the gateway."""
    if isinstance(error, StoreUnavailable):
        metrics.store_errors.labels("gateway").inc()
    elif isinstance(error, BrokerUnavailable):
        metrics.broker_errors.labels("gateway").inc()


def install(app: FastAPI, metrics: Metrics) -> None:
    """Every error raised in an endpoint of `app` becomes a problem document; what is none of these goes on up."""

    async def ours(_: Request, error: Exception) -> Response:
        assert isinstance(error, AttuneError)
        count_outage(metrics, error)
        if isinstance(error, Unavailable | Overloaded):
            _logger.warning("%s: %s", type(error).__name__, error)
        return answer(problem_of(error))

    app.add_exception_handler(AttuneError, ours)
    app.add_exception_handler(ProblemError, _raised)
    app.add_exception_handler(HTTPException, _routing)
    app.add_exception_handler(RequestValidationError, _parameters)


async def _raised(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return answer(error)


async def _routing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if _is_nothing(request, error):
        error = HTTPException(404)
    title = HTTPStatus(error.status_code).phrase
    match error.status_code:
        case 404:
            detail = "There is nothing at this address; /docs lists what there is."
        case 405:
            allowed = (error.headers or {}).get("Allow", "another method")
            detail = f"This address takes {allowed}, not {request.method}; /docs shows how."
        case _:
            detail = str(error.detail)
    return answer(ProblemError(error.status_code, title, detail, headers=error.headers))


def _is_nothing(request: Request, error: HTTPException) -> bool:
    """Whether the one address that was found is that of somebody whose id is all the rest of the path. An id may hold a
    slash, so whatever follows /v1/users/ could be one; one that is meant as such comes as %2F."""
    path = getattr(request.scope.get("route"), "path", "")
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()  # the URL wants a query in UTF-8
    return error.status_code == 405 and path == _WHOLE_USER and raw.count(b"/") > _WHOLE_USER.count("/")


async def _parameters(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(ProblemError(422, "Invalid request", reason_of(error.errors(), skip=1)))


def _who(error: Unavailable) -> str:
    match error:
        case StoreUnavailable():
            return "The store"
        case BrokerUnavailable():
            return "The broker"
        case _:
            return "A provider's search"
