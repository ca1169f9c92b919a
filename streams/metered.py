"""A proposer whose cost is counted, by what triggered the refinement."""

from dataclasses import dataclass

from schemas.proposal import Cost, Outcome, RefineTrigger
from streams.metrics import Metrics
from workers.refinement.asks import Answer, Ask, ClusterAsk, Described, ProposerName
from workers.refinement.ports import Proposer


@dataclass(frozen=True, slots=True)
class Metered:
    """`workers.refinement.ports.Proposer` around another. Where somebody else had to answer (phrase search, for an LLM
    that did not), the calls counted are the failed ones."""

    proposer: Proposer
    trigger: RefineTrigger
    metrics: Metrics

    @property
    def name(self) -> ProposerName:
        return self.proposer.name

    def most(self, ask: Ask | ClusterAsk) -> Cost:
        return self.proposer.most(ask)

    async def propose(self, ask: Ask) -> Answer:
        answer = await self.proposer.propose(ask)
        self._count(answer)
        return answer

    async def describe(self, ask: ClusterAsk) -> Described:
        answer = await self.proposer.describe(ask)
        self._count(answer)
        return answer

    def _count(self, answer: Answer | Described) -> None:
        cost, trigger = answer.cost, self.trigger.value
        outcome = answer.outcome if answer.proposer in (None, self.name) else Outcome.FAILED
        self.metrics.llm_calls.labels(trigger, outcome.value).inc(cost.calls)
        self.metrics.llm_tokens.labels(trigger, "prompt").inc(cost.prompt_tokens)
        self.metrics.llm_tokens.labels(trigger, "completion").inc(cost.completion_tokens)
