"""The client: one method per address of the gateway. Those of a person are in `people`."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from attune_client.answers import Accepted, Status
from attune_client.asking import RETRY_SECONDS, json_of, part, refusal
from attune_client.errors import AttuneClientError
from attune_client.people import People


class AttuneClient(People):
    """Blocking, thread-safe, keeps its connections: `close` it, or use it in a `with`.

    `url`: the gateway; unset, ATTUNE_GATEWAY_URL or http://127.0.0.1:8080. `token`: from `attune token issue`; unset,
    ATTUNE_TOKEN, or none. `ca`: the PEM file of the CA behind an https gateway; unset, ATTUNE_HTTP_CA, or those that
    httpx knows. `timeout`: seconds for one answer. Every method raises `AttuneClientError` when the gateway
    refuses and `GatewayUnreachable` when nobody answers. With `retry=True` a method waits out 429, 503 and lost
    connections, as long as the gateway asks to or a little longer each time, for at most `deadline` seconds: what has
    the same event_id or command_id counts once, so nothing is done twice.
    """

    def send_interactions(
        self, interactions: Sequence[Mapping[str, Any]], retry: bool = False, deadline: float = RETRY_SECONDS
    ) -> Accepted:
        """Up to 1,000 at once. Those refused are in the result, also when all of them are."""
        return self._send("/v1/interactions", {"interactions": list(interactions)}, retry, deadline)

    def send_items(
        self, provider: str, items: Sequence[Mapping[str, Any]], retry: bool = False, deadline: float = RETRY_SECONDS
    ) -> Accepted:
        """Up to 1,000 catalog entries at once. Those refused are in the result, also when all of them are."""
        return self._send(f"/v1/providers/{part(provider)}/items", {"items": list(items)}, retry, deadline)

    def status(self, retry: bool = False, deadline: float = RETRY_SECONDS) -> Status:
        """How far behind the stages are, and what is searchable."""
        return cast(Status, self._ask("GET", "/v1/status", retry=retry, deadline=deadline))

    def space(self) -> dict[str, Any]:
        """The embedding space that the service is in, and where a roll-out of another stands."""
        return dict(self._ask("GET", "/v1/space", retry=False, deadline=RETRY_SECONDS))

    def change_space(
        self, step: Literal["roll-out", "roll-back", "retire", "own"], entry: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """For operators. A roll-out takes the space's `id`, `dimension` and `model`; `own` takes a `provider`, and
        such a `space` to serve it in by itself, or none to serve it in the common one."""
        body = {} if entry is None else {"json": entry}
        return dict(self._ask("POST", f"/v1/space/{step}", retry=False, deadline=RETRY_SECONDS, **body))

    def ready(self) -> tuple[str, ...]:
        """What keeps the gateway from serving; empty when it is ready."""
        response = self._request("GET", "/readyz")
        if response.status_code not in {200, 503}:
            raise refusal(response)
        return tuple(json_of(response).get("problems", ()))

    def _send(self, path: str, body: Mapping[str, Any], retry: bool, deadline: float) -> Accepted:
        try:
            return cast(Accepted, self._ask("POST", path, json=body, retry=retry, deadline=deadline))
        except AttuneClientError as error:
            if error.status == 422 and error.rejected:
                return Accepted(accepted=0, rejected=error.rejected)
            raise
