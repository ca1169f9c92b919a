"""A live stream lasts no longer than the token that opened it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx
import pytest

from infra.doors.entering import Doors
from infra.doors.keys import KeyRing
from infra.doors.roles import Role
from infra.doors.tokens import DAY, read
from infra.gateway.app import create_app
from tests.infra.door_keys import NOW, RING, bearing, token
from tests.infra.gateway_fakes import ports, serving
from tests.patience import PATIENCE


@dataclass
class Place:
    """What may change while a stream is open."""

    given: str
    now: float = NOW
    ring: KeyRing = RING

    def expire(self) -> None:
        self.now += DAY

    def call_back(self) -> None:
        self.ring = RING.without(read(RING, self.given, NOW).token, NOW, NOW + DAY)

    def lose_its_key(self) -> None:
        self.ring = RING.rotated(b"n" * 32, NOW, 0)


@pytest.mark.parametrize("end", [Place.expire, Place.call_back, Place.lose_its_key])
async def test_it_ends_with_its_token(end: Callable[[Place], None]) -> None:
    place = Place(token(Role.PERSON, days=1))
    app = create_app(ports(), Doors(lambda: place.ring, clock=lambda: place.now))
    app.state.gateway = replace(app.state.gateway, poll_seconds=0.01)
    headers = bearing(place.given)
    async with serving(app) as (_, client), client.stream("GET", "/v1/users/ada/events", headers=headers) as stream:
        reading = asyncio.create_task(_whole(stream))
        await asyncio.sleep(0.1)
        assert not reading.done()
        end(place)
        async with asyncio.timeout(PATIENCE):
            assert await reading == ["retry: 2000", "event: absent", "data: {}"]


async def _whole(stream: httpx.Response) -> list[str]:
    return [line async for line in stream.aiter_lines() if line]
