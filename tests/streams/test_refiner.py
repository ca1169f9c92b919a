"""The refiner role: every job is done, finished and counted once, whatever is away, hangs, fails or stops."""

import asyncio

import pytest

from schemas.proposal import RefineTrigger
from streams.leases import Lease
from streams.refiner import LONGEST_LOOK, JobEnd
from tests.streams.refining import Shop, eventually, job_for, running
from tests.virtual_time import in_virtual_time, loop_time
from workers.errors import BrokerUnavailable, ConfigurationError
from workers.jobs import RefineJob

USERS = tuple(f"user-{number}" for number in range(12))


@pytest.fixture
def shop() -> Shop:
    return Shop()


@in_virtual_time
async def test_jobs_are_done_in_their_order_and_finished(shop: Shop) -> None:
    done: list[str] = []

    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        assert job.user == lease.user
        done.append(job.user)
        return JobEnd.IMPROVED

    await shop.queue(*USERS)
    async with running(shop.refiner(refine)):
        await eventually(lambda: shop.ends(JobEnd.IMPROVED) == len(USERS))
    assert done == list(USERS)
    assert await shop.store.count_jobs() == 0


@in_virtual_time
async def test_what_became_of_a_job_is_counted_by_its_trigger(shop: Shop) -> None:
    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        return JobEnd.CANCELLED if job.user == "ada" else JobEnd.REFUSED

    await shop.queue("ada", job=job_for("ada", trigger=RefineTrigger.DRIFT).to_bytes())
    await shop.queue("bob")
    async with running(shop.refiner(refine)):
        await eventually(lambda: shop.ends(JobEnd.CANCELLED, "drift") == shop.ends(JobEnd.REFUSED) == 1)
    assert shop.metrics.registry.get_sample_value("attune_refinement_seconds_count", {"trigger": "drift"}) == 1


@in_virtual_time
async def test_no_more_than_so_many_are_in_hand(shop: Shop) -> None:
    in_hand, most = 0, 0

    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        nonlocal in_hand, most
        in_hand += 1
        most = max(most, in_hand)
        await asyncio.sleep(0.01)
        in_hand -= 1
        return JobEnd.IMPROVED

    await shop.queue(*USERS)
    async with running(shop.refiner(refine, at_once=3)):
        await eventually(lambda: shop.ends(JobEnd.IMPROVED) == len(USERS))
    assert most == 3


@in_virtual_time
async def test_an_empty_queue_is_looked_at_ever_more_rarely_and_by_one_for_all(shop: Shop) -> None:
    async with running(shop.refiner(at_once=8)):
        await asyncio.sleep(0.5)
    assert shop.store.calls.count("claim_job") <= 5  # at 0, 0.05, 0.15 and 0.35 s


@in_virtual_time
async def test_a_job_that_comes_is_begun_within_a_second_and_the_next_one_at_once(shop: Shop) -> None:
    async with running(shop.refiner()):
        await asyncio.sleep(0.4)
        await shop.queue("ada")
        await eventually(lambda: shop.ends(JobEnd.IMPROVED) == 1, LONGEST_LOOK + 0.5)
        start = loop_time()
        await shop.queue("bob")
        await eventually(lambda: shop.ends(JobEnd.IMPROVED) == 2)
        assert loop_time() - start < 0.5


@in_virtual_time
async def test_a_job_that_fails_is_finished_and_the_others_are_done(shop: Shop) -> None:
    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        if job.user == "user-3":
            raise ZeroDivisionError("a fault, as the test wants it")
        return JobEnd.IMPROVED

    await shop.queue(*USERS)
    async with running(shop.refiner(refine)):
        await eventually(lambda: shop.ends(JobEnd.IMPROVED) == len(USERS) - 1)
    assert shop.ends(JobEnd.BROKEN) == 1
    assert await shop.store.count_jobs() == 0


@in_virtual_time
async def test_a_job_of_another_release_is_finished(shop: Shop) -> None:
    await shop.queue("ada", job=b'{"job": "of 2030"}')
    async with running(shop.refiner()):
        await eventually(lambda: shop.ends(JobEnd.UNREADABLE, "unknown") == 1)
    assert await shop.store.count_jobs() == 0


@in_virtual_time
async def test_a_wrong_installation_ends_it_with_that_very_error(shop: Shop) -> None:
    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        raise ConfigurationError("no such model")

    await shop.queue("ada")
    with pytest.raises(ConfigurationError, match="no such model"):
        await shop.refiner(refine, at_once=3).run()
    assert await shop.store.count_jobs() == 1


@in_virtual_time
async def test_without_a_store_it_waits_and_goes_on(shop: Shop) -> None:
    await shop.queue("ada")
    for _ in range(3):
        shop.store.fail("claim_job")
    async with running(shop.refiner()):
        await eventually(lambda: shop.ends(JobEnd.IMPROVED) == 1)
    assert shop.metrics.registry.get_sample_value("attune_store_errors_total", {"stage": "refiner"}) == 3


@pytest.mark.parametrize("away", ["save_job", "finish_job"])
@in_virtual_time
async def test_what_is_away_in_the_middle_is_waited_for_and_the_job_goes_on_from_what_was_saved(
    shop: Shop, away: str
) -> None:
    begun_from: list[bytes | None] = []

    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        begun_from.append(lease.progress)
        if lease.progress is None:
            shop.store.fail(away if len(begun_from) == 1 else "nothing")
            await lease.save(b"one")
        if lease.progress == b"one":
            await lease.save(b"two")
        return JobEnd.IMPROVED

    await shop.queue("ada")
    async with running(shop.refiner(refine)):
        await eventually(lambda: shop.ends(JobEnd.IMPROVED) == 1)
    assert begun_from == ([None, None] if away == "save_job" else [None, b"two"])
    assert await shop.store.count_jobs() == 0


@in_virtual_time
async def test_a_broker_that_is_away_is_counted_and_waited_for(shop: Shop) -> None:
    tries = 0

    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise BrokerUnavailable("away")
        return JobEnd.IMPROVED

    await shop.queue("ada")
    async with running(shop.refiner(refine)):
        await eventually(lambda: shop.ends(JobEnd.IMPROVED) == 1)
    assert shop.metrics.registry.get_sample_value("attune_broker_errors_total", {"stage": "refiner"}) == 1


@in_virtual_time
async def test_two_refiners_share_the_jobs_and_each_is_done_once(shop: Shop) -> None:
    done: list[str] = []

    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        await asyncio.sleep(0.002)
        await lease.save(b"half")
        done.append(job.user)
        return JobEnd.IMPROVED

    await shop.queue(*USERS)
    async with running(shop.refiner(refine, at_once=2)), running(shop.refiner(refine, at_once=2)):
        await eventually(lambda: shop.ends(JobEnd.IMPROVED) == len(USERS))
    assert sorted(done) == sorted(USERS)


@in_virtual_time
async def test_a_lease_that_is_lost_in_the_middle_stops_the_work(shop: Shop) -> None:
    went_on: list[str] = []

    async def slow(job: RefineJob, lease: Lease) -> JobEnd:
        await lease.save(b"one round")
        shop.ahead += 120  # as if the process had been stopped for two minutes
        async with running(shop.refiner(quick)):
            await eventually(lambda: shop.ends(JobEnd.IMPROVED) == 1)
        await lease.save(b"two rounds")
        went_on.append("slow")
        return JobEnd.IMPROVED

    async def quick(job: RefineJob, lease: Lease) -> JobEnd:
        went_on.append(f"quick, from {lease.progress!r}")
        return JobEnd.IMPROVED

    await shop.queue("ada")
    async with running(shop.refiner(slow)):
        await eventually(lambda: shop.ends(JobEnd.LOST) == 1)
    assert went_on == ["quick, from b'one round'"]


@in_virtual_time
async def test_the_job_of_a_forgotten_user_is_dropped(shop: Shop) -> None:
    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        await shop.store.forget(job.user)
        await lease.save(b"one round")
        return JobEnd.IMPROVED

    await shop.queue("ada")
    async with running(shop.refiner(refine)):
        await eventually(lambda: shop.ends(JobEnd.LOST) == 1)


@in_virtual_time
async def test_a_round_that_outlasts_the_lease_is_given_up_and_the_job_is_free(shop: Shop) -> None:
    rounds = 0

    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        nonlocal rounds
        for _ in range(4):  # longer than one lease together, but each is saved
            await asyncio.sleep(0.04)
            await lease.save(b"")
            rounds += 1
        await asyncio.sleep(60)
        return JobEnd.IMPROVED

    await shop.queue("ada")
    async with running(shop.refiner(refine, lease=0.1)):
        await eventually(lambda: shop.ends(JobEnd.STALLED) == 1)
        assert rounds == 4
        await eventually(lambda: rounds > 4)


@in_virtual_time
async def test_stopped_it_ends_the_round_saves_it_and_gives_the_job_back_at_once(shop: Shop) -> None:
    begun = asyncio.Event()

    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        for number in range(100):
            begun.set()
            await asyncio.sleep(0.05)
            await lease.save(b"%d" % number)
        return JobEnd.IMPROVED

    await shop.queue("ada")
    async with running(shop.refiner(refine)):
        await begun.wait()
    assert shop.ends(JobEnd.HANDED_BACK) == 1
    job = await shop.store.claim_job(shop.now(), 60)
    assert job is not None
    assert job.progress == b"0 0"  # no lease in vain, and the progress


@in_virtual_time
async def test_stopped_it_claims_no_more(shop: Shop) -> None:
    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        await asyncio.sleep(0.05)
        return JobEnd.IMPROVED

    await shop.queue(*USERS)
    async with running(shop.refiner(refine, at_once=2)):
        await eventually(lambda: shop.store.calls.count("claim_job") == 2)
    assert shop.ends(JobEnd.IMPROVED) == 2
    assert await shop.store.count_jobs() == len(USERS) - 2


@in_virtual_time
async def test_a_stop_has_a_deadline_and_what_hangs_is_left_to_its_lease(shop: Shop) -> None:
    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        await lease.save(b"one round")
        await asyncio.sleep(60)
        return JobEnd.IMPROVED

    await shop.queue("ada")
    start = loop_time()
    async with running(shop.refiner(refine, stop_timeout=0.4)):
        await eventually(lambda: shop.store.calls.count("save_job") == 2)  # when it begins, and the round
    assert loop_time() - start < 1.0
    assert await shop.store.claim_job(shop.now(), 60) is None
    job = await shop.store.claim_job(shop.now() + 61, 60)
    assert job is not None
    assert job.progress == b"0 one round"


@in_virtual_time
async def test_stopped_while_the_store_is_away_it_does_not_wait_for_it(shop: Shop) -> None:
    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        for _ in range(50):
            shop.store.fail("save_job")
        await lease.save(b"")
        return JobEnd.IMPROVED

    await shop.queue("ada")
    start = loop_time()
    async with running(shop.refiner(refine)):
        await eventually(lambda: shop.store.calls.count("save_job") == 4)
    assert loop_time() - start < 1.5


@in_virtual_time
async def test_the_queue_is_counted(shop: Shop) -> None:
    await shop.queue(*USERS)
    await shop.refiner().count_queue()
    assert shop.metrics.registry.get_sample_value("attune_refinement_queue") == len(USERS)


@in_virtual_time
async def test_stopped_before_it_runs_it_does_nothing(shop: Shop) -> None:
    await shop.queue("ada")
    refiner = shop.refiner()
    await refiner.stop()
    await refiner.run()
    assert await shop.store.count_jobs() == 1
