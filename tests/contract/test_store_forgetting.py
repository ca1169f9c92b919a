"""Forgetting: who must be told, who there is, and that files are rid of what was deleted; both stores."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from infra.processes import RedisServer
from infra.stores.redis import RedisStore
from infra.stores.sqlite import SqliteStore
from streams.database import Database
from tests.contract.stores import SPACE, item, message
from workers.ports import Store, UserCommit


async def all_users(store: Store) -> list[str]:
    place, users = 0, list[str]()
    while True:
        page = await store.users(place)
        users += page.users
        if not (place := page.next):
            return users


async def test_every_provider_that_there_is_or_was_may_hold_something(store: Store) -> None:
    await store.put_items([item("news:1"), item("books:1"), item("mine.netflix:1")])
    await store.put_items([], ["news:1"])
    assert await store.forget("ann") == ("books", "news")
    assert (await store.read((), (), SPACE)).providers == ("books",)


async def test_without_an_item_nobody_is_to_be_told(store: Store) -> None:
    assert await store.forget("ann") == ()


async def test_users_are_met_page_by_page(store: Store) -> None:
    assert await all_users(store) == []
    names = [f"user-{number}" for number in range(2_500)] + ["a:user:b", "用户"]
    await store.commit([UserCommit(name, 0, b"state", (message(),)) for name in names])
    assert sorted(await all_users(store)) == sorted(names)
    await store.forget("user-7")
    assert "user-7" not in await all_users(store)


async def test_shedding_may_be_asked_for_at_any_time(store: Store) -> None:
    await store.shed()
    await store.forget("ann")
    await store.shed()
    await store.shed()


def bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_what_was_forgotten_is_in_none_of_the_embedded_files(tmp_path: Path) -> None:
    database = Database(tmp_path / "attune.sqlite")
    store = await SqliteStore.open(database)
    await store.commit([UserCommit("ann-of-green-gables", 0, b"theremin solos", (message("theremin solos"),))])
    await store.put_phrases(SPACE, {"theremin solos": b"vector"})
    await store.forget("ann-of-green-gables")
    await store.shed()
    left = bytes_in(tmp_path)
    await database.close()
    assert b"green-gables" not in left
    assert b"theremin" not in left


async def test_a_file_of_an_earlier_release_hides_its_words_when_it_is_opened(tmp_path: Path) -> None:
    database = Database(tmp_path / "attune.sqlite")
    await SqliteStore.open(database)
    await database.write(_as_before)
    store = await SqliteStore.open(database)
    assert await store.read_phrases(SPACE, ["theremin solos"]) == {"theremin solos": b"vector"}
    assert await store.forget("ann") == ("news",)
    await store.shed()
    left = bytes_in(tmp_path)
    await database.close()
    assert b"theremin" not in left


def _as_before(connection: Any) -> None:
    connection.execute("CREATE TABLE phrases (space TEXT, phrase TEXT, vector BLOB, PRIMARY KEY (space, phrase))")
    connection.execute("INSERT INTO phrases VALUES (?, 'theremin solos', ?)", (SPACE, b"vector"))
    connection.execute("INSERT INTO items VALUES ('news:1', ?, 'news', ?)", (SPACE, b""))


@pytest.fixture
async def client(redis_server: RedisServer) -> Any:
    made = redis.asyncio.Redis.from_url(f"redis://127.0.0.1:{redis_server.port}/0")
    await made.flushdb()
    yield made
    await made.aclose()
    await made.connection_pool.disconnect()


@pytest.mark.redis
async def test_words_are_not_to_be_read_in_redis_and_those_of_an_earlier_release_are_found(
    redis_server: RedisServer, client: Any
) -> None:
    store = await RedisStore.open(f"redis://127.0.0.1:{redis_server.port}/0", timeout=10)
    await store.put_phrases(SPACE, {"theremin solos": b"vector"})
    ((_, held),) = [(key, await client.hgetall(key)) for key in await client.keys("*words*")]
    assert (len(held), b"theremin solos" in held) == (1, False)
    await client.hset(f"attune:phrases:{SPACE}", "of a time before", b"older")
    found = await store.read_phrases(SPACE, ["theremin solos", "of a time before", "nobody's"])
    assert found == {"theremin solos": b"vector", "of a time before": b"older"}
    await store.drop_words(SPACE)
    assert await store.read_phrases(SPACE, ["theremin solos", "of a time before"]) == {}
    await store.close()


@pytest.mark.redis
async def test_redis_rewrites_its_file_once_for_all_that_was_forgotten(redis_server: RedisServer, client: Any) -> None:
    store = await RedisStore.open(f"redis://127.0.0.1:{redis_server.port}/0", timeout=10)
    # Whoever used this server before may have had it begin one, and it refuses a second beside it.
    while (await client.info("persistence"))["aof_rewrite_in_progress"]:
        await asyncio.sleep(0.05)
    await client.config_resetstat()

    async def rewrites() -> int:
        stats = await client.info("commandstats")
        return int(stats.get("cmdstat_bgrewriteaof", {}).get("calls", 0))

    await store.shed()
    assert await rewrites() == 0
    for user in ("ann", "bob"):
        await store.forget(user)
        await store.destroy_keys([user.encode()], await store.life())
    await store.shed()
    await store.shed()
    assert await rewrites() == 1
    await store.close()
