"""One question to a server that does what it likes: what is tried again, what it costs, when it ends."""

import json
import time
from typing import Any

import pytest

from infra.vllm.client import Asked, LlmClient
from infra.vllm.effort import MOST_CALLS, MOST_TRIES, most
from infra.vllm.errors import LlmError, LlmInvalid, LlmRefused, LlmUnavailable
from infra.vllm.options import Priority
from infra.vllm.wire import MAX_REPLY_BYTES
from schemas.proposal import Cost
from tests.infra.vllm.double import (
    MODEL,
    Step,
    answers,
    hang_up,
    raw,
    reset,
    serving,
    status,
)
from tests.infra.vllm.samples import QUESTION, client_of
from tests.patience import AT_ONCE
from workers.errors import Unavailable
from workers.refinement.asks import FREE

GOOD = answers({"n": 1})
ONE = Cost(calls=1, prompt_tokens=100, completion_tokens=20)
LOST = Cost(calls=1, prompt_tokens=QUESTION.prompt_tokens())


async def put(client: LlmClient, priority: int = Priority.COUNT) -> Asked[Any]:
    return await client.ask(QUESTION, json.loads, priority)


async def error_of(*steps: Step, **options: Any) -> tuple[LlmError, int]:
    """What a question to a server of these steps fails with, and how often it was asked."""
    async with serving(*steps) as double, client_of(double.url, **options) as client:
        with pytest.raises(LlmError) as raised:
            await put(client)
        return raised.value, len(double.questions)


# --- what is asked


async def test_the_request_is_a_strict_schema_with_a_seed_a_limit_and_a_priority() -> None:
    async with serving(GOOD) as double, client_of(double.url, api_key="secret") as client:
        await put(client, Priority.DRIFT)
    (body,) = double.questions
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "numbers", "strict": True, "schema": QUESTION.schema},
    }
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    expected = {"model": MODEL, "temperature": 0.0, "seed": 7, "max_tokens": 50, "priority": 1}
    assert body.items() >= expected.items()
    assert double.authorization == "Bearer secret"


async def test_the_answer_comes_with_what_the_server_says_it_cost() -> None:
    async with serving(GOOD) as double, client_of(double.url) as client:
        assert await put(client) == Asked({"n": 1}, ONE)


async def test_without_figures_an_answer_counts_as_the_most_it_can_have_cost() -> None:
    choice = {"message": {"content": "1"}, "finish_reason": "stop"}
    async with serving(raw(json.dumps({"choices": [choice]}).encode())) as double, client_of(double.url) as client:
        assert (await put(client)).cost == QUESTION.most()


# --- what is tried again


@pytest.mark.parametrize(
    ("first", "cost"),
    [
        (status(503), FREE),
        (status(429, "Retry-After: 0"), FREE),
        (status(500), LOST),
        (hang_up, LOST),
        (reset, LOST),
        (answers("{", finish="abort"), ONE),
    ],
    ids=["overloaded", "too many", "failing", "keep-alive race", "reset in the middle", "aborted"],
)
async def test_what_may_pass_is_tried_again_and_what_was_lost_is_counted(first: Step, cost: Cost) -> None:
    async with serving(first, GOOD) as double, client_of(double.url) as client:
        asked = await put(client)
    assert asked.value == {"n": 1}
    assert asked.cost.calls == cost.calls + 1
    assert asked.cost.prompt_tokens == cost.prompt_tokens + 100
    assert len(double.questions) == 2


@pytest.mark.parametrize(
    ("step", "kind", "detail", "cost"),
    [
        (status(400), LlmRefused, "refused", FREE),
        (status(404), LlmUnavailable, "misconfigured", FREE),
        (status(401), LlmUnavailable, "misconfigured", FREE),
        (raw(b"\xff\x00<html>"), LlmInvalid, "garbage", QUESTION.most()),
        (raw(b'{"choices": []}'), LlmInvalid, "garbage", QUESTION.most()),
        (raw(b" " * (MAX_REPLY_BYTES + 1)), LlmInvalid, "garbage", LOST),
        (answers('{"n": ', finish="length"), LlmInvalid, "cut_off", ONE),
        (answers("{}", finish=None), LlmInvalid, "cut_off", ONE),
        (answers("{}", finish="content_filter"), LlmInvalid, "cut_off", ONE),
    ],
)
async def test_what_would_be_the_same_again_is_not_tried_again(
    step: Step, kind: type[LlmError], detail: str, cost: Cost
) -> None:
    error, asked = await error_of(step)
    assert (type(error), error.detail, error.cost, asked) == (kind, detail, cost, 1)


async def test_an_answer_that_does_not_validate_is_not_tried_again_and_was_paid_for() -> None:
    def refuse(text: str) -> None:
        raise LlmInvalid("invalid", "not what was asked")

    async with serving(GOOD) as double, client_of(double.url) as client:
        with pytest.raises(LlmInvalid) as raised:
            await client.ask(QUESTION, refuse, 0)
    assert (raised.value.cost, len(double.questions)) == (ONE, 1)


async def test_tries_that_cost_nothing_end_after_five() -> None:
    error, asked = await error_of(status(503))
    assert (error.detail, error.cost, asked) == ("overloaded", FREE, MOST_TRIES)
    assert isinstance(error, Unavailable)


async def test_tries_that_may_cost_something_end_after_two_so_that_the_reserve_is_enough() -> None:
    error, asked = await error_of(answers("{", finish="abort", prompt=QUESTION.prompt_tokens(), completion=50))
    assert (error.detail, asked) == ("aborted", MOST_CALLS)
    assert error.cost == most(QUESTION)


async def test_pauses_double_and_are_shortened_at_random() -> None:
    pauses: list[float] = []
    drawn: list[tuple[float, float]] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    await error_of(status(503), first_pause=1.0, longest_pause=3.0, sleep=sleep, uniform=uniform)
    assert drawn[:4] == [(0.5, 1.0), (1.0, 2.0), (1.5, 3.0), (1.5, 3.0)]
    assert pauses == [0.5, 1.0, 1.5, 1.5]


async def test_a_longer_pause_that_the_server_asks_for_is_kept() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async with serving(status(503, "Retry-After: 2"), GOOD) as double, client_of(double.url, sleep=sleep) as client:
        await put(client)
    assert pauses == [2.0]


async def test_a_pause_that_the_deadline_would_cut_is_not_begun() -> None:
    started = time.monotonic()
    error, _ = await error_of(status(503, "Retry-After: 60"))
    assert error.detail == "overloaded"
    assert time.monotonic() - started < AT_ONCE
