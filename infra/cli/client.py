"""The gateway as commands use it, over the client library."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attune_client import Accepted, AttuneClient
    from infra.cli.sending import Post

REQUEST_SECONDS = 30.0
"""Of one request. A batch of 1,000 is durable within a second, and the broker's own deadline is 10 s."""


def open_client(timeout: float = REQUEST_SECONDS) -> "AttuneClient":
    """For the gateway that the settings name. `timeout`: seconds for one answer. Close it after use."""
    from attune_client import AttuneClient
    from infra.settings import read_settings

    settings = read_settings()
    token = None if settings.token is None else settings.token.get_secret_value()
    return AttuneClient(settings.url, timeout=timeout, token=token, ca=settings.http_ca)


def post(client: "AttuneClient", send: "Callable[[list[dict[str, Any]]], Accepted]") -> "Post":
    """`send` as the sender of a file wants it. Raises `GatewayUnreachable` at once where there is no gateway to begin
    with: `send` may wait out an outage, and would wait for it."""
    from infra.cli.sending import Answer, Refused

    client.ready()

    def posted(rows: list[dict[str, Any]]) -> Answer:
        answer = send(rows)
        return Answer(answer["accepted"], tuple(Refused(one["index"], one["reason"]) for one in answer["rejected"]))

    return posted


def lags(client: "AttuneClient") -> dict[str, int]:
    """Messages accepted and not yet handled, by stage."""
    return {name: stage["lag"] for name, stage in client.status(retry=True)["stages"].items()}
