"""The store in Redis when Redis hangs, was killed, is full, or is asked by many at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import redis.asyncio

from infra.processes import RedisServer
from infra.stores.redis import RedisStore
from tests.contract.stores import COMMITTED, NOW, SPACE, commit, item, message, user_of
from tests.patience import AT_ONCE
from workers.errors import ConfigurationError, StoreUnavailable
from workers.ports import Partition, UserCommit, UserRecord

pytestmark = pytest.mark.redis

PARTITION = Partition("attune.interactions", 0)
SECRET = "ann@example.org"


async def mark(store: RedisStore) -> None:
    await store.mark({PARTITION: 1}, {}, await store.life())


CALLS: dict[str, Callable[[RedisStore], Awaitable[object]]] = {
    "read": lambda store: store.read([SECRET], ["news:1"], SPACE),
    "commit": lambda store: store.commit([UserCommit(SECRET, 0, b"state")], {PARTITION: 1}),
    "trim": lambda store: store.trim({SECRET: 1}),
    "marks": lambda store: store.marks([PARTITION]),
    "life": lambda store: store.life(),
    "mark": mark,
    "pending": lambda store: store.pending(),
    "put_items": lambda store: store.put_items([item("news:1")], ["news:2"]),
    "put_phrases": lambda store: store.put_phrases(SPACE, {"a": b"b"}),
    "read_phrases": lambda store: store.read_phrases(SPACE, ["a"]),
    "claim_due": lambda store: store.claim_due("refit", NOW, 10, 60),
    "count_times": lambda store: store.count_times("refit", [NOW]),
    "claim_job": lambda store: store.claim_job(NOW, 60),
    "sample_items": lambda store: store.sample_items(SPACE, 8),
    "save_job": lambda store: store.save_job(SECRET, 1, b"half", NOW),
    "count_jobs": lambda store: store.count_jobs(),
    "reserve": lambda store: store.reserve(SECRET, 1, 1, 1, 1, 1),
    "settle": lambda store: store.settle(SECRET, 1, 1, 1),
    "spent": lambda store: store.spent(SECRET, 1),
    "finish_job": lambda store: store.finish_job(SECRET, 1),
    "forget": lambda store: store.forget(SECRET),
}


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
async def client(server: RedisServer) -> AsyncIterator["redis.asyncio.Redis"]:
    async with redis.asyncio.Redis.from_url(server.url) as opened:
        yield opened


async def test_every_call_to_a_redis_that_hangs_ends_in_time(server: RedisServer) -> None:
    store = await RedisStore.open(server.url, timeout=2.0)
    server.pause()
    started = time.monotonic()
    errors = await asyncio.gather(*(call(store) for call in CALLS.values()), return_exceptions=True)
    assert 2.0 <= time.monotonic() - started < AT_ONCE
    for name, error in zip(CALLS, errors, strict=True):
        assert isinstance(error, StoreUnavailable), name
        assert "did not answer within 2 s" in str(error), name
        assert SECRET not in str(error)
    server.resume()
    assert (await store.read(["nobody"], [], SPACE)).users == {}
    await store.close()


class _Line:
    """A line to the server that can go dead without a word, as behind a firewall or after a failover by address."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._pipes: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def go_dead(self) -> None:
        """For those who are connected; whoever connects from now on gets through."""
        for pipe in self._pipes:
            pipe.cancel()

    async def close(self) -> None:
        self.go_dead()
        self._server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers += (writer, far_writer)
        self._pipes |= {
            asyncio.create_task(self._pipe(reader, far_writer)),
            asyncio.create_task(self._pipe(far_reader, writer)),
        }

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)


async def test_connections_that_died_without_a_word_cost_one_deadline_and_not_one_each(server: RedisServer) -> None:
    line = _Line(server.port)
    store = await RedisStore.open(f"redis://127.0.0.1:{await line.open()}/0", timeout=3.0)
    await asyncio.gather(*(store.marks([PARTITION]) for _ in range(8)))
    line.go_dead()
    with pytest.raises(StoreUnavailable, match="did not answer"):
        await store.marks([PARTITION])
    assert await asyncio.gather(*(store.marks([PARTITION]) for _ in range(8))) == [{}] * 8
    await store.close()
    await line.close()


async def test_a_redis_that_was_killed_is_back_with_everything(server: RedisServer, store: RedisStore) -> None:
    assert await commit(store, UserCommit("ann", 0, b"state", (message(),), {"refit": NOW}, b"job")) is COMMITTED
    await asyncio.gather(*(store.marks([PARTITION]) for _ in range(8)))  # several connections will be dead
    server.kill()
    for call in CALLS.values():
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await call(store)
    server.begin()
    await asyncio.gather(*(store.marks([PARTITION]) for _ in range(8)))
    assert await user_of(store, "ann") == UserRecord(1, b"state", (message(),))
    assert await commit(store, UserCommit("ann", 1, b"next")) is COMMITTED
    assert [due.user for due in await store.claim_due("refit", NOW, 10, 60)] == ["ann"]
    assert await store.claim_job(NOW, 60) is not None


async def test_a_restart_between_two_calls_is_not_noticed(server: RedisServer, store: RedisStore) -> None:
    for revision in range(3):
        assert await store.commit([UserCommit("ann", revision, b"")], {PARTITION: revision}) == [COMMITTED]
        await asyncio.to_thread(server.restart)
    assert await store.marks([PARTITION]) == {PARTITION: 2}


async def test_forgotten_scripts_are_loaded_again(store: RedisStore, client: "redis.asyncio.Redis") -> None:
    for call in CALLS.values():
        await client.script_flush()
        await call(store)
    await client.script_flush()
    assert await store.commit([UserCommit("bob", 0, b"")], {PARTITION: 5}) == [COMMITTED]
    assert await store.marks([PARTITION]) == {PARTITION: 5}


async def test_a_user_who_may_not_load_scripts_is_told_so_at_once(
    server: RedisServer, client: "redis.asyncio.Redis"
) -> None:
    await client.acl_setuser("attune", enabled=True, passwords=["+word"], keys=["*"], commands=["+@all", "-script"])
    with pytest.raises(ConfigurationError, match="does not allow this user"):
        await RedisStore.open(server.url.replace("//", "//attune:word@"), timeout=10.0)


async def test_a_full_redis_refuses_and_nothing_of_the_commit_is_there(
    store: RedisStore, client: "redis.asyncio.Redis"
) -> None:
    await commit(store, UserCommit("ann", 0, b"state"))
    await client.config_set("maxmemory", 1)
    change = UserCommit("ann", 1, b"next", (message(),), {"refit": NOW}, b"job")
    with pytest.raises(StoreUnavailable, match="raise its maxmemory"):
        await store.commit([change], {PARTITION: 1})
    assert await user_of(store, "ann") == UserRecord(1, b"state")
    assert await store.pending() == []
    assert await store.marks([PARTITION]) == {}
    await client.config_set("maxmemory", 0)
    assert await commit(store, change) is COMMITTED


async def test_a_call_that_was_cancelled_does_not_answer_the_next_one(store: RedisStore) -> None:
    await store.commit([UserCommit(f"user-{number}", 0, b"%d" % number) for number in range(50)])
    for number in range(50):
        lost = asyncio.create_task(store.read([f"user-{number}"], [], SPACE))
        await asyncio.sleep(0.0002 * (number % 5))
        lost.cancel()
        other = f"user-{49 - number}"
        assert await user_of(store, other) == UserRecord(1, b"%d" % (49 - number))


async def test_more_calls_at_once_than_connections(store: RedisStore) -> None:
    await commit(store, UserCommit("ann", 0, b"state"))
    records = await asyncio.gather(*(user_of(store, "ann") for _ in range(100)))
    assert set(records) == {UserRecord(1, b"state")}


@pytest.mark.parametrize("name", ["read", "commit"])
async def test_reads_and_commits_are_one_round_trip(
    store: RedisStore, client: "redis.asyncio.Redis", name: str
) -> None:
    users = [f"user-{number}" for number in range(20)]
    items = [f"news:{number}" for number in range(20)]
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "read": lambda: store.read(users, items, SPACE),
        "commit": lambda: store.commit([UserCommit(user, 0, b"s", (message(),)) for user in users], {PARTITION: 1}),
    }

    async def packets() -> int:
        info = await client.info("stats")
        return int(info["total_reads_processed"])

    before = await packets()
    await calls[name]()
    assert await packets() - before == 2  # the call, and the question itself
