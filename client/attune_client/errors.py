"""What can go wrong between a program and the gateway.

AttuneClientError        the gateway refused: see status, title, detail
+-- GatewayUnreachable   nobody answered at that address
"""

from collections.abc import Sequence

from attune_client.answers import Rejected


class AttuneClientError(Exception):
    """`status` is the HTTP status (0 where there was no answer), `detail` says what to do, `rejected` what to mend in
    each entry of a batch of which none was taken."""

    def __init__(self, status: int, title: str, detail: str, rejected: Sequence[Rejected] = ()) -> None:
        super().__init__(f"{title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.rejected = list(rejected)


class GatewayUnreachable(AttuneClientError):
    """No connection, or no answer in time: whether a request was carried out is unknown; sending it again is safe."""

    def __init__(self, url: str, why: str) -> None:
        cure = f"{url} does not answer ({why}). Start `attune up`, or set ATTUNE_GATEWAY_URL to where the gateway is."
        super().__init__(0, "Gateway unreachable", cure)
