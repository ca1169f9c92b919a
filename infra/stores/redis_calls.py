"""How the store talks to Redis: scripts by their hash, many calls in one round trip, one deadline, our own errors."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha1
from pathlib import Path
from typing import Any, Final

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from infra.stores.redis_errors import error_of, no_answer
from infra.stores.redis_security import NO_SECURITY, RedisSecurity
from workers.errors import ConfigurationError

Words = Sequence[bytes]
"""One command as it goes over the wire."""

_SCRIPTS: Final = {path.stem: path.read_bytes() for path in (Path(__file__).parent / "lua").glob("*.lua")}
_HASHES: Final = {name: sha1(text).hexdigest().encode() for name, text in _SCRIPTS.items()}

_CONNECTIONS = 16
"""Calls under way at once; more wait their turn. One Redis works on one call at a time anyway."""


def script(name: str, keys: Sequence[bytes], arguments: Sequence[bytes] = ()) -> Words:
    """The call of `lua/NAME.lua`."""
    return (b"EVALSHA", _HASHES[name], b"%d" % len(keys), *keys, *arguments)


def connect(url: str, timeout: float, security: RedisSecurity = NO_SECURITY) -> "redis.asyncio.Redis":
    """A client that has not connected yet; all replies are bytes. Raises `ConfigurationError` for a wrong address and
    for certificates that cannot be read."""
    options = security.of_client(url)
    try:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=None,
            # The deadline of a whole call stands in `RedisCalls`; one for each reply would cost more than the reply.
            socket_timeout=None,
            socket_connect_timeout=timeout,
            # Whether a call whose answer is lost may be made again is for the caller to say.
            retry=Retry(NoBackoff(), 0),
            # The older protocol has no handshake, so a Redis that is too old is refused by its version and not by a
            # command it does not know.
            protocol=2,
            **options,
        )
    except ValueError as error:
        raise ConfigurationError("ATTUNE_STORE is no Redis address: it looks like redis://host:6379/0") from error
    return redis.asyncio.Redis.from_pool(pool)


class RedisCalls:
    """Every call ends within `timeout` seconds, with its replies or with `StoreUnavailable`."""

    def __init__(self, client: "redis.asyncio.Redis", timeout: float) -> None:
        self._client = client
        self._timeout = timeout

    async def run(self, calls: Sequence[Words]) -> list[Any]:
        """The replies to all calls, in their order, after one round trip. Where Redis does not know the scripts (it was
        restarted), they are loaded, and what was refused for that reason is called again."""
        async with self.deadline():
            replies = await self._send(calls)
            refused = [at for at, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
            if refused:
                await self.load_scripts()
                again = await self._send([calls[at] for at in refused])
                for at, reply in zip(refused, again, strict=True):
                    replies[at] = reply
        return _sound(replies)

    async def call(self, words: Words) -> Any:
        (reply,) = await self.run([words])
        return reply

    async def load_scripts(self) -> None:
        async with self.deadline():
            _sound(await self._send([(b"SCRIPT LOAD", text) for text in _SCRIPTS.values()]))

    @asynccontextmanager
    async def deadline(self) -> AsyncIterator[None]:
        """Bounds what is done inside, and translates the client's errors."""
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except TimeoutError as error:
            await self._drop_idle()
            raise no_answer(self._timeout) from error
        except (OSError, RedisError) as error:
            await self._drop_idle()
            raise error_of(error) from error

    async def close(self) -> None:
        await self._client.aclose()
        await self._client.connection_pool.disconnect()

    async def _drop_idle(self) -> None:
        """What waits in the pool is as dead as this one was: the next call connects anew instead of finding out."""
        await self._client.connection_pool.disconnect(inuse_connections=False)

    async def _send(self, calls: Sequence[Words]) -> list[Any]:
        async with self._client.pipeline(transaction=False) as pipeline:
            for words in calls:
                pipeline.execute_command(*words)
            return await pipeline.execute(raise_on_error=False)


def _sound(replies: list[Any]) -> list[Any]:
    """The replies, where none of them is a refusal."""
    for reply in replies:
        if isinstance(reply, RedisError):
            raise error_of(reply) from reply
    return replies
