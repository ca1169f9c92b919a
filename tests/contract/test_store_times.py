"""What every store does with due times: earliest first, one claimant each, back when a lease runs out."""

import asyncio

from tests.contract.stores import NOW, commit, set_times
from workers.ports import Due, Store, UserCommit

LEASE = 60.0


async def test_what_is_due_comes_earliest_first(store: Store) -> None:
    times = [(f"user-{number}", NOW - 0.1 * ((number * 37) % 100)) for number in range(100)]
    await set_times(store, "refit", [*times, ("later", NOW + 0.001)])
    due = [Due(user, time) for user, time in sorted(times, key=lambda one: one[1])]
    assert await store.claim_due("refit", NOW, 30, LEASE) == due[:30]
    assert await store.claim_due("refit", NOW, 1000, LEASE) == due[30:]
    assert await store.claim_due("refit", NOW, 1000, LEASE) == []


async def test_a_time_is_due_at_its_very_moment(store: Store) -> None:
    await set_times(store, "refit", [("ann", NOW)])
    assert await store.claim_due("refit", NOW - 1e-6, 10, LEASE) == []
    assert await store.claim_due("refit", NOW, 10, LEASE) == [Due("ann", NOW)]


async def test_a_limit_of_nothing_gives_nothing(store: Store) -> None:
    await set_times(store, "refit", [("ann", NOW)])
    assert await store.claim_due("refit", NOW, 0, LEASE) == []


async def test_a_claimed_one_is_hidden_and_comes_back_with_the_same_time(store: Store) -> None:
    odd = NOW - 1 / 3  # 17 digits: one that is rounded on the way is found out
    await set_times(store, "refit", [("ann", odd), ("bob", NOW + LEASE - 1)])
    assert await store.claim_due("refit", NOW, 10, LEASE) == [Due("ann", odd)]
    assert await store.claim_due("refit", NOW + LEASE - 0.001, 1, LEASE) == [Due("bob", NOW + LEASE - 1)]
    assert await store.claim_due("refit", NOW + LEASE, 10, LEASE) == [Due("ann", odd)]
    assert await store.claim_due("refit", NOW + LEASE + 1, 10, LEASE) == []


async def test_what_comes_back_stands_where_it_stood(store: Store) -> None:
    await set_times(store, "refit", [("ann", NOW - 2), ("bob", NOW - 1)])
    await store.claim_due("refit", NOW, 1, LEASE)
    due = await store.claim_due("refit", NOW + LEASE, 10, LEASE)
    assert [one.user for one in due] == ["ann", "bob"]


async def test_what_comes_back_and_is_not_taken_stays_due(store: Store) -> None:
    await set_times(store, "refit", [(f"user-{number}", NOW - number) for number in range(20)])
    first = await store.claim_due("refit", NOW, 20, LEASE)
    again = [due for _ in range(20) for due in await store.claim_due("refit", NOW + LEASE, 1, LEASE)]
    assert again == first


async def test_two_claimants_at_once_never_get_the_same(store: Store) -> None:
    await set_times(store, "refit", [(f"user-{number}", NOW - number) for number in range(300)])
    shares = await asyncio.gather(*(store.claim_due("refit", NOW, 50, LEASE) for _ in range(8)))
    users = [due.user for share in shares for due in share]
    assert len(users) == len(set(users))
    rest = await store.claim_due("refit", NOW, 1000, LEASE)
    assert sorted([*users, *(due.user for due in rest)]) == sorted(f"user-{number}" for number in range(300))


async def test_a_commit_that_sets_the_time_anew_ends_the_lease(store: Store) -> None:
    await set_times(store, "refit", [("ann", NOW)])
    await store.claim_due("refit", NOW, 10, LEASE)
    await set_times(store, "refit", [("ann", NOW + 1)])
    assert await store.claim_due("refit", NOW + 1, 10, LEASE) == [Due("ann", NOW + 1)]


async def test_a_commit_that_clears_the_time_ends_the_lease_for_good(store: Store) -> None:
    await set_times(store, "refit", [("ann", NOW)])
    await store.claim_due("refit", NOW, 10, LEASE)
    await set_times(store, "refit", [("ann", None)])
    assert await store.claim_due("refit", NOW + 2 * LEASE, 10, LEASE) == []
    assert await store.count_times("refit", []) == [0]


async def test_a_commit_without_times_leaves_the_lease(store: Store) -> None:
    await set_times(store, "refit", [("ann", NOW)])
    await store.claim_due("refit", NOW, 10, LEASE)
    await commit(store, UserCommit("ann", 1, b""))
    assert await store.claim_due("refit", NOW + 1, 10, LEASE) == []
    assert await store.claim_due("refit", NOW + LEASE, 10, LEASE) == [Due("ann", NOW)]


async def test_indexes_do_not_touch_each_other(store: Store) -> None:
    await set_times(store, "refit", [("ann", NOW)])
    await set_times(store, "waiting", [("ann", NOW - 1)])
    assert await store.claim_due("refit", NOW, 10, LEASE) == [Due("ann", NOW)]
    assert await store.claim_due("waiting", NOW, 10, LEASE) == [Due("ann", NOW - 1)]
    assert await store.claim_due("unheard of", NOW, 10, LEASE) == []


async def test_times_are_counted_by_intervals_open_above(store: Store) -> None:
    await set_times(store, "refitted", [(f"user-{number}", NOW + number) for number in range(10)])
    edges = [NOW, NOW + 1, NOW + 4.5, NOW + 9]
    assert await store.count_times("refitted", edges) == [0, 1, 4, 4, 1]
    assert await store.count_times("refitted", [NOW + 100]) == [10, 0]
    assert await store.count_times("refitted", []) == [10]


async def test_a_claimed_time_counts_as_it_was_set(store: Store) -> None:
    await set_times(store, "refit", [("ann", NOW), ("bob", NOW + 10)])
    await store.claim_due("refit", NOW, 10, LEASE)
    assert await store.count_times("refit", [NOW, NOW + 1]) == [0, 1, 1]


async def test_without_a_lease_all_stay_due_until_their_time_is_set_anew(store: Store) -> None:
    """What moves profiles to another space relies on (`streams.rollout`)."""
    await set_times(store, "refitted", [(f"user-{number}", NOW - number) for number in range(6)])
    first = await store.claim_due("refitted", NOW, 4, 0.0)
    assert await store.claim_due("refitted", NOW, 4, 0.0) == first
    await store.commit([UserCommit(due.user, 1, b"moved", times={"refitted": NOW + 1}) for due in first])
    assert [due.user for due in await store.claim_due("refitted", NOW, 4, 0.0)] == ["user-1", "user-0"]
    assert await store.count_times("refitted", [NOW + 0.5]) == [2, 4]
