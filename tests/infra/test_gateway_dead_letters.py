"""`/v1/dead-letters`: shown without content unless it is asked for, sent again, given up."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.gateway.app import create_app
from infra.gateway.dead_letters import MAX_LETTERS, create_router
from schemas.dead_letter import Reason
from streams.topics import CATALOG, DEAD_LETTERS, INTERACTIONS
from tests.infra.gateway_fakes import ports, speak_to
from tests.streams.letter_desk import Desk, a_desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path) as opened:
        yield opened


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(ports())
    app.include_router(create_router(desk.book()))
    async with speak_to(app) as opened:
        yield opened


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/v1/dead-letters", params=query)
    assert answer.status_code == 200, answer.text
    letters: list[dict[str, Any]] = answer.json()["dead_letters"]
    return letters


async def post(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"/v1/dead-letters/{path}", json=body)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


class TestShown:
    async def test_when_where_from_and_why(self, desk: Desk, client: httpx.AsyncClient) -> None:
        await desk.set_aside(7, Reason.INVALID)
        assert await listed(client) == [
            {
                "id": "attune.interactions/0/7",
                "topic": "attune.interactions",
                "partition": 0,
                "offset": 7,
                "stage": "agents",
                "reason": "invalid",
                "detail": "why",
                "first_time": "2026-09-21T14:13:20Z",
                "last_time": "2026-09-21T14:13:20Z",
            }
        ]

    async def test_the_newest_first_and_no_more_than_asked_for(self, desk: Desk, client: httpx.AsyncClient) -> None:
        for offset in (1, 2, 3):
            await desk.set_aside(offset)
        assert [one["offset"] for one in await listed(client, limit=2)] == [3, 2]

    async def test_the_content_when_it_is_asked_for(self, desk: Desk, client: httpx.AsyncClient) -> None:
        await desk.set_aside(1)
        await desk.set_aside(2, value=None)
        without, with_content = await listed(client, content=True)
        assert base64.b64decode(with_content["key"]) == b"ada"
        assert base64.b64decode(with_content["value"]) == b"\xff{"
        assert "value" not in without

    async def test_those_named_settled_or_not(self, desk: Desk, client: httpx.AsyncClient) -> None:
        one, other = await desk.set_aside(1), await desk.set_aside(2)
        await desk.set_aside(3)
        await post(client, "drop", ids=[one])
        found = await listed(client, id=[one, other, "attune.commands/0/9"])
        assert [(letter["offset"], letter.get("settled")) for letter in found] == [(1, "dropped"), (2, None)]

    async def test_only_open_ones_of_one_reason(self, desk: Desk, client: httpx.AsyncClient) -> None:
        one = await desk.set_aside(1)
        await desk.set_aside(2)
        await desk.set_aside(3, Reason.FAILED)
        await post(client, "drop", ids=[one])
        assert [letter["offset"] for letter in await listed(client, reason="unknown_item")] == [2]
        assert [letter["offset"] for letter in await listed(client, reason="unknown_item", settled=True)] == [1, 2]

    @pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "201"}, {"limit": "many"}, {"reason": "mood"}])
    async def test_what_is_out_of_range_is_refused(self, client: httpx.AsyncClient, query: dict[str, str]) -> None:
        answer = await client.get("/v1/dead-letters", params=query)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


class TestReplayed:
    async def test_by_name_and_a_second_time_it_is_skipped(self, desk: Desk, client: httpx.AsyncClient) -> None:
        one = await desk.set_aside(7)
        assert await post(client, "replay", ids=[one]) == {"results": [{"id": one, "outcome": "replayed"}]}
        (again,) = (await post(client, "replay", ids=[one]))["results"]
        assert (again["outcome"], again["note"]) == ("skipped", "it was replayed already")
        assert len(await desk.of(INTERACTIONS)) == 1
        await post(client, "replay", ids=[one], again=True)
        assert len(await desk.of(INTERACTIONS)) == 2

    async def test_all_in_the_order_in_which_they_came(self, desk: Desk, client: httpx.AsyncClient) -> None:
        for offset in range(4):
            await desk.set_aside(offset, value=b"%d" % offset)
        await desk.set_aside(9, topic=CATALOG)
        answer = await post(client, "replay", all=True)
        assert {one["outcome"] for one in answer["results"]} == {"replayed"}
        assert "left" not in answer
        assert [record.value for record in await desk.of(INTERACTIONS)] == [b"0", b"1", b"2", b"3"]

    async def test_all_of_one_reason(self, desk: Desk, client: httpx.AsyncClient) -> None:
        await desk.set_aside(1)
        await desk.set_aside(2, Reason.FAILED)
        await post(client, "replay", all=True, reason="failed")
        assert [letter["offset"] for letter in await listed(client)] == [1]

    async def test_more_than_go_at_once_are_said_to_be_left(self, desk: Desk, client: httpx.AsyncClient) -> None:
        for offset in range(MAX_LETTERS + 3):
            await desk.set_aside(offset)
        assert (await post(client, "replay", all=True))["left"] == 3
        assert len((await post(client, "replay", all=True))["results"]) == 3
        assert len(await desk.of(INTERACTIONS)) == MAX_LETTERS + 3

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"ids": [], "all": False},
            {"ids": ["attune.interactions/0/1"], "all": True},
            {"ids": "attune.interactions/0/1"},
            {"ids": ["x" * 301]},
            {"ids": [f"attune.interactions/0/{n}" for n in range(MAX_LETTERS + 1)]},
            {"all": True, "reason": "mood"},
        ],
    )
    async def test_a_body_that_asks_for_nothing_clear_is_refused(
        self, client: httpx.AsyncClient, body: dict[str, Any]
    ) -> None:
        answer = await client.post("/v1/dead-letters/replay", json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")

    async def test_a_broker_that_is_away_is_a_503_and_nothing_is_lost(
        self, desk: Desk, client: httpx.AsyncClient
    ) -> None:
        one = await desk.set_aside(7)
        desk.dies_before = DEAD_LETTERS
        answer = await client.post("/v1/dead-letters/replay", json={"ids": [one]})
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert len(await listed(client)) == 1


class TestDropped:
    async def test_it_is_not_listed_any_more(self, desk: Desk, client: httpx.AsyncClient) -> None:
        one = await desk.set_aside(7)
        assert await post(client, "drop", ids=[one]) == {"results": [{"id": one, "outcome": "dropped"}]}
        assert await listed(client) == []
        assert [letter["settled"] for letter in await listed(client, settled=True)] == ["dropped"]

    async def test_nothing_named_is_refused(self, client: httpx.AsyncClient) -> None:
        assert (await client.post("/v1/dead-letters/drop", json={"ids": []})).status_code == 422


async def test_the_description_refers_to_nothing_that_is_not_there(client: httpx.AsyncClient) -> None:
    text = (await client.get("/openapi.json")).text
    description = (await client.get("/openapi.json")).json()
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= description["components"]["schemas"].keys()
    assert "/v1/dead-letters/replay" in description["paths"]
