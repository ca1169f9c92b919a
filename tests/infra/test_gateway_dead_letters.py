"""`GET /v1/dead-letters`: the newest first, each once, and no content unless it is asked for."""

import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from infra.gateway.dead_letters import create_router
from schemas.dead_letter import DeadLetter, Reason

TIME = datetime(2026, 1, 2, tzinfo=UTC)


def letter(offset: int, minutes: int = 0, key: bytes | None = b"ada", value: bytes | None = b"\xff{") -> DeadLetter:
    def encoded(content: bytes | None) -> bytes | None:
        return None if content is None else base64.b64encode(content)

    return DeadLetter(
        topic="attune.interactions",
        partition=0,
        offset=offset,
        key=encoded(key),
        value=encoded(value),
        reason=Reason.INVALID,
        detail="is no interaction",
        stage="agents",
        first_time=TIME,
        last_time=TIME + timedelta(minutes=minutes),
    )


def reading(*letters: DeadLetter) -> tuple[Callable[[int], Awaitable[list[DeadLetter]]], list[int]]:
    """A log that holds these, and the limits it is asked with."""
    asked: list[int] = []

    async def read(limit: int) -> list[DeadLetter]:
        asked.append(limit)
        return list(letters)

    return read, asked


async def get(read: Callable[[int], Awaitable[list[DeadLetter]]], **query: Any) -> httpx.Response:
    app = FastAPI()
    app.include_router(create_router(read))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        return await client.get("/v1/dead-letters", params=query)


async def test_says_when_where_from_and_why() -> None:
    read, asked = reading(letter(7))
    answer = await get(read)
    assert answer.json() == {
        "dead_letters": [
            {
                "topic": "attune.interactions",
                "partition": 0,
                "offset": 7,
                "stage": "agents",
                "reason": "invalid",
                "detail": "is no interaction",
                "first_time": "2026-01-02T00:00:00Z",
                "last_time": "2026-01-02T00:00:00Z",
            }
        ]
    }
    assert asked == [20]


async def test_the_newest_first_and_no_more_than_asked_for() -> None:
    read, asked = reading(letter(1, minutes=1), letter(3, minutes=3), letter(2, minutes=2))
    answer = await get(read, limit=2)
    assert [one["offset"] for one in answer.json()["dead_letters"]] == [3, 2]
    assert asked == [2]


async def test_a_letter_written_twice_is_one() -> None:
    read, _ = reading(letter(1, minutes=1), letter(1, minutes=5))
    (one,) = (await get(read)).json()["dead_letters"]
    assert one["last_time"] == "2026-01-02T00:05:00Z"


async def test_the_content_when_it_is_asked_for() -> None:
    read, _ = reading(letter(1), letter(2, key=None, value=None))
    with_content, without = (await get(read, content="true")).json()["dead_letters"]
    assert base64.b64decode(with_content["key"]) == b"ada"
    assert base64.b64decode(with_content["value"]) == b"\xff{"
    assert {"key", "value"} & without.keys() == set()


@pytest.mark.parametrize("limit", ["0", "201", "many"])
async def test_a_limit_out_of_range_is_refused(limit: str) -> None:
    read, asked = reading()
    assert (await get(read, limit=limit)).status_code == 422
    assert asked == []
