"""What lies where in the embedded store: nothing left of what is over, and samples that cost the same at any size."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.stores.sqlite import SqliteStore
from infra.stores.sqlite_items import _FROM_A_PLACE
from streams.database import Database
from tests.contract.stores import COMMITTED, NOW, SPACE, commit, item
from workers.ports import Spent, UserCommit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "attune.sqlite"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    database = Database(path)
    yield await SqliteStore.open(database)
    await database.close()


def rows(path: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute(query, values).fetchall()


async def test_a_budget_goes_when_the_period_after_it_has_ended(store: SqliteStore, path: Path) -> None:
    for period in (20_700, 20_701):
        await store.reserve("all", period, 1, 10, 10, 100)
    assert await store.spent("all", 20_700) == Spent(1, 10)
    await store.reserve("other", 20_702, 1, 10, 10, 100)
    assert rows(path, "SELECT period, account FROM budgets ORDER BY period") == [(20_701, "all"), (20_702, "other")]


async def test_a_finished_job_and_a_forgotten_user_leave_no_progress(store: SqliteStore, path: Path) -> None:
    for user in ("ann", "bob"):
        await commit(store, UserCommit(user, 0, b"", job=b"job"))
        job = await store.claim_job(NOW, 60)
        assert job is not None
        assert await store.save_job(user, job.token, b"half", NOW + 60)
        if user == "ann":
            assert await store.finish_job(user, job.token)
    assert rows(path, "SELECT user FROM progress") == [("bob",)]
    await store.forget("bob")
    assert rows(path, "SELECT user FROM progress") == []


async def test_a_file_of_before_refinement_gets_what_it_lacks(path: Path) -> None:
    database = Database(path)
    await commit(await SqliteStore.open(database), UserCommit("ann", 0, b"state", job=b"job"))
    await database.close()
    with sqlite3.connect(path) as connection:
        for lacking in ("TABLE progress", "TABLE budgets", "INDEX items_by_space"):
            connection.execute(f"DROP {lacking}")
    database = Database(path)
    store = await SqliteStore.open(database)
    job = await store.claim_job(NOW, 60)
    assert job is not None
    assert await store.save_job("ann", job.token, b"half", NOW + 60)
    assert await store.reserve("all", 1, 1, 1, 1, 1)
    assert await store.sample_items(SPACE, 5) == []
    assert await commit(store, UserCommit("ann", 1, b"next")) is COMMITTED
    await database.close()


async def test_a_sample_goes_straight_to_its_places(store: SqliteStore, path: Path) -> None:
    """By the space and the place at once: it neither walks the items of other spaces nor sorts."""
    await store.put_items([item("news:1"), item("news:1", "other")])
    plan = [str(row[3]) for row in rows(path, f"EXPLAIN QUERY PLAN {_FROM_A_PLACE}", SPACE, 1)]
    assert plan == ["SEARCH items USING INDEX items_by_space (space=? AND rowid>?)"]
