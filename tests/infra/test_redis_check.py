"""A Redis that would lose what it is given is refused at start-up, and told why."""

from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from infra.processes import RedisServer, free_port
from infra.stores.check import check_redis, redis_problems
from infra.stores.redis import RedisStore
from workers.errors import ConfigurationError, StoreRefused, StoreUnavailable

SOUND = {"aof_enabled": 1, "maxmemory_policy": "noeviction", "redis_version": "6.2.14", "role": "master"}


class _Fake:
    """A client of a Redis that tells this of itself."""

    def __init__(self, **told: Any) -> None:
        self._told = SOUND | told

    def info(self) -> Awaitable[Any]:
        async def answer() -> Any:
            return self._told

        return answer()


async def _refusal(url: str) -> str:
    with pytest.raises(StoreRefused) as refused:
        await RedisStore.open(url, timeout=5.0)
    return str(refused.value)


@pytest.mark.redis
async def test_a_sound_redis_is_taken(tmp_path: Path) -> None:
    with RedisServer.start(tmp_path) as server:
        await (await RedisStore.open(server.url, timeout=5.0)).close()


@pytest.mark.redis
async def test_without_an_append_only_file_it_is_refused(tmp_path: Path) -> None:
    with RedisServer.start(tmp_path, appendonly=False) as server:
        refusal = await _refusal(server.url)
    assert "`appendonly yes`" in refusal
    assert "maxmemory" not in refusal


@pytest.mark.redis
@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
async def test_with_eviction_it_is_refused(tmp_path: Path, policy: str) -> None:
    with RedisServer.start(tmp_path, policy=policy) as server:
        refusal = await _refusal(server.url)
    assert f"({policy}): set `maxmemory-policy noeviction`" in refusal
    assert "appendonly" not in refusal


@pytest.mark.redis
async def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    with RedisServer.start(tmp_path, policy="allkeys-lfu", appendonly=False) as server:
        async with redis.asyncio.Redis.from_url(server.url) as client:
            assert len(await redis_problems(client)) == 2


@pytest.mark.parametrize("version", ["6.2.0", "7.0.15", "8.2.1-rc1", "10.0.0"])
async def test_a_new_enough_version_is_taken(version: str) -> None:
    await check_redis(_Fake(redis_version=version))


@pytest.mark.parametrize("version", ["5.0.14", "6.0.16", "6.1.240"])
async def test_an_old_version_is_refused(version: str) -> None:
    with pytest.raises(StoreRefused, match=f"version {version}: install 6.2 or newer"):
        await check_redis(_Fake(redis_version=version))


async def test_a_replica_is_refused() -> None:
    with pytest.raises(StoreRefused, match="point ATTUNE_STORE at the primary"):
        await check_redis(_Fake(role="slave"))


@pytest.mark.parametrize("key", SOUND)
async def test_what_it_does_not_tell_is_not_taken_on_trust(key: str) -> None:
    assert len(await redis_problems(_Fake(**{key: None}))) == 1


async def test_nobody_there_is_an_outage_and_not_a_refusal() -> None:
    with pytest.raises(StoreUnavailable, match="see whether it runs"):
        await RedisStore.open(f"redis://127.0.0.1:{free_port()}/0", timeout=5.0)


@pytest.mark.parametrize("url", ["http://127.0.0.1:6379", "redis://127.0.0.1:port", "127.0.0.1"])
async def test_a_wrong_address_is_told_apart(url: str) -> None:
    with pytest.raises(ConfigurationError, match="looks like redis://"):
        await RedisStore.open(url, timeout=5.0)


@pytest.mark.redis
@pytest.mark.parametrize("credentials", ["", ":hunter2@", "somebody:hunter2@"])
async def test_a_missing_or_wrong_password_is_named_and_not_repeated(tmp_path: Path, credentials: str) -> None:
    with RedisServer.start(tmp_path) as server:
        async with redis.asyncio.Redis.from_url(server.url) as client:
            await client.config_set("requirepass", "the right one")
        url = server.url.replace("//", f"//{credentials}")
        with pytest.raises(ConfigurationError, match="password") as refused:
            await RedisStore.open(url, timeout=5.0)
    assert "hunter2" not in str(refused.value)
