"""When a question ends, who goes first, and when nobody asks at all."""

import asyncio
import time
from typing import Any

import pytest

from infra.vllm.breaker import FAILURES, BreakerState
from infra.vllm.errors import LlmError, LlmRefused, LlmUnavailable
from infra.vllm.options import LlmOptions, Priority
from tests.infra.vllm.double import Step, after, answers, oblige, raw, serving, status
from tests.infra.vllm.samples import client_of
from tests.infra.vllm.test_client import GOOD, LOST, error_of, put
from tests.patience import AT_ONCE, LONG
from workers.errors import ConfigurationError
from workers.refinement.asks import FREE


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.002)


# --- deadline, cancelling, concurrency


async def test_one_deadline_covers_all_tries() -> None:
    started = time.monotonic()
    error, asked = await error_of(status(500), after(LONG, GOOD), deadline=2.0)
    assert (error.detail, asked) == ("slow", 2)
    assert error.cost.calls == 2
    assert 1.9 < time.monotonic() - started < AT_ONCE


async def test_the_deadline_covers_the_wait_for_a_turn_and_that_is_no_fault_of_the_servers() -> None:
    async with serving(after(LONG, GOOD)) as double, client_of(double.url, at_once=1, deadline=3.0) as client:
        await client.check()
        first = asyncio.create_task(put(client))  # holds the turn until 3 s
        await asyncio.sleep(1.0)
        patient = [asyncio.create_task(put(client, Priority.AGE)) for _ in range(FAILURES)]  # wait until 4 s
        await asyncio.sleep(1.0)
        urgent = asyncio.create_task(put(client, Priority.DEMAND))  # holds it from 3 s to 5 s
        errors = await asyncio.gather(first, urgent, *patient, return_exceptions=True)
        assert [error.detail for error in errors if isinstance(error, LlmError)] == ["slow"] * 2 + ["busy"] * FAILURES
        assert client.breaker is BreakerState.CLOSED


async def test_a_full_queue_is_busy_and_costs_nothing() -> None:
    async with serving(after(LONG, GOOD)) as double, client_of(double.url, at_once=1, most_waiting=0) as client:
        holder = asyncio.create_task(put(client))
        await until(lambda: double.at_once)
        with pytest.raises(LlmUnavailable, match="try later") as raised:
            await put(client)
        assert (raised.value.detail, raised.value.cost) == ("busy", FREE)
        assert client.breaker is BreakerState.CLOSED
        holder.cancel()
        await asyncio.gather(holder, return_exceptions=True)


async def test_cancelling_closes_the_connection_and_gives_the_turn_back() -> None:
    async with serving(after(LONG, GOOD), GOOD) as double, client_of(double.url, at_once=1) as client:
        task = asyncio.create_task(put(client))
        await until(lambda: double.at_once)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: double.left)
        assert double.at_once == 0
        assert (await put(client)).value == {"n": 1}


async def test_no_more_than_so_many_are_in_flight() -> None:
    async with serving(after(0.02, GOOD)) as double, client_of(double.url, at_once=3) as client:
        await client.check()
        await asyncio.gather(*(put(client) for _ in range(12)))
        assert double.most_at_once == 3
        assert (client.running, client.waiting) == (0, 0)


async def test_the_most_urgent_goes_first() -> None:
    async with serving(after(0.02, GOOD)) as double, client_of(double.url, at_once=1) as client:
        await client.check()
        order = [Priority.AGE, Priority.AGE, Priority.COUNT, Priority.DRIFT, Priority.DEMAND]
        await asyncio.gather(*(put(client, priority) for priority in order))
    assert [body["priority"] for body in double.questions] == [4, 0, 1, 3, 4]


# --- the breaker and the probe


async def test_the_first_question_probes_first() -> None:
    async with serving(GOOD) as double, client_of(double.url) as client:
        assert client.breaker is BreakerState.OPEN
        await put(client)
        await put(client)
        assert (double.probes, client.breaker) == (1, BreakerState.CLOSED)


async def test_failures_in_a_row_open_the_breaker_and_then_nobody_asks() -> None:
    async with serving(status(404)) as double, client_of(double.url) as client:
        for _ in range(FAILURES):
            with pytest.raises(LlmUnavailable, match="404"):
                await put(client)
        assert client.breaker is BreakerState.OPEN
        with pytest.raises(LlmUnavailable, match="left alone") as raised:
            await put(client)
    assert (raised.value.detail, raised.value.cost) == ("breaker_open", FREE)
    assert len(double.questions) == FAILURES


@pytest.mark.parametrize("step", [answers("{", finish="length"), raw(b"?"), status(500)])
async def test_useless_answers_open_it_too(step: Step) -> None:
    async with serving(step) as double, client_of(double.url) as client:
        for _ in range(FAILURES):
            with pytest.raises(LlmError):
                await put(client)
        assert client.breaker is BreakerState.OPEN


async def test_answers_that_never_come_open_it_too() -> None:
    async with serving(after(LONG, GOOD)) as double, client_of(double.url, at_once=FAILURES, deadline=2.0) as client:
        await client.check()
        await asyncio.gather(*(put(client) for _ in range(FAILURES)), return_exceptions=True)
        assert client.breaker is BreakerState.OPEN


async def test_failures_with_a_good_answer_between_them_do_not() -> None:
    bad = [status(404)] * (FAILURES - 1)
    async with serving(*bad, GOOD, *bad) as double, client_of(double.url) as client:
        for _ in range(2 * FAILURES - 1):
            await asyncio.gather(put(client), return_exceptions=True)
        assert len(double.questions) == 2 * FAILURES - 1
        assert client.breaker is BreakerState.CLOSED


async def test_refused_questions_say_nothing_about_the_server() -> None:
    async with serving(status(400)) as double, client_of(double.url) as client:
        for _ in range(2 * FAILURES):
            with pytest.raises(LlmRefused):
                await put(client)
        assert client.breaker is BreakerState.CLOSED


async def test_a_server_that_drains_looks_healthy_and_fails() -> None:
    async with serving(GOOD) as double, client_of(double.url) as client:
        await put(client)
        double.draining = True
        with pytest.raises(LlmUnavailable) as raised:
            await put(client)
        assert raised.value.detail == "lost"


async def test_a_server_that_dies_and_comes_back_is_used_again_after_a_good_probe() -> None:
    now = [0.0]
    async with serving(GOOD) as double, client_of(double.url, clock=lambda: now[0]) as client:
        await put(client)
        await double.die()
        for _ in range(FAILURES):
            with pytest.raises(LlmUnavailable, match="no LLM server answers"):
                await put(client)
        now[0] += 60
        with pytest.raises(LlmUnavailable):  # the probe finds it gone still
            await put(client)
        await double.begin()
        with pytest.raises(LlmUnavailable, match="left alone"):  # and the next is not due
            await put(client)
        now[0] += 60
        assert (await put(client)).value == {"n": 1}
        assert (double.probes, client.breaker) == (2, BreakerState.CLOSED)


async def test_a_probe_that_is_cancelled_leaves_the_next_one_free() -> None:
    async with serving(GOOD, probed=after(LONG, oblige)) as double, client_of(double.url) as client:
        task = asyncio.create_task(put(client))
        await until(lambda: double.probes)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        double.probed = oblige
        assert (await put(client)).value == {"n": 1}


async def test_a_question_that_pauses_while_the_breaker_opens_is_not_tried_again_and_keeps_its_cost() -> None:
    paused = asyncio.Event()
    go_on = asyncio.Event()

    async def sleep(_: float) -> None:
        paused.set()
        await go_on.wait()

    async with serving(status(500), status(404)) as double, client_of(double.url, sleep=sleep) as client:
        pausing = asyncio.create_task(put(client))
        await paused.wait()
        for _ in range(FAILURES):
            with pytest.raises(LlmUnavailable):
                await put(client)
        go_on.set()
        with pytest.raises(LlmUnavailable, match="left alone") as raised:
            await pausing
    assert (raised.value.detail, raised.value.cost) == ("breaker_open", LOST)
    assert len(double.questions) == 1 + FAILURES


@pytest.mark.parametrize("url", ["vllm:8000/v1", "", "ftp://x/v1"])
def test_an_address_that_is_none_is_refused_with_the_cure(url: str) -> None:
    with pytest.raises(ConfigurationError, match="http://host:port/v1"):
        LlmOptions(url)


def test_the_key_is_never_shown() -> None:
    assert "hush" not in repr(LlmOptions("http://h/v1", api_key="hush"))


async def test_no_error_carries_what_was_asked_or_the_servers_own_words() -> None:
    for step in (status(400), status(404), status(500), status(503), raw(b"Be brief."), answers("Be brief.", "length")):
        error, _ = await error_of(step)
        assert "brief" not in str(error)
        assert "own words" not in str(error)
