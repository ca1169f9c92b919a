"""What lies where in Redis: one slot per script, nothing left of what is over, tokens and providers that hold."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from infra.processes import RedisServer
from infra.stores import redis_items
from infra.stores.redis import RedisStore
from infra.stores.redis_calls import RedisCalls, Words
from infra.stores.redis_keys import PROVIDER_WRITES, USER_BUCKETS, BankKeys, UserKey, budget_key, item_bucket
from tests.contract.stores import FORGOTTEN, NOW, SPACE, commit, item, message
from workers.ports import Partition, Spent, Store, UserCommit, UserRecord
from workers.sightings import Bounds, GrownPhrase, Sighting

pytestmark = pytest.mark.redis

FULL = UserCommit("ann@example.org", 0, b"state", (message(),), {"refit": NOW, "other": NOW}, b"job")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer.start(tmp_path) as running:
        yield running


@pytest.fixture
async def store(server: RedisServer) -> AsyncIterator[RedisStore]:
    opened = await RedisStore.open(server.url, timeout=10.0)
    yield opened
    await opened.close()


@pytest.fixture
async def client(server: RedisServer) -> AsyncIterator[Any]:
    async with redis.asyncio.Redis.from_url(server.url) as opened:
        yield opened


class _Interrupted(RedisCalls):
    """Does something else of this store before one round trip."""

    def __init__(self, client: Any, before: int, store: Store) -> None:
        super().__init__(client, 10.0)
        self._before, self._store = before, store

    async def run(self, calls: Sequence[Words]) -> list[Any]:
        self._before -= 1
        if self._before == 0:
            await self._store.put_items([item("news:new")])
        return await super().run(calls)


async def _everything(client: Any) -> dict[bytes, object]:
    reads = {
        b"hash": client.hgetall,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"set": client.smembers,
        b"string": client.get,
        b"list": lambda key: client.lrange(key, 0, -1),
    }
    return {key: await reads[await client.type(key)](key) async for key in client.scan_iter()}


def test_a_bucket_is_the_same_in_every_process_and_version() -> None:
    assert [UserKey(user).bucket for user in ("ann", "bob", "用户")] == [9, 1, 13]
    assert [item_bucket(key) for key in ("news:1", "music:ü")] == [27, 29]


async def test_what_is_forgotten_is_nowhere(store: RedisStore, client: Any) -> None:
    await store.commit([FULL, replace(FULL, user="bob")])
    assert "ann@example.org" in repr(await _everything(client))
    await store.claim_due("refit", NOW, 10, 60)
    await store.claim_job(NOW, 60)
    await store.forget("ann@example.org")
    await store.forget("bob")
    left = await _everything(client)
    assert "ann" not in repr(left)
    assert "bob" not in repr(left)
    assert await commit(store, FULL) is FORGOTTEN


async def test_what_is_over_leaves_nothing_but_the_record(store: RedisStore, client: Any) -> None:
    await commit(store, FULL)
    due = await store.claim_due("refit", NOW, 10, 60)
    job = await store.claim_job(NOW, 60)
    assert job is not None
    assert await store.save_job(job.user, job.token, b"half", NOW + 60)
    assert await store.finish_job(job.user, job.token)
    await store.trim({FULL.user: 1})
    await commit(store, replace(FULL, expected_revision=1, outbox=(), times={"refit": None, "other": None}, job=None))
    assert due
    key = UserKey(FULL.user)
    keys = USER_BUCKETS[key.bucket]
    left = await _everything(client)
    assert left[keys.record(key.name)] == {b"rev": b"2", b"state": b"state"}
    assert set(left) == {keys.record(key.name), keys.names, keys.token}


async def test_of_a_space_that_was_given_up_nothing_is_left(store: RedisStore, client: Any) -> None:
    keys = [f"news:{number}" for number in range(100)]
    await store.put_items([item(key) for key in keys])
    await store.put_phrases(SPACE, {"jazz": b"\x00\x3c"})
    place, pages = 0, 0
    while pages == 0 or place:
        page = await store.items_in(SPACE, place)
        await store.drop_items(SPACE, page.items)
        pages, place = pages + 1, page.next
    await store.drop_words(SPACE)
    assert (await _everything(client)).keys() == {PROVIDER_WRITES}


@pytest.mark.parametrize("before", [1, 2, 3])
async def test_a_provider_stays_listed_whenever_an_item_of_it_comes(
    store: RedisStore, client: Any, before: int
) -> None:
    """Its last item is deleted in three round trips; another is written before each."""
    await store.put_items([item("news:old")])
    await redis_items.put(_Interrupted(client, before, store), [], ["news:old"])
    snapshot = await store.read([], ["news:old", "news:new"], SPACE)
    assert set(snapshot.items) == {"news:new"}
    assert snapshot.providers == ("news",)


async def test_a_provider_whose_deletion_was_cut_short_goes_with_the_next_try(store: RedisStore, client: Any) -> None:
    class CutShort(RedisCalls):
        async def run(self, calls: Sequence[Words]) -> list[Any]:
            if any(b"HMGET" in words for words in calls):
                raise ConnectionError
            return await super().run(calls)

    await store.put_items([item("news:old")])
    with pytest.raises(ConnectionError):
        await redis_items.put(CutShort(client, 10.0), [], ["news:old"])
    await store.put_items([], ["news:old"])
    assert (await store.read([], [], SPACE)).providers == ()


async def test_nothing_of_a_deleted_catalog_is_left_but_the_count_of_its_writes(store: RedisStore, client: Any) -> None:
    await store.put_items([item("news:1"), item("news:1", "other"), item("news:2")])
    await store.put_items([], ["news:1", "news:2"])
    assert set(await _everything(client)) == {PROVIDER_WRITES}


async def test_a_budget_goes_by_itself_two_days_after_its_last_change(store: RedisStore, client: Any) -> None:
    await store.reserve("all", 20_700, 1, 10, 10, 100)
    await client.expire(budget_key("all", 20_700), 5)
    await store.settle("all", 20_700, 0, 1)
    assert 2 * 86_400 - 5 <= await client.ttl(budget_key("all", 20_700)) <= 2 * 86_400
    await client.expire(budget_key("all", 20_700), 5)
    await store.reserve("all", 20_700, 1, 10, 10, 100)
    assert 2 * 86_400 - 5 <= await client.ttl(budget_key("all", 20_700)) <= 2 * 86_400


async def test_what_the_bank_has_grown_by_and_what_was_crowded_out_leaves_no_sightings(
    store: RedisStore, client: Any
) -> None:
    bounds = Bounds(least=1, each=2, most=2)
    await store.sight(SPACE, [Sighting(phrase, "music:1", "", "", "", "", False) for phrase in "abc"], bounds)
    await store.grow(SPACE, [GrownPhrase("c", "c", ("c",))], 9)
    keys, left = BankKeys(SPACE), await _everything(client)
    assert left[keys.sightings] == {b"b": b'["music:1","","","","",false]'}
    assert left[keys.touched] == [(b"b", 2.0)]


async def test_tokens_grow_though_a_crash_took_the_last_one_and_the_clock_was_set_back(
    store: RedisStore, client: Any
) -> None:
    await commit(store, FULL)
    last = USER_BUCKETS[UserKey(FULL.user).bucket].token
    tokens = []
    for lease in range(4):
        job = await store.claim_job(NOW + 60 * lease, 60)
        assert job is not None
        tokens.append(job.token)
        # Gone as after a crash; then ahead of the clock, as when that was set back.
        await (client.delete(last) if lease == 0 else client.set(last, 10**14 + lease))
        await asyncio.sleep(0.002)
    assert tokens == sorted(set(tokens))
    assert tokens[2:] == [10**14 + 2, 10**14 + 3]


async def test_every_script_keeps_to_its_keys_as_a_cluster_asks(tmp_path: Path) -> None:
    """A cluster of one node that has every slot: it refuses a script whose keys are not all in one, or not declared."""
    with RedisServer.start(tmp_path / "single") as single:
        launch = replace(single.launch, command=(*single.launch.command, "--cluster-enabled", "yes"))
        port = single.port
    with RedisServer(replace(launch, directory=tmp_path), port).begin() as node:
        await _give_all_slots(node)
        store = await RedisStore.open(node.url, timeout=5.0)
        await store.commit([FULL, replace(FULL, user="bob")], {Partition("attune.interactions", 0): 1})
        await store.put_items([item("news:1"), item("music:1")])
        await store.read([FULL.user, "bob"], ["news:1", "music:1"], SPACE)
        await store.trim({FULL.user: 1, "bob": 1})
        await store.put_items([], ["news:1"])
        await store.claim_due("refit", NOW, 10, 60)
        await store.count_times("refit", [NOW])
        job = await store.claim_job(NOW, 60)
        assert job is not None
        assert await store.save_job(job.user, job.token, b"half", NOW + 60)
        assert await store.finish_job(job.user, job.token)
        assert await store.count_jobs() == 1
        assert await store.reserve("all", 20_700, 1, 10, 10, 100)
        await store.settle("all", 20_700, 0, 5)
        assert await store.spent("all", 20_700) == Spent(1, 15)
        assert await store.sample_items(SPACE, 10) == ["music:1"]
        moon = Sighting("moon", "music:1", "", "Moon", "", "", False)
        assert await store.sight(SPACE, [moon], Bounds(1, 2, 2)) == {"moon": (moon,)}
        assert await store.grow(SPACE, [GrownPhrase("moon", "Moon", ("moon",))], 2) == 1
        assert await store.replace_items([(item("music:1"), item("music:1", title="new"))]) == [True]
        life = await store.life()
        await store.add_keys({b"bob": [b"key"]})
        await store.destroy_keys([b"bob"], life)
        await store.mark({Partition("attune.keys", 0): 1}, {}, life)
        await store.forget("bob")
        assert (await store.read(["bob"], [], SPACE)).users == {"bob": UserRecord(forgotten=True)}
        await store.close()


async def _give_all_slots(node: RedisServer) -> None:
    client: Any = redis.asyncio.Redis.from_url(node.url)
    await client.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
    for _ in range(500):
        if b"cluster_state:ok" in await client.execute_command("CLUSTER", "INFO"):
            break
        await asyncio.sleep(0.02)
    await client.aclose()
