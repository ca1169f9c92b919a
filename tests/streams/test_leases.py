"""Leases that come no further: so many in a row, and the job is given up."""

import asyncio

import pytest

from streams.leases import MAX_LEASES, Lease
from streams.refiner import JobEnd
from tests.streams.refining import Shop, eventually, running
from tests.virtual_time import in_virtual_time
from workers.errors import BrokerUnavailable
from workers.jobs import RefineJob


@pytest.fixture
def shop() -> Shop:
    return Shop()


@in_virtual_time
async def test_a_job_that_hangs_each_time_is_given_up_after_three_leases_and_the_queue_goes_on(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    tries = 0

    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        nonlocal tries
        if job.user == "ada":
            tries += 1
            await asyncio.sleep(60)
        return JobEnd.IMPROVED

    await shop.queue("ada", "bob")
    async with running(shop.refiner(refine, lease=0.05)):
        await eventually(lambda: shop.ends(JobEnd.GIVEN_UP) == shop.ends(JobEnd.IMPROVED) == 1)
    assert (tries, shop.ends(JobEnd.STALLED)) == (MAX_LEASES, MAX_LEASES)
    assert await shop.store.count_jobs() == 0
    (line,) = [record for record in caplog.records if "given up: 3 workers" in record.getMessage()]
    assert "ada" not in line.getMessage()


@in_virtual_time
async def test_a_lease_that_comes_further_is_no_lease_in_vain(shop: Shop) -> None:
    """However many it takes: each saves a round more, finds the broker away, and hangs when that is back."""
    begun_from: list[bytes | None] = []
    leases: set[int] = set()

    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        rounds = int(lease.progress or b"0")
        if rounds == 2 * MAX_LEASES:
            return JobEnd.IMPROVED
        if lease.token in leases:
            await asyncio.sleep(60)
        leases.add(lease.token)
        begun_from.append(lease.progress)
        await lease.save(b"%d" % (rounds + 1))
        raise BrokerUnavailable("away")

    await shop.queue("ada")
    async with running(shop.refiner(refine, lease=0.05)):
        await eventually(lambda: shop.ends(JobEnd.IMPROVED) == 1)
    assert begun_from == [None, b"1", b"2", b"3", b"4", b"5"]
    assert shop.ends(JobEnd.GIVEN_UP) == 0


@in_virtual_time
async def test_a_broker_that_is_away_for_long_is_one_lease_which_stays_with_its_worker(shop: Shop) -> None:
    tries = 0

    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        nonlocal tries
        tries += 1
        if tries <= MAX_LEASES + 2:
            shop.ahead += 40  # of 60 s
            raise BrokerUnavailable("away")
        return JobEnd.IMPROVED

    await shop.queue("ada")
    async with running(shop.refiner(refine)):
        await eventually(lambda: tries == 3)
        assert await shop.store.claim_job(shop.now(), 60) is None
        await eventually(lambda: shop.ends(JobEnd.IMPROVED) == 1, 10)
    assert shop.ends(JobEnd.GIVEN_UP) == shop.ends(JobEnd.LOST) == 0


@in_virtual_time
async def test_progress_of_an_earlier_release_is_gone_on_from(shop: Shop) -> None:
    begun_from: list[bytes | None] = []

    async def refine(job: RefineJob, lease: Lease) -> JobEnd:
        begun_from.append(lease.progress)
        return JobEnd.IMPROVED

    await shop.queue("ada")
    leased = await shop.store.claim_job(shop.now(), 0.0)
    assert leased is not None
    await shop.store.save_job("ada", leased.token, b'{"format":1}', shop.now())
    async with running(shop.refiner(refine)):
        await eventually(lambda: shop.ends(JobEnd.IMPROVED) == 1)
    assert begun_from == [b'{"format":1}']
