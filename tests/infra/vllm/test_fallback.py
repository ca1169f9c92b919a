"""The second proposer answers where the first fails, and it can be told who did."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.vllm.breaker import FAILURES, BreakerState
from infra.vllm.fallback import FallingBack
from infra.vllm.proposer import VllmProposer
from schemas.command import AddInterest
from schemas.proposal import Cost, Outcome
from tests.infra.vllm.double import answers, reset, serving, status
from tests.infra.vllm.samples import ask, client_of, groups
from workers.refinement.asks import FREE, Answer, Ask, ClusterAsk, Described, ProposerName
from workers.refinement.ports import Proposer

EDIT = AddInterest(text="comets")


@dataclass
class Scripted:
    """A proposer with one answer for all."""

    name: ProposerName
    outcome: Outcome
    detail: str = ""
    cost: Cost = FREE
    asked: list[Any] = field(default_factory=list)

    def most(self, ask: Ask | ClusterAsk) -> Cost:
        return self.cost

    async def propose(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        return Answer(self.outcome, (EDIT,) if self.outcome is Outcome.OK else (), self.cost, self.detail)

    async def describe(self, ask: ClusterAsk) -> Described:
        self.asked.append(ask)
        return Described(self.outcome, ("comets", None) if self.outcome is Outcome.OK else (), self.cost, self.detail)


def pair(first: Outcome, second: Outcome = Outcome.OK) -> tuple[FallingBack, Scripted, list[str]]:
    reasons: list[str] = []
    phrases = Scripted("phrases", second, cost=Cost(calls=1))
    vllm = Scripted("vllm", first, "slow" if first is Outcome.FAILED else "", Cost(calls=2, prompt_tokens=9))
    return FallingBack(vllm, phrases, reasons.append), phrases, reasons


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.EMPTY])
async def test_an_answer_of_the_first_stands(outcome: Outcome) -> None:
    both, phrases, reasons = pair(outcome)
    answer = await both.propose(ask())
    described = await both.describe(groups())
    assert (answer.outcome, answer.proposer) == (described.outcome, described.proposer) == (outcome, "vllm")
    assert (phrases.asked, reasons) == ([], [])


async def test_where_the_first_fails_the_second_answers_and_both_are_paid_for() -> None:
    both, _, reasons = pair(Outcome.FAILED)
    answer, described = await both.propose(ask()), await both.describe(groups())
    assert answer == Answer(Outcome.OK, (EDIT,), Cost(calls=3, prompt_tokens=9), "slow", "phrases")
    assert described == Described(Outcome.OK, ("comets", None), Cost(calls=3, prompt_tokens=9), "slow", "phrases")
    assert reasons == ["slow", "slow"]


async def test_where_both_fail_it_is_failed() -> None:
    both, _, _ = pair(Outcome.FAILED, Outcome.FAILED)
    assert (await both.propose(ask())).outcome is Outcome.FAILED


def test_what_both_may_cost_is_reserved() -> None:
    both, _, _ = pair(Outcome.OK)
    assert both.most(ask()) == Cost(calls=3, prompt_tokens=9)


async def test_with_the_breaker_open_the_second_serves_without_a_question_asked() -> None:
    reasons: list[str] = []
    async with serving(status(404)) as double, client_of(double.url) as client:
        first: Proposer = VllmProposer(client)
        both: Proposer = FallingBack(first, Scripted("phrases", Outcome.OK), reasons.append)
        for _ in range(FAILURES + 3):
            answer = await both.propose(ask())
            assert (answer.outcome, answer.proposer) == (Outcome.OK, "phrases")
        assert client.breaker is BreakerState.OPEN
    assert reasons == ["misconfigured"] * FAILURES + ["breaker_open"] * 3
    assert len(double.questions) == FAILURES


async def test_after_a_server_that_died_in_the_middle_the_next_ones_are_its_own_again() -> None:
    steps = (reset, reset, answers({"edits": [{"op": "keep"}]}))
    async with serving(*steps) as double, client_of(double.url) as client:
        both = FallingBack(VllmProposer(client), Scripted("phrases", Outcome.OK), lambda reason: None)
        assert [(await both.propose(ask())).proposer for _ in range(2)] == ["phrases", "vllm"]
