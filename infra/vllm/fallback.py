"""Two proposers as one: where the first cannot be asked, or fails, the second answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from infra.vllm.effort import plus
from schemas.proposal import Cost, Outcome
from workers.refinement.asks import Answer, Ask, ClusterAsk, Described, ProposerName
from workers.refinement.ports import Proposer

A = TypeVar("A", Answer, Described)


@dataclass(frozen=True, slots=True)
class FallingBack:
    """A `Proposer`. `fell_back` is called with the reason, a plain word, each time the second has to answer; the answer
    names who it is from, and carries what both cost."""

    first: Proposer
    second: Proposer
    fell_back: Callable[[str], None]

    @property
    def name(self) -> ProposerName:
        """Of the first: who really answered stands in the answer."""
        return self.first.name

    def most(self, ask: Ask | ClusterAsk) -> Cost:
        """Of both together."""
        return plus(self.first.most(ask), self.second.most(ask))

    async def propose(self, ask: Ask) -> Answer:
        return await self._either(self.first.propose(ask), lambda: self.second.propose(ask))

    async def describe(self, ask: ClusterAsk) -> Described:
        return await self._either(self.first.describe(ask), lambda: self.second.describe(ask))

    async def _either(self, asked: Awaitable[A], otherwise: Callable[[], Awaitable[A]]) -> A:
        answer = await asked
        if answer.outcome is not Outcome.FAILED:
            return replace(answer, proposer=self.first.name)
        self.fell_back(answer.detail)
        other = await otherwise()
        cost = plus(answer.cost, other.cost)
        return replace(other, proposer=self.second.name, cost=cost, detail=other.detail or answer.detail)
