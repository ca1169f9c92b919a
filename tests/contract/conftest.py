"""The stores under test, each as it is run: a file of its own, and a real Redis that the whole run shares."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from infra.processes.redis import RedisServer
from infra.stores.redis import RedisStore
from infra.stores.sqlite import SqliteStore
from streams.database import Database
from tests.simulation.alone import store_alone
from workers.ports import Store


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Fails, naming the package to install, where there is no redis-server."""
    with RedisServer.start(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def sqlite_store(tmp_path: Path) -> AsyncIterator[Store]:
    database = Database(tmp_path / "attune.sqlite")
    yield await SqliteStore.open(database)
    await database.close()


@pytest.fixture
async def redis_store(redis_server: RedisServer) -> AsyncIterator[Store]:
    redis_server.wipe()
    store = await RedisStore.open(redis_server.url, timeout=10.0)
    yield store
    await store.close()


@pytest.fixture
def simulated_store() -> Store:
    """In memory, as the simulation has it."""
    return store_alone()


@pytest.fixture(params=["sqlite_store", "simulated_store", pytest.param("redis_store", marks=pytest.mark.redis)])
def store(request: pytest.FixtureRequest) -> Store:
    chosen: Store = request.getfixturevalue(request.param)
    return chosen
