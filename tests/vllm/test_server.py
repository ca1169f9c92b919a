"""The proposer against a real vLLM server. Its weights are random: nothing here says anything about quality."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest

from infra.vllm.breaker import BreakerState
from infra.vllm.client import LlmClient
from infra.vllm.errors import LlmError, LlmRefused
from infra.vllm.fallback import FallingBack
from infra.vllm.options import LlmOptions, Priority
from infra.vllm.proposer import VllmProposer, refine_question
from infra.vllm.server import MODEL, VllmServer
from infra.vllm.transport import Transport
from infra.vllm.wire import Question
from schemas.proposal import Outcome, RefineTrigger
from tests.infra.vllm.samples import ask, client_of, groups, hostile
from tests.infra.vllm.test_fallback import Scripted
from tests.vllm.conftest import QUEUED, RUNNING, Meter
from workers.errors import ConfigurationError
from workers.refinement.asks import Answer

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(600)]

USABLE = {"", "unusable"}
"""What a schema-valid answer of random words may come to: used, or no text that a person should see."""


def long_question(entries: int = 200, user: str = "{}") -> Question:
    """One that keeps the server busy for seconds."""
    word = {"type": "string", "minLength": 60, "maxLength": 80}
    schema = {"type": "array", "items": word, "minItems": entries, "maxItems": entries}
    return Question("Write.", user, "words", schema, 7_000, 1.0, 1)


async def propose_all(proposer: VllmProposer, count: int, **changed: Any) -> list[Answer]:
    return await asyncio.gather(*(proposer.propose(ask(seed=seed, **changed)) for seed in range(count)))


async def seconds(call: Awaitable[Any]) -> float:
    started = time.monotonic()
    await call
    return time.monotonic() - started


def details(answers: list[Answer]) -> Counter[str]:
    return Counter(answer.detail for answer in answers)


# --- what is asked and answered


async def test_every_answer_keeps_to_its_schema_at_concurrency_8(server: VllmServer, figures: list[str]) -> None:
    async with client_of(server.url, at_once=8, most_waiting=1_000, deadline=240.0) as client:
        await client.check()
        started = time.monotonic()
        answers = await propose_all(VllmProposer(client), 500)
        took = time.monotonic() - started
    outcomes, unusable = Counter(answer.outcome.value for answer in answers), details(answers)["unusable"]
    figures.append(
        f"500 asks at concurrency 8: {500 / took:.0f} answers a second, {dict(outcomes)}; "
        f"{unusable} with no text that a person should see, none invalid"
    )
    assert set(details(answers)) <= USABLE  # none invalid, none cut off
    assert all(answer.cost.calls == 1 and answer.cost.completion_tokens > 0 for answer in answers)
    assert outcomes.keys() >= {Outcome.OK, Outcome.EMPTY}


async def test_groups_are_described(client: LlmClient) -> None:
    described = await asyncio.gather(*(VllmProposer(client).describe(groups(count)) for count in range(1, 13)))
    assert all(one.outcome in {Outcome.OK, Outcome.EMPTY} for one in described)
    assert [len(one.texts) for one in described if one.texts] == [
        count for count, one in enumerate(described, 1) if one.texts
    ]


async def test_the_same_ask_has_the_same_answer_alone_or_among_others(client: LlmClient) -> None:
    proposer = VllmProposer(client)
    alone = await proposer.propose(ask(seed=5))
    among = await propose_all(proposer, 16)
    assert among[5].edits == alone.edits
    assert len({answer.edits for answer in among}) > 8


async def test_what_it_costs_is_what_the_server_counted_and_within_the_reserve(client: LlmClient) -> None:
    proposer = VllmProposer(client)
    answer, most = await proposer.propose(ask()), proposer.most(ask())
    assert 0 < answer.cost.prompt_tokens <= most.prompt_tokens // 2
    assert 0 < answer.cost.completion_tokens <= most.completion_tokens // 2


async def test_titles_that_command_change_nothing_about_the_form(client: LlmClient) -> None:
    proposer = VllmProposer(client)
    answers = await asyncio.gather(*(proposer.propose(hostile()) for _ in range(8)))
    assert set(details(answers)) <= USABLE


# --- garbage


async def test_a_prompt_that_is_too_long_is_refused_once(client: LlmClient) -> None:
    with pytest.raises(LlmRefused) as raised:
        await client.ask(long_question(user="\x00\ufffd🎷 " * 9_000), json.loads, 0)
    assert raised.value.cost.calls == 0
    assert client.breaker is BreakerState.CLOSED


async def test_a_schema_that_is_none_is_refused(client: LlmClient) -> None:
    question = Question("Write.", "{}", "words", {"type": "nonsense"}, 10, 0.0, 0)
    with pytest.raises(LlmRefused):
        await client.ask(question, json.loads, 0)


async def test_bytes_that_mean_nothing_are_answered_all_the_same(client: LlmClient) -> None:
    question = Question("\x00\x1b", "\ufffd\u202e<|im_end|>🎷" * 50, "word", {"enum": ["jazz"]}, 50, 0.0, 0)
    assert (await client.ask(question, json.loads, 0)).value == "jazz"


async def test_an_answer_longer_than_its_tokens_is_cut_off_and_paid_for(client: LlmClient) -> None:
    question = Question("Write.", "{}", "words", long_question().schema, 40, 1.0, 1)
    with pytest.raises(LlmError) as raised:
        await client.ask(question, json.loads, 0)
    assert (raised.value.detail, raised.value.cost.completion_tokens) == ("cut_off", 40)


async def test_another_model_is_named_at_the_start(server: VllmServer) -> None:
    async with client_of(server.url, model="none-such") as other:
        with pytest.raises(ConfigurationError, match=f"not serve none-such, but {MODEL}"):
            await other.check()


# --- many at once


async def test_no_more_requests_are_at_the_server_than_the_client_may_send(server: VllmServer, meter: Meter) -> None:
    seen: list[int] = []
    async with client_of(server.url, at_once=3, deadline=120.0) as client, httpx.AsyncClient() as http:
        await client.check()
        work = asyncio.create_task(propose_all(VllmProposer(client), 40))
        while not work.done():
            seen.append(await meter.held(http))
            await asyncio.sleep(0.01)
    assert max(seen) == 3
    assert set(details(work.result())) <= USABLE


async def test_a_full_server_turns_requests_away_and_retries_get_them_through(
    server: VllmServer, figures: list[str]
) -> None:
    count = 2 * (RUNNING + QUEUED)
    options = LlmOptions(server.url, at_once=count, deadline=120.0)
    transport, client = Transport(options), LlmClient(options)
    await client.check()
    question = refine_question(ask(max_edits=12))
    bare = await asyncio.gather(*(transport.ask(question, MODEL, 0) for _ in range(count)), return_exceptions=True)
    refused = Counter(error.detail for error in bare if isinstance(error, LlmError))
    answers = await propose_all(VllmProposer(client), count, max_edits=12)
    helped = sum(answer.detail in USABLE for answer in answers)
    figures.append(f"{count} at once: {refused['overloaded']} turned away without retries, {count - helped} with")
    await asyncio.gather(transport.close(), client.close())
    assert set(refused) == {"overloaded"}
    assert set(details(answers)) <= USABLE | {"overloaded"}
    assert count - helped < refused["overloaded"]


async def test_what_somebody_waits_for_overtakes_what_waits_at_the_server(server: VllmServer) -> None:
    order: list[str] = []

    async def put(client: LlmClient, name: str, priority: Priority) -> None:
        await client.ask(long_question(entries=10), json.loads, priority)
        order.append(name)

    async with client_of(server.url, at_once=40, deadline=120.0) as client:
        await client.check()
        many = [asyncio.create_task(put(client, "age", Priority.AGE)) for _ in range(QUEUED - 4)]
        await asyncio.sleep(0.2)
        await asyncio.gather(put(client, "demand", Priority.DEMAND), *many)
    assert order.index("demand") < len(order) // 2


# --- a server that is slow, dies, or stops


async def test_a_slow_server_is_failed_at_the_deadline_and_used_again_when_it_is_back(server: VllmServer) -> None:
    async with client_of(server.url, deadline=1.5) as client:
        await client.check()
        proposer = VllmProposer(client)
        server.pause()
        try:
            took = await seconds(slow := asyncio.create_task(proposer.propose(ask())))
        finally:
            server.resume()
        assert (slow.result().outcome, slow.result().detail) == (Outcome.FAILED, "slow")
        assert 1.3 < took < 3
        assert (await proposer.propose(ask())).detail in USABLE


async def test_a_cancelled_job_frees_the_server(client: LlmClient, meter: Meter, figures: list[str]) -> None:
    async with httpx.AsyncClient() as http:
        job = asyncio.create_task(client.ask(long_question(), json.loads, 0))
        while not await meter.held(http):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert await meter.held(http) == 1
        started = time.monotonic()
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        while await meter.held(http):
            await asyncio.sleep(0.01)
        took = time.monotonic() - started
    figures.append(f"cancelled in the middle: the server is free after {took:.2f} s")
    assert took < 2
    assert client.running == 0


@pytest.mark.parametrize("end", ["SIGKILL", "SIGTERM"])
async def test_a_server_that_ends_in_the_middle_is_failed_covered_and_used_again(
    server: VllmServer, end: str, figures: list[str]
) -> None:
    reasons: list[str] = []
    async with client_of(server.url, deadline=20.0, first_pause=0.25, longest_pause=2.0) as client:
        await client.check()
        proposer = VllmProposer(client).serving(RefineTrigger.COUNT)
        both = FallingBack(proposer, Scripted("phrases", Outcome.EMPTY), reasons.append)
        work = [asyncio.create_task(both.propose(ask(seed=seed, max_edits=12))) for seed in range(64)]
        await asyncio.sleep(0.4)
        stopping = asyncio.create_task(asyncio.to_thread(server.kill if end == "SIGKILL" else server.stop))
        took = await seconds(asyncio.gather(*work))
        await stopping
        served = Counter(task.result().proposer for task in work)
        figures.append(f"{end} under 64 asks: all ended {took:.1f} s later, {dict(served)}, {dict(Counter(reasons))}")
        assert served["phrases"] > 0
        assert took < 25
        assert reasons.count("breaker_open") > 0

        await asyncio.to_thread(server.begin)
        deadline = time.monotonic() + 90
        while (await both.propose(ask())).proposer != "vllm" and time.monotonic() < deadline:
            await asyncio.sleep(0.5)
        assert client.breaker is BreakerState.CLOSED
