"""A provider's retrieval over HTTP, for a gateway that does not hold the indexes itself (ATTUNE_PROVIDER_URL)."""

import ssl
from collections.abc import Callable
from typing import NoReturn, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from infra.gateway.problems import SPACE_MISMATCH, UNKNOWN_PROVIDER, UNKNOWN_SUBJECT
from schemas.api import Problem, Providers, SearchAnswer, SearchBody
from streams.tls import distrust
from workers.errors import ConfigurationError, SearchUnavailable, SpaceMismatch, UnknownProvider, UnknownSubject

C = TypeVar("C", SearchAnswer, Providers)

TIMEOUT_SECONDS = 2.0
"""A search takes milliseconds; a page that waits longer than this for its recommendations is given up on."""

_KINDS = {UNKNOWN_PROVIDER: UnknownProvider, UNKNOWN_SUBJECT: UnknownSubject, SPACE_MISMATCH: SpaceMismatch}


class HttpSearch:
    """`infra.gateway.ports.Search` against `attune worker provider` at `url`. Keeps its connections; `close` it.
    `token` gives what is shown there with each request, None for nothing; `trust` is httpx's `verify`."""

    def __init__(
        self,
        url: str,
        token: Callable[[], str | None] = lambda: None,
        *,
        timeout: float = TIMEOUT_SECONDS,
        trust: ssl.SSLContext | bool = True,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._token = token
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout, verify=trust, transport=transport)

    async def search(self, provider: str, body: SearchBody) -> SearchAnswer:
        """Raises `UnknownProvider`, `UnknownSubject`, `SpaceMismatch`; `SearchUnavailable` when there is no answer or
        none that can be read; `ConfigurationError` when something else than a provider listens there."""
        path = f"/v1/providers/{quote(provider, safe='')}/search"
        return _read(SearchAnswer, await self._ask("POST", path, body.to_bytes()))

    async def providers(self) -> dict[str, int]:
        """Raises `SearchUnavailable` and `ConfigurationError` as `search` does."""
        return _read(Providers, await self._ask("GET", "/v1/providers")).providers

    async def _ask(self, method: str, path: str, content: bytes | None = None) -> bytes:
        headers = {"Content-Type": "application/json"} if content is not None else {}
        if (token := self._token()) is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            response = await self._client.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            if (why := distrust(error)) is not None:
                cure = "let ATTUNE_HTTP_CA name the CA that signed it, and ATTUNE_PROVIDER_URL the host it was made for"
                raise ConfigurationError(
                    f"the provider's search shows a certificate that is not trusted ({why}): {cure}"
                ) from error
            raise SearchUnavailable(f"the provider's search did not answer ({type(error).__name__})") from error
        if response.status_code != 200:
            _translate(response)
        return response.content

    async def close(self) -> None:
        await self._client.aclose()


def _read(kind: type[C], content: bytes) -> C:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise SearchUnavailable("the provider's search answered something that is no search answer") from error


def _translate(response: httpx.Response) -> NoReturn:
    if response.status_code in {401, 403}:
        cure = "give both the same ATTUNE_TOKEN_KEYS, or the gateway an operator's token in ATTUNE_PROVIDER_TOKEN"
        raise ConfigurationError(f"the provider's search does not take the gateway's token: {cure}")
    if response.status_code >= 500 or response.status_code == 429:
        raise SearchUnavailable(f"the provider's search answered {response.status_code}")
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError as error:
        raise _not_a_provider(response.status_code) from error
    kind = _KINDS.get(problem.type)
    if kind is None:
        raise _not_a_provider(response.status_code)
    raise kind(problem.detail)


def _not_a_provider(status: int) -> ConfigurationError:
    what = f"what listens at ATTUNE_PROVIDER_URL answered {status} and no problem of a provider's search"
    return ConfigurationError(f"{what}: let it name an `attune worker provider` of the same version")
