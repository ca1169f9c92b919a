"""The short form of the long one: everything that kills, once at least, under load, and both runners at work.

`make chaos` is the long form (`tests.chaos.campaign`).
"""

import asyncio

import pytest

from tests.chaos import faults
from tests.chaos.campaign import STALL_LIMIT, campaign, say_to_stderr
from tests.chaos.faults import Fault
from tests.chaos.town import Town

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.redis,
    pytest.mark.timeout(420),
    pytest.mark.asyncio(loop_scope="package"),
]

FAULTS: tuple[Fault, ...] = (
    faults.kill_worker,
    faults.kill_worker,
    faults.zombie,
    faults.drop_replies,
    faults.kill_two_workers,
    faults.kill_redis,
    faults.cut_replies,
    faults.kill_worker,
    faults.reset_kafka,
    faults.kill_kafka,
    faults.kill_worker,
    faults.cut_off,
    faults.kill_two_workers,
    faults.cut_power,
    faults.drop_kafka_replies,
    faults.kill_worker,
)
"""Nine kills of workers among them. In this order: a worker dies soon after a server has come back, too."""


async def test_nothing_is_lost_or_doubled_and_nothing_stands_still(place: Town) -> None:
    async with asyncio.timeout(360.0):  # so that what hangs is named
        report = await campaign(place, FAULTS, rate=40.0, seed=7, pause=(0.2, 1.0), say=say_to_stderr)
    assert report.verdict == dict.fromkeys(report.verdict, 0), report
    assert report.longest_stall <= 2 * STALL_LIMIT, "on a machine that runs other tests; the long form keeps to it"
    assert report.zombies == []
    assert report.slow_stops == []
    assert report.accepted > 500
    assert report.sent_again > 0
    assert report.kills["agents"] == 9
    assert (report.kills["kafka"], report.kills["redis"], report.kills["redis_power"]) == (1, 1, 1)
