"""The service that a benchmark starts with each role in a process of its own, on a Kafka and a Redis of its own."""

import asyncio
from typing import get_args

import httpx
import pytest

from benchmarks.over_http import refuse_letters, serving_apart
from benchmarks.servers import start_servers
from infra.cli.roles import Role
from tests.patience import PATIENCE

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


def test_every_role_is_asked_for_its_dead_letters() -> None:
    with start_servers(fast=True) as servers:
        asyncio.run(servers.prepare())
        there = {"ATTUNE_BROKER": servers.kafka.url, "ATTUNE_STORE": servers.redis.url, "ATTUNE_SECRET": "of a test"}
        with serving_apart(servers.folder / "service", there) as service:
            assert len(set(service.metrics)) == 1 + len(get_args(Role))
            asyncio.run(_asked(service.url, service.metrics))


async def _asked(url: str, metrics: tuple[str, ...]) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        await refuse_letters(client, metrics)
        for place in metrics:
            (await client.get(place)).raise_for_status()
