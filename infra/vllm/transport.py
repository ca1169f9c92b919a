"""One try: a request to an OpenAI-compatible server, and what its answer means. No retries here."""

import httpx

from infra.vllm.errors import LlmError, LlmInvalid, LlmRefused, LlmUnavailable
from infra.vllm.options import LlmOptions
from infra.vllm.wire import MAX_REPLY_BYTES, Question, Reply, Served, read_models, read_reply
from schemas.proposal import Cost

CONNECT_SECONDS = 3.0

KEEP_ALIVE_SECONDS = 4.0
"""Shorter than vLLM's 5 s, so that we close an idle connection and not the server, just as we use it."""

_OVERLOADED = {408, 429, 503}
_OUR_FAULT = {400, 413, 422}
_CURE = "see that ATTUNE_LLM_URL ends in /v1 and ATTUNE_LLM_MODEL and the key are the server's"


class Transport:
    """Keeps its connections; `close` it. A cancelled request closes its own, by which vLLM knows to stop (0.2 s)."""

    def __init__(self, options: LlmOptions) -> None:
        key = options.api_key
        self._client = httpx.AsyncClient(
            base_url=options.url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            # The caller's deadline ends a request; only a server that is not there should be known sooner.
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=options.at_once + 2, keepalive_expiry=KEEP_ALIVE_SECONDS),
        )

    async def ask(self, question: Question, model: str, priority: int) -> Reply:
        """Raises `LlmError` with what this try cost: what the server says; nothing where it never took the request on;
        the prompt where it went silent."""
        lost = Cost(calls=1, prompt_tokens=question.prompt_tokens())
        content = await self._send("POST", "chat/completions", lost, question.body(model, priority))
        return read_reply(content, question)

    async def models(self) -> list[Served]:
        """Raises `LlmError`."""
        return read_models(await self._send("GET", "models", Cost()))

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(self, method: str, path: str, lost: Cost, body: bytes | None = None) -> bytes:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            async with self._client.stream(method, path, content=body, headers=headers) as response:
                content = await _read(response, lost)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise LlmUnavailable("unreachable", f"no LLM server answers ({type(error).__name__})") from error
        except httpx.HTTPError as error:
            raise LlmUnavailable("lost", f"the LLM server went silent ({type(error).__name__})", lost) from error
        if response.status_code != 200:
            raise _translated(response, lost)
        return content


async def _read(response: httpx.Response, lost: Cost) -> bytes:
    content = bytearray()
    async for part in response.aiter_bytes():
        content += part
        if len(content) > MAX_REPLY_BYTES:
            raise LlmInvalid("garbage", f"the LLM server answered over {MAX_REPLY_BYTES} bytes", lost)
    return bytes(content)


def _translated(response: httpx.Response, lost: Cost) -> LlmError:
    """The server's own words stay out: they quote the prompt."""
    status = response.status_code
    what = f"the LLM server answered {status}"
    if status in _OVERLOADED:
        return LlmUnavailable("overloaded", f"{what}: it is full", retry_after=_seconds(response))
    if status in _OUR_FAULT:
        return LlmRefused("refused", f"{what}: the prompt may be too long for it (--max-model-len)")
    if status >= 500:
        return LlmUnavailable("lost", f"{what}: it is stopping, or has failed", lost)
    return LlmUnavailable("misconfigured", f"{what}: {_CURE}")


def _seconds(response: httpx.Response) -> float | None:
    """What a proxy in front may say; vLLM itself says nothing."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None
