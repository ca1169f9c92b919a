"""A live stream lasts no longer than the token that opened it."""

import asyncio
from dataclasses import replace

import httpx

from infra.doors.roles import Role
from infra.gateway.app import create_app
from tests.infra.door_keys import NOW, bearing, doors, token
from tests.infra.gateway_fakes import ports, serving
from tests.patience import PATIENCE


async def test_it_ends_with_its_token() -> None:
    now = [NOW]
    app = create_app(ports(clock=lambda: now[0]), doors())
    app.state.gateway = replace(app.state.gateway, poll_seconds=0.01)
    headers = bearing(token(Role.PERSON, days=1))
    async with serving(app) as (_, client), client.stream("GET", "/v1/users/ada/events", headers=headers) as stream:
        reading = asyncio.create_task(_whole(stream))
        await asyncio.sleep(0.1)
        assert not reading.done()
        now[0] += 86_400
        async with asyncio.timeout(PATIENCE):
            assert await reading == ["retry: 2000", "event: absent", "data: {}"]


async def _whole(stream: httpx.Response) -> list[str]:
    return [line async for line in stream.aiter_lines() if line]
