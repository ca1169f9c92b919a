"""GET /v1/users/{u}/events over a real socket: the profile now, and again whenever its version changes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import httpx
from fastapi import FastAPI

from infra.gateway.app import create_app
from infra.gateway.context import MAX_STREAMS, Gateway
from streams.metrics import Metrics
from tests.infra.gateway_fakes import FakeStore, gateway, held, ports, serving, state_of
from tests.patience import AT_ONCE, PATIENCE
from workers.errors import StoreUnavailable

URL = "/v1/users/anna/events"


def application(store: FakeStore, **changes: Any) -> FastAPI:
    """With polls every 10 ms, and heartbeats far away unless given."""
    app = create_app(ports(store=store))
    app.state.gateway = replace(app.state.gateway, **({"poll_seconds": 0.01} | changes))
    return app


async def events(stream: httpx.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """(name, data) of each event; a comment has the name ''."""
    name, data = "", {}
    async for line in stream.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data = json.loads(line.removeprefix("data: "))
        elif line.startswith(": "):
            name = "comment"
        elif not line and name:
            yield name, data
            name, data = "", {}


async def test_the_profile_comes_at_once_and_again_when_its_version_changes() -> None:
    store = FakeStore({"anna": state_of(1, [held("jazz", 0.6)])})
    async with serving(application(store)) as (_, client), client.stream("GET", URL) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        coming = events(stream)
        name, profile = await anext(coming)
        assert (name, profile["user"], profile["version"]) == ("profile", "anna", 1)
        store.users["anna"] = state_of(2, [held("golf", 0.5)])
        name, profile = await anext(coming)
        assert (name, profile["version"], profile["interests"][0]["text"]) == ("profile", 2, "golf")


async def test_a_user_nobody_knows_is_absent_until_they_are_known_and_after_they_are_forgotten() -> None:
    store = FakeStore()
    async with serving(application(store)) as (_, client), client.stream("GET", URL) as stream:
        coming = events(stream)
        assert await anext(coming) == ("absent", {})
        store.users["anna"] = state_of(1, [held("jazz", 0.6)])
        assert (await anext(coming))[0] == "profile"
        del store.users["anna"]
        assert await anext(coming) == ("absent", {})


async def test_nothing_is_said_twice_but_the_line_is_kept_alive() -> None:
    store = FakeStore({"anna": state_of(1)})
    app = application(store, heartbeat_seconds=0.05)
    async with serving(app) as (_, client), client.stream("GET", URL) as stream:
        coming = events(stream)
        names = [(await anext(coming))[0] for _ in range(4)]
    assert names == ["profile", "comment", "comment", "comment"]
    assert store.reads > 4


async def test_a_stream_outlives_an_outage_of_the_store() -> None:
    store, metrics = FakeStore({"anna": state_of(1)}), Metrics()
    app = create_app(ports(store=store, metrics=metrics))
    app.state.gateway = replace(app.state.gateway, poll_seconds=0.01, heartbeat_seconds=0.05)
    async with serving(app) as (_, client), client.stream("GET", URL) as stream:
        coming = events(stream)
        await anext(coming)
        store.failing = StoreUnavailable("gone")
        assert (await anext(coming))[0] == "comment"
        store.failing, store.users["anna"] = None, state_of(2)
        while (event := await anext(coming))[0] == "comment":
            pass
    assert event[1]["version"] == 2
    assert (metrics.registry.get_sample_value("attune_store_errors_total", {"stage": "gateway"}) or 0) >= 1


async def test_without_a_store_a_stream_does_not_begin() -> None:
    async with gateway(store=FakeStore(failing=StoreUnavailable("gone"))) as client:
        assert (await client.get(URL)).status_code == 503


async def test_only_so_many_streams_are_open_and_a_closed_one_makes_room() -> None:
    app = application(FakeStore({"anna": state_of(1)}))
    here: Gateway = app.state.gateway
    with ExitStack() as elsewhere:
        for _ in range(MAX_STREAMS - 1):
            elsewhere.enter_context(here.streams.enter())
        async with serving(app) as (_, client):
            async with client.stream("GET", URL) as stream:
                coming = events(stream)  # kept: a reader that is thrown away closes its line
                await anext(coming)
                refused = await client.get(URL)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert await _first_status(client, 200)


async def test_streams_end_when_the_server_stops() -> None:
    app = application(FakeStore({"anna": state_of(1)}), poll_seconds=60.0)
    async with serving(app) as (server, client), client.stream("GET", URL) as stream:
        coming = events(stream)
        await anext(coming)
        async with asyncio.timeout(AT_ONCE):
            stopping = asyncio.create_task(server.stop())
            assert [event async for event in coming] == []
            await stopping


async def _first_status(client: httpx.AsyncClient, wanted: int) -> bool:
    """Whether a stream comes to be answered so: a closed one is noticed a moment later."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with client.stream("GET", URL) as stream:
                if stream.status_code == wanted:
                    return True
            await asyncio.sleep(0.01)
