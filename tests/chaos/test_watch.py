"""Who watches the chaos does not go blind unseen: a campaign without it would wait for ever, or find nothing wrong."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from infra.processes import free_port
from tests.chaos.crew import Crew
from tests.chaos.servers import Servers
from tests.chaos.watch import watching
from tests.patience import PATIENCE
from workers.errors import BrokerUnavailable

NOBODY = cast(Crew, SimpleNamespace(of=lambda role: []))


def away() -> Servers:
    bootstrap = f"127.0.0.1:{free_port()}"
    return cast(Servers, SimpleNamespace(kafka=SimpleNamespace(bootstrap=bootstrap), redis=SimpleNamespace(port=1)))


async def test_one_that_sees_nothing_for_too_long_ends_what_it_watches_and_says_why() -> None:
    with pytest.RaisesGroup(BrokerUnavailable):
        async with asyncio.timeout(PATIENCE), watching(away(), NOBODY, blind_seconds=0.1):
            await asyncio.Event().wait()


async def test_one_that_sees_nothing_for_a_while_goes_on() -> None:
    async with watching(away(), NOBODY):
        await asyncio.sleep(0.5)


async def test_one_that_is_excused_is_not_blind() -> None:
    async with watching(away(), NOBODY, blind_seconds=0.1) as watch:
        with watch.excused():
            await asyncio.sleep(1.0)
