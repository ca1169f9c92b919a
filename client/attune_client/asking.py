"""How the client asks: one request, or again until the gateway has time for it."""

import os
import ssl
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from attune_client.answers import Answer
from attune_client.errors import AttuneClientError, GatewayUnreachable
from attune_client.retries import Again, Patience

DEFAULT_URL = "http://127.0.0.1:8080"
RETRY_SECONDS = 60.0

_PASSING = frozenset({429, 503})
"""Statuses that say: the same again, later."""


class Asking:
    """The connection to one gateway, as `AttuneClient` describes it."""

    def __init__(
        self,
        url: str | None = None,
        timeout: float = 10.0,
        *,
        token: str | None = None,
        ca: str | os.PathLike[str] | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = (url or os.environ.get("ATTUNE_GATEWAY_URL") or DEFAULT_URL).rstrip("/")
        headers, trust = _authorization(token), _trust(ca)
        self._http = httpx.Client(timeout=timeout, transport=transport, headers=headers, verify=trust)
        self._patience = Patience(sleep, clock)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, method: str, path: str, *, retry: bool, deadline: float, **request: Any) -> Answer:
        """`request` as httpx takes it. Tries again for `deadline` seconds where `retry`."""
        return self._patience.attempt(lambda: self._once(method, path, request), deadline if retry else 0.0)

    def _once(self, method: str, path: str, request: Mapping[str, Any]) -> Answer:
        try:
            response = self._request(method, path, **request)
        except GatewayUnreachable as error:
            raise Again(error) from error
        if response.is_success:
            return json_of(response)
        if response.status_code in _PASSING:
            raise Again(refusal(response), _retry_after(response))
        raise refusal(response)

    def _request(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._http.request(method, self.url + path, **request)
        except httpx.TransportError as error:
            if (why := _distrust(error)) is not None:
                detail = (
                    f"{self.url} shows a certificate that is not trusted ({why}): let ATTUNE_HTTP_CA name the CA that "
                )
                raise AttuneClientError(0, "Gateway not trusted", f"{detail}signed it.") from error
            raise GatewayUnreachable(self.url, type(error).__name__) from error
        except httpx.InvalidURL as error:
            raise GatewayUnreachable(self.url, "not a URL") from error


def part(value: str) -> str:
    """An id as one part of a path."""
    return quote(value, safe="")


def json_of(response: httpx.Response) -> Answer:
    """The JSON object of an answer. Raises `AttuneClientError` where there is none."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        detail = "What answers there is not an Attune gateway: check ATTUNE_GATEWAY_URL."
        raise AttuneClientError(response.status_code, "Unreadable answer", detail)
    return body


def refusal(response: httpx.Response) -> AttuneClientError:
    body = json_of(response)
    title, detail = body.get("title", response.reason_phrase), body.get("detail", "No detail was given.")
    return AttuneClientError(response.status_code, str(title), str(detail), body.get("rejected", ()))


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None


def _authorization(token: str | None) -> dict[str, str]:
    shown = (token or os.environ.get("ATTUNE_TOKEN", "")).strip()
    return {"Authorization": f"Bearer {shown}"} if shown else {}


def _trust(ca: str | os.PathLike[str] | None) -> ssl.SSLContext | bool:
    """What httpx takes as `verify`. Raises `AttuneClientError` for a file that holds no CA."""
    file = ca or os.environ.get("ATTUNE_HTTP_CA")
    if not file:
        return True
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as error:  # ssl's own errors are among them
        said = error.strerror or type(error).__name__
        detail = f"ATTUNE_HTTP_CA cannot be used ({said}): let it name the PEM file of the CA that the gateway's is of."
        raise AttuneClientError(0, "No such CA", detail) from error


def _distrust(error: BaseException) -> str | None:
    """What is wrong with the certificate that was shown, where that is behind the error."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, ssl.SSLCertVerificationError):
        found = found.__cause__ or found.__context__
    return None if found is None else found.verify_message
