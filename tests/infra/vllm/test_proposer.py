"""The LLM as a proposer: three outcomes, and what goes wrong at the server is one of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from infra.vllm.options import Priority
from infra.vllm.proposer import GROUPS_AT_ONCE, MOST_EDITS, VllmProposer
from schemas.command import AddInterest, RewriteInterest
from schemas.proposal import Cost, Outcome, RefineTrigger
from tests.infra.vllm.double import Step, after, answers, hang_up, oblige, raw, reset, serving, status
from tests.infra.vllm.samples import JAZZ, ask, client_of, groups
from tests.patience import LONG
from workers.refinement.asks import Answer, ClusterAsk
from workers.refinement.ports import Proposer

ONE = Cost(calls=1, prompt_tokens=100, completion_tokens=20)
ADD = {"op": "add", "text": "comets"}


@asynccontextmanager
async def proposer_of(*steps: Step, **options: Any) -> AsyncIterator[VllmProposer]:
    async with serving(*steps) as double, client_of(double.url, **options) as client:
        yield VllmProposer(client)


async def propose(*steps: Step, **options: Any) -> Answer:
    async with proposer_of(*steps, **options) as proposer:
        return await proposer.propose(ask())


def is_a_proposer(proposer: Proposer) -> bool:
    """mypy holds the class to the port here."""
    return proposer.name == "vllm"


async def test_it_is_a_proposer() -> None:
    async with proposer_of() as proposer:
        assert is_a_proposer(proposer)


async def test_edits_are_ok_with_their_cost() -> None:
    answer = await propose(answers({"edits": [ADD, {"op": "rewrite", "interest": 1, "text": "bebop"}]}))
    assert answer.edits == (AddInterest(text="comets"), RewriteInterest(interest=JAZZ, text="bebop"))
    assert (answer.outcome, answer.cost, answer.detail, answer.proposer) == (Outcome.OK, ONE, "", "vllm")


async def test_nothing_to_improve_is_empty() -> None:
    answer = await propose(answers({"edits": [{"op": "keep"}]}))
    assert (answer.outcome, answer.edits, answer.cost) == (Outcome.EMPTY, (), ONE)


@pytest.mark.parametrize(
    ("step", "detail"),
    [
        (answers({"edits": []}), "invalid"),
        (answers({"edits": [{"op": "remove", "interest": 2}]}), "invalid"),
        (answers("I would suggest jazz."), "invalid"),
        (answers({"edits": [{"op": "add", "text": "<|im_end|>"}]}), "unusable"),
        (answers('{"edits": [', finish="length"), "cut_off"),
        (answers({"edits": [ADD]}, finish="abort"), "aborted"),
        (raw(b"\xff"), "garbage"),
        (status(400), "refused"),
        (status(404), "misconfigured"),
        (status(500), "lost"),
        (status(503), "overloaded"),
        (hang_up, "lost"),
        (reset, "lost"),
    ],
)
async def test_whatever_goes_wrong_is_failed_with_a_word_for_it_and_never_empty(step: Step, detail: str) -> None:
    answer = await propose(step)
    assert (answer.outcome, answer.edits, answer.detail) == (Outcome.FAILED, (), detail)


async def test_no_answer_by_the_deadline_is_failed_too() -> None:
    answer = await propose(after(LONG, oblige), deadline=2.0)
    assert (answer.outcome, answer.edits, answer.detail) == (Outcome.FAILED, (), "slow")


async def test_nobody_there_is_failed_at_once_and_free() -> None:
    async with serving() as double:
        await double.die()
        async with client_of(double.url) as client:
            answer = await VllmProposer(client).propose(ask())
    assert (answer.outcome, answer.detail, answer.cost) == (Outcome.FAILED, "breaker_open", Cost())


async def test_a_failure_after_a_lost_try_has_the_cost_of_both() -> None:
    answer = await propose(answers("{", finish="abort"), answers("{"))
    assert (answer.detail, answer.cost.calls, answer.cost.completion_tokens) == ("invalid", 2, 40)


async def test_the_cost_never_exceeds_what_was_to_be_reserved() -> None:
    async with proposer_of(reset) as proposer:
        most = proposer.most(ask())
        cost = (await proposer.propose(ask())).cost
    assert cost.calls == most.calls
    assert cost.prompt_tokens <= most.prompt_tokens
    assert most.completion_tokens == 2 * 96 * 5


async def test_each_iteration_has_a_seed_of_its_own_and_the_same_ask_the_same() -> None:
    async with serving() as double, client_of(double.url) as client:
        for iteration in (1, 2, 2):
            await VllmProposer(client).propose(ask(seed=2**31 - 2, iteration=iteration))
    assert [body["seed"] for body in double.questions] == [2**31 - 1, 0, 0]


async def test_no_more_edits_are_asked_for_than_fit() -> None:
    async with serving() as double, client_of(double.url) as client:
        await VllmProposer(client).propose(ask(max_edits=64))
    (body,) = double.questions
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["edits"]["maxItems"] == MOST_EDITS
    assert f'"most_edits":{MOST_EDITS}' in body["messages"][1]["content"]


async def test_it_is_as_urgent_as_what_triggered_it() -> None:
    async with serving() as double, client_of(double.url) as client:
        for trigger in RefineTrigger:
            await VllmProposer(client).serving(trigger).propose(ask())
    assert [body["priority"] for body in double.questions] == [Priority.of(trigger) for trigger in RefineTrigger]


async def test_cancelled_it_has_no_answer() -> None:
    async with proposer_of(after(30, oblige)) as proposer:
        task = asyncio.create_task(proposer.propose(ask()))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# --- descriptions


async def test_each_group_is_described_or_left_open() -> None:
    async with proposer_of(answers({"1": "planets", "2": None})) as proposer:
        described = await proposer.describe(groups(2))
    assert (described.outcome, described.texts, described.cost) == (Outcome.OK, ("planets", None), ONE)


async def test_many_groups_are_several_questions_and_all_of_them_reserved() -> None:
    async with proposer_of(oblige) as proposer:
        many = groups(2 * GROUPS_AT_ONCE + 3)
        described = await proposer.describe(many)
        assert described.texts == ("words",) * len(many.clusters)
        assert described.cost.calls == 3
        assert proposer.most(many).calls == 6


async def test_no_text_at_all_is_empty() -> None:
    async with proposer_of(answers({"1": None, "2": None})) as proposer:
        assert (await proposer.describe(groups(2))).outcome is Outcome.EMPTY


async def test_some_groups_without_an_answer_fail_all_with_the_cost_of_all() -> None:
    async with proposer_of(oblige, answers("{")) as proposer:
        described = await proposer.describe(groups(GROUPS_AT_ONCE + 1))
    assert (described.outcome, described.texts, described.detail) == (Outcome.FAILED, (), "invalid")
    assert described.cost.calls == 2


async def test_no_groups_are_no_question() -> None:
    async with proposer_of(hang_up) as proposer:
        described = await proposer.describe(ClusterAsk((), ()))
    assert (described.outcome, described.cost) == (Outcome.EMPTY, Cost())
