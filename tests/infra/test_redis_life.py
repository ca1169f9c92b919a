"""A Redis that may have lost what it had confirmed is in another life than before."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from infra.processes import RedisServer
from infra.stores.redis import RedisStore
from tests.contract.stores import item
from tests.patience import PATIENCE
from workers.errors import StoreUnavailable
from workers.ports import Partition

pytestmark = pytest.mark.redis

MARK = Partition("attune.catalog", 0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer.start(tmp_path / "first") as running:
        yield running


@pytest.fixture
async def store(server: RedisServer) -> AsyncIterator[RedisStore]:
    opened = await RedisStore.open(server.url, timeout=10.0)
    yield opened
    await opened.close()


def killed(server: RedisServer) -> None:
    server.kill()
    server.restart()


LOSSES: dict[str, Callable[[RedisServer], object]] = {
    "restarted": RedisServer.restart,
    "killed": killed,
    "wiped": RedisServer.wipe,
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
async def test_after_a_loss_no_mark_is_written_for_what_came_before(
    server: RedisServer, store: RedisStore, loss: Callable[[RedisServer], object]
) -> None:
    life = await store.life()
    await store.put_items([item("news:1")])
    await asyncio.to_thread(loss, server)
    with pytest.raises(StoreUnavailable, match="done again"):
        await store.mark({MARK: 1}, {}, life)
    assert await store.marks([MARK]) == {}
    await store.mark({MARK: 1}, {}, await store.life())
    assert await store.marks([MARK]) == {MARK: 1}


async def test_after_a_restart_no_key_is_destroyed_for_an_erasure_before_it(
    server: RedisServer, store: RedisStore
) -> None:
    life = await store.life()
    await asyncio.to_thread(server.restart)
    with pytest.raises(StoreUnavailable, match="done again"):
        await store.destroy_keys([b"ann"], life)
    assert await store.read_keys([b"ann"]) == {}


async def test_a_file_that_was_rewritten_brings_no_life_back(server: RedisServer, store: RedisStore) -> None:
    life = await store.life()
    async with redis.asyncio.Redis.from_url(server.url) as client:
        await client.bgrewriteaof()
        await until(lambda: rewritten(client))
    assert await store.life() == life
    await asyncio.to_thread(server.restart)
    assert await store.life() != life


async def test_a_replica_that_takes_over_begins_a_life_and_so_does_its_primary_when_it_is_back(
    server: RedisServer, store: RedisStore, tmp_path: Path
) -> None:
    lives = [await store.life()]
    with RedisServer.start(tmp_path / "second") as second:
        other = await RedisStore.open(second.url, timeout=10.0)
        await follow(second, server)
        await until(lambda: serves(second, "slave"))
        await follow(second, None)
        lives.append(await other.life())
        await follow(server, second)
        await until(lambda: serves(server, "slave"))
        await follow(server, None)
        lives.append(await store.life())
        await other.close()
    assert len(set(lives)) == 3


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await happened():
            await asyncio.sleep(0.05)


async def rewritten(client: Any) -> bool:
    info = await client.info("persistence")
    return bool(not info["aof_rewrite_in_progress"] and info["aof_last_bgrewrite_status"] == "ok")


async def follow(server: RedisServer, primary: RedisServer | None) -> None:
    async with redis.asyncio.Redis.from_url(server.url) as client:
        await client.replicaof(*(("NO", "ONE") if primary is None else ("127.0.0.1", str(primary.port))))


async def serves(server: RedisServer, role: str) -> bool:
    """And has all that its primary had."""
    async with redis.asyncio.Redis.from_url(server.url) as client:
        info = await client.info("replication")
        return bool(info["role"] == role and info.get("master_link_status") == "up")
