"""The client: one method per address of the gateway."""

import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self, cast
from urllib.parse import quote

import httpx

from attune_client.answers import Accepted, Answer, EditsAccepted, Profile, Recommendations, RefreshAccepted, Status
from attune_client.errors import AttuneClientError, GatewayUnreachable
from attune_client.retries import Again, Patience

DEFAULT_URL = "http://127.0.0.1:8080"
RETRY_SECONDS = 60.0

_PASSING = frozenset({429, 503})
"""Statuses that say: the same again, later."""


class AttuneClient:
    """Blocking, thread-safe, keeps its connections: `close` it, or use it in a `with`.

    `url`: the gateway; unset, ATTUNE_GATEWAY_URL or http://127.0.0.1:8080. `timeout`: seconds for one answer. Every
    method raises `AttuneClientError` when the gateway refuses and `GatewayUnreachable` when nobody answers. With
    `retry=True` a method waits out 429, 503 and lost connections, as long as the gateway asks to or a little longer
    each time, for at most `deadline` seconds: what has the same event_id or command_id counts once, so nothing is done
    twice.
    """

    def __init__(
        self,
        url: str | None = None,
        timeout: float = 10.0,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = (url or os.environ.get("ATTUNE_GATEWAY_URL") or DEFAULT_URL).rstrip("/")
        self._http = httpx.Client(timeout=timeout, transport=transport)
        self._patience = Patience(sleep, clock)

    def send_interactions(
        self, interactions: Sequence[Mapping[str, Any]], retry: bool = False, deadline: float = RETRY_SECONDS
    ) -> Accepted:
        """Up to 1,000 at once. Those refused are in the result, also when all of them are."""
        return self._send("/v1/interactions", {"interactions": list(interactions)}, retry, deadline)

    def send_items(
        self, provider: str, items: Sequence[Mapping[str, Any]], retry: bool = False, deadline: float = RETRY_SECONDS
    ) -> Accepted:
        """Up to 1,000 catalog entries at once. Those refused are in the result, also when all of them are."""
        return self._send(f"/v1/providers/{_part(provider)}/items", {"items": list(items)}, retry, deadline)

    def profile(self, user: str, retry: bool = False, deadline: float = RETRY_SECONDS) -> Profile:
        """Status 404 for a user nothing is known of."""
        return cast(Profile, self._ask("GET", f"/v1/users/{_part(user)}/profile", retry=retry, deadline=deadline))

    def recommendations(
        self,
        user: str,
        provider: str | None = None,
        k: int = 10,
        *,
        threshold: float | None = None,
        scoring: str | None = None,
        retry: bool = False,
        deadline: float = RETRY_SECONDS,
    ) -> Recommendations:
        """Of one provider, or of all merged by score."""
        wish = {"provider": provider, "k": k, "threshold": threshold, "scoring": scoring}
        params = {name: value for name, value in wish.items() if value is not None}
        path = f"/v1/users/{_part(user)}/recommendations"
        return cast(Recommendations, self._ask("GET", path, params=params, retry=retry, deadline=deadline))

    def edit(
        self,
        user: str,
        edits: Sequence[Mapping[str, Any]],
        *,
        base_version: int | None = None,
        command_id: str | None = None,
        retry: bool = False,
        deadline: float = RETRY_SECONDS,
    ) -> EditsAccepted:
        """Changes the profile as its person says, for example [{"op": "add", "text": "jazz"}]: up to 64 edits, of which
        all are carried out or none. Without a `command_id` they get a new one."""
        body: dict[str, Any] = {"edits": list(edits), "command_id": command_id or uuid.uuid4().hex}
        if base_version is not None:
            body["base_version"] = base_version
        path = f"/v1/users/{_part(user)}/edits"
        return cast(EditsAccepted, self._ask("POST", path, json=body, retry=retry, deadline=deadline))

    def refresh(
        self,
        user: str,
        what: Literal["weights", "texts"] = "weights",
        *,
        retry: bool = False,
        deadline: float = RETRY_SECONDS,
    ) -> RefreshAccepted:
        """Asks for a re-fit of the weights now, or for a refinement of the texts."""
        path = f"/v1/users/{_part(user)}/refresh"
        return cast(RefreshAccepted, self._ask("POST", path, json={"what": what}, retry=retry, deadline=deadline))

    def status(self, retry: bool = False, deadline: float = RETRY_SECONDS) -> Status:
        """How far behind the stages are, and what is searchable."""
        return cast(Status, self._ask("GET", "/v1/status", retry=retry, deadline=deadline))

    def space(self) -> dict[str, Any]:
        """The embedding space that the service is in, and where a roll-out of another stands."""
        return dict(self._ask("GET", "/v1/space", retry=False, deadline=RETRY_SECONDS))

    def change_space(
        self, step: Literal["roll-out", "roll-back", "retire"], entry: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """For operators. A roll-out takes the space's `id`, `dimension` and `model`."""
        body = {} if entry is None else {"json": entry}
        return dict(self._ask("POST", f"/v1/space/{step}", retry=False, deadline=RETRY_SECONDS, **body))

    def ready(self) -> tuple[str, ...]:
        """What keeps the gateway from serving; empty when it is ready."""
        response = self._request("GET", "/readyz")
        if response.status_code not in {200, 503}:
            raise _refusal(response)
        return tuple(_json(response).get("problems", ()))

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, path: str, body: Mapping[str, Any], retry: bool, deadline: float) -> Accepted:
        try:
            return cast(Accepted, self._ask("POST", path, json=body, retry=retry, deadline=deadline))
        except AttuneClientError as error:
            if error.status == 422 and error.rejected:
                return Accepted(accepted=0, rejected=error.rejected)
            raise

    def _ask(self, method: str, path: str, *, retry: bool, deadline: float, **request: Any) -> Answer:
        return self._patience.attempt(lambda: self._once(method, path, request), deadline if retry else 0.0)

    def _once(self, method: str, path: str, request: Mapping[str, Any]) -> Answer:
        try:
            response = self._request(method, path, **request)
        except GatewayUnreachable as error:
            raise Again(error) from error
        if response.is_success:
            return _json(response)
        if response.status_code in _PASSING:
            raise Again(_refusal(response), _retry_after(response))
        raise _refusal(response)

    def _request(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._http.request(method, self.url + path, **request)
        except httpx.TransportError as error:
            raise GatewayUnreachable(self.url, type(error).__name__) from error
        except httpx.InvalidURL as error:
            raise GatewayUnreachable(self.url, "not a URL") from error


def _part(value: str) -> str:
    return quote(value, safe="")


def _json(response: httpx.Response) -> Answer:
    """The JSON object of an answer. Raises `AttuneClientError` where there is none."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        detail = "What answers there is not an Attune gateway: check ATTUNE_GATEWAY_URL."
        raise AttuneClientError(response.status_code, "Unreadable answer", detail)
    return body


def _refusal(response: httpx.Response) -> AttuneClientError:
    body = _json(response)
    title, detail = body.get("title", response.reason_phrase), body.get("detail", "No detail was given.")
    return AttuneClientError(response.status_code, str(title), str(detail), body.get("rejected", ()))


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None
