"""What refinements cost is counted by what triggered them, and failed calls where somebody else had to answer."""

import pytest

from schemas.proposal import Cost, Outcome, RefineTrigger
from streams.metered import Metered
from streams.metrics import Metrics
from workers.refinement.asks import FREE, Answer, Ask, ClusterAsk, Described, Feedback, ProposerName

ASK = Ask((), (), Feedback(), iteration=0, seed=0, max_edits=1)
COST = Cost(calls=2, prompt_tokens=70, completion_tokens=30)


class Scripted:
    name: ProposerName = "vllm"

    def __init__(self, outcome: Outcome, by: ProposerName | None = None) -> None:
        self._outcome, self._by = outcome, by

    def most(self, ask: Ask | ClusterAsk) -> Cost:
        return COST

    async def propose(self, ask: Ask) -> Answer:
        return Answer(self._outcome, cost=COST, proposer=self._by)

    async def describe(self, ask: ClusterAsk) -> Described:
        return Described(self._outcome, cost=FREE, proposer=self._by)


@pytest.mark.parametrize(
    ("outcome", "by", "counted"),
    [
        (Outcome.OK, None, "ok"),
        (Outcome.EMPTY, "vllm", "empty"),
        (Outcome.FAILED, None, "failed"),
        (Outcome.OK, "phrases", "failed"),
    ],
)
async def test_calls_and_tokens_are_counted(outcome: Outcome, by: ProposerName | None, counted: str) -> None:
    metrics = Metrics()
    metered = Metered(Scripted(outcome, by), RefineTrigger.DRIFT, metrics)
    answer = await metered.propose(ASK)
    await metered.describe(ClusterAsk((), ()))
    assert (answer.outcome, metered.name, metered.most(ASK)) == (outcome, "vllm", COST)

    def value(metric: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(metric, {"trigger": "drift", **labels})

    assert value("attune_llm_calls_total", outcome=counted) == 2
    assert value("attune_llm_tokens_total", kind="prompt") == 70
    assert value("attune_llm_tokens_total", kind="completion") == 30
