"""What every store does with jobs: per user one waits and one runs, and a worker that lost its lease is refused."""

import asyncio

from tests.contract.stores import NOW, commit
from workers.ports import LeasedJob, Store, UserCommit

LEASE = 60.0


async def _queue(store: Store, *jobs: tuple[str, int, bytes]) -> None:
    for user, revision, job in jobs:
        await commit(store, UserCommit(user, revision, b"", job=job))


async def _claim(store: Store, now: float = NOW) -> LeasedJob:
    job = await store.claim_job(now, LEASE)
    assert job is not None
    return job


async def test_jobs_are_served_in_the_order_they_came(store: Store) -> None:
    users = [f"user-{number}" for number in range(20)]
    await _queue(store, *((user, 0, user.encode()) for user in users))
    jobs = [await _claim(store) for _ in users]
    assert [(job.user, job.job) for job in jobs] == [(user, user.encode()) for user in users]
    assert await store.claim_job(NOW, LEASE) is None


async def test_a_job_that_waits_is_replaced_and_keeps_its_place(store: Store) -> None:
    await _queue(store, ("ann", 0, b"old"), ("bob", 0, b"bob's"), ("ann", 1, b"new"))
    jobs = [await _claim(store), await _claim(store)]
    assert [(job.user, job.job) for job in jobs] == [("ann", b"new"), ("bob", b"bob's")]
    assert await store.claim_job(NOW, LEASE) is None


async def test_a_commit_without_a_job_leaves_the_one_that_waits(store: Store) -> None:
    await _queue(store, ("ann", 0, b""))
    await commit(store, UserCommit("ann", 1, b""))
    assert (await _claim(store)).job == b""


async def test_one_runs_and_one_waits_per_user(store: Store) -> None:
    await _queue(store, ("ann", 0, b"one"))
    running = await _claim(store)
    await _queue(store, ("ann", 1, b"two"), ("ann", 2, b"three"))
    assert await store.claim_job(NOW + 1, LEASE) is None
    assert await store.finish_job("ann", running.token)
    assert (await _claim(store, NOW + 1)).job == b"three"


async def test_a_finished_job_is_gone(store: Store) -> None:
    await _queue(store, ("ann", 0, b"one"))
    job = await _claim(store)
    assert await store.finish_job("ann", job.token)
    assert not await store.finish_job("ann", job.token)
    assert await store.claim_job(NOW + 2 * LEASE, LEASE) is None


async def test_a_lease_that_runs_out_goes_to_another_with_a_greater_token(store: Store) -> None:
    await _queue(store, ("ann", 0, b"one"))
    first = await _claim(store)
    assert await store.claim_job(NOW + LEASE - 0.001, LEASE) is None
    second = await _claim(store, NOW + LEASE)
    assert (second.user, second.job) == ("ann", b"one")
    assert second.token > first.token
    assert not await store.finish_job("ann", first.token)
    assert await store.finish_job("ann", second.token)


async def test_a_late_result_counts_while_nobody_else_has_the_lease(store: Store) -> None:
    await _queue(store, ("ann", 0, b"one"), ("bob", 0, b"two"))
    anns, bobs = await _claim(store), await _claim(store)
    assert (await _claim(store, NOW + LEASE)).user == "ann"
    assert not await store.finish_job("ann", anns.token)
    assert await store.finish_job("bob", bobs.token)
    assert await store.claim_job(NOW + LEASE, LEASE) is None


async def test_a_lease_that_nobody_took_over_can_still_be_finished(store: Store) -> None:
    await _queue(store, ("ann", 0, b"one"))
    job = await _claim(store)
    await _queue(store, ("ann", 1, b"two"))
    assert await store.finish_job("ann", job.token)
    assert (await _claim(store, NOW + LEASE)).job == b"two"


async def test_a_job_behind_a_lost_lease_waits_for_it(store: Store) -> None:
    await _queue(store, ("ann", 0, b"one"))
    await _claim(store)
    await _queue(store, ("ann", 1, b"two"))
    again = await _claim(store, NOW + LEASE)
    assert again.job == b"one"
    assert await store.claim_job(NOW + LEASE, LEASE) is None
    await store.finish_job("ann", again.token)
    assert (await _claim(store, NOW + LEASE)).job == b"two"


async def test_tokens_of_a_user_grow_from_job_to_job(store: Store) -> None:
    tokens = []
    for revision in range(5):
        await _queue(store, ("ann", revision, b"job"))
        job = await _claim(store)
        tokens.append(job.token)
        assert not any([await store.finish_job("ann", old) for old in tokens[:-1]])
        assert await store.finish_job("ann", job.token)
    assert tokens == sorted(set(tokens))


async def test_a_token_is_of_one_user(store: Store) -> None:
    await _queue(store, ("ann", 0, b"job"))
    job = await _claim(store)
    assert not await store.finish_job("bob", job.token)
    assert await store.finish_job("ann", job.token)


async def test_claimants_at_once_get_different_jobs(store: Store) -> None:
    await _queue(store, *((f"user-{number}", 0, b"job") for number in range(12)))
    claims = await asyncio.gather(*(store.claim_job(NOW, LEASE) for _ in range(16)))
    users = [job.user for job in claims if job is not None]
    assert sorted(users) == sorted(f"user-{number}" for number in range(12))


async def test_what_a_lease_saved_the_next_lease_of_the_job_is_given(store: Store) -> None:
    await _queue(store, ("ann", 0, b"one"))
    first = await _claim(store)
    assert first.progress is None
    assert await store.save_job("ann", first.token, b"half", NOW + LEASE)
    assert await store.save_job("ann", first.token, b"nearly\x00", NOW + LEASE)
    again = await _claim(store, NOW + LEASE)
    assert (again.job, again.progress) == (b"one", b"nearly\x00")
    assert await store.finish_job("ann", again.token)


async def test_another_job_starts_without_the_progress_of_the_one_before(store: Store) -> None:
    await _queue(store, ("ann", 0, b"one"))
    first = await _claim(store)
    await _queue(store, ("ann", 1, b"two"))
    await store.save_job("ann", first.token, b"half", NOW + LEASE)
    await store.finish_job("ann", first.token)
    second = await _claim(store)
    assert (second.job, second.progress) == (b"two", None)
    assert (await _claim(store, NOW + LEASE)).progress is None


async def test_to_save_renews_the_lease(store: Store) -> None:
    await _queue(store, ("ann", 0, b"one"))
    job = await _claim(store)
    assert await store.save_job("ann", job.token, b"", NOW + 3 * LEASE)
    assert await store.claim_job(NOW + 3 * LEASE - 0.001, LEASE) is None
    assert (await _claim(store, NOW + 3 * LEASE)).progress == b""


async def test_who_lost_the_lease_saves_nothing(store: Store) -> None:
    await _queue(store, ("ann", 0, b"one"))
    lost = await _claim(store)
    holder = await _claim(store, NOW + LEASE)
    assert await store.save_job("ann", holder.token, b"mine", NOW + 2 * LEASE)
    assert not await store.save_job("ann", lost.token, b"theirs", NOW + 9 * LEASE)
    assert not await store.save_job("bob", holder.token, b"theirs", NOW + 9 * LEASE)
    assert (await _claim(store, NOW + 2 * LEASE)).progress == b"mine"


async def test_a_lease_that_ran_out_and_that_nobody_took_over_can_be_renewed(store: Store) -> None:
    await _queue(store, ("ann", 0, b"one"), ("bob", 0, b"two"))
    anns, bobs = await _claim(store), await _claim(store)
    # A claim looks at every lease that ran out, and takes one of them.
    assert (await _claim(store, NOW + LEASE)).user == "ann"
    assert not await store.save_job("ann", anns.token, b"", NOW + 9 * LEASE)
    assert await store.save_job("bob", bobs.token, b"half", NOW + 2 * LEASE)
    assert await store.claim_job(NOW + LEASE, LEASE) is None
    again = [await _claim(store, NOW + 2 * LEASE) for _ in range(2)]
    assert [(job.user, job.progress) for job in again] == [("ann", None), ("bob", b"half")]
    assert not await store.finish_job("bob", bobs.token)
    assert await store.claim_job(NOW + 2 * LEASE, LEASE) is None


async def test_nothing_is_saved_for_a_finished_job_or_a_forgotten_user(store: Store) -> None:
    await _queue(store, ("ann", 0, b"one"), ("bob", 0, b"two"))
    anns, bobs = await _claim(store), await _claim(store)
    await store.finish_job("ann", anns.token)
    await store.save_job("bob", bobs.token, b"half", NOW + LEASE)
    await store.forget("bob")
    assert not await store.save_job("ann", anns.token, b"", NOW + LEASE)
    assert not await store.save_job("bob", bobs.token, b"", NOW + LEASE)
    assert await store.claim_job(NOW + 2 * LEASE, LEASE) is None


async def test_users_with_a_job_are_counted_once_each(store: Store) -> None:
    assert await store.count_jobs() == 0
    await _queue(store, ("ann", 0, b"one"), ("bob", 0, b"two"))
    ann = await _claim(store)
    await _queue(store, ("ann", 1, b"three"))
    assert await store.count_jobs() == 2
    await store.finish_job("ann", ann.token)
    assert await store.count_jobs() == 2
    await store.forget("bob")
    assert await store.count_jobs() == 1
