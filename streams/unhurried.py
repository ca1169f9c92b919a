"""A proposer that rests before and after each question, so that a round is three short pieces of work and not one."""

from dataclasses import dataclass

from schemas.proposal import Cost
from streams.pace import Pace
from workers.refinement.asks import Answer, Ask, ClusterAsk, Described, ProposerName
from workers.refinement.ports import Proposer


@dataclass(frozen=True, slots=True)
class Unhurried:
    """`workers.refinement.ports.Proposer` around another."""

    proposer: Proposer
    pace: Pace

    @property
    def name(self) -> ProposerName:
        return self.proposer.name

    def most(self, ask: Ask | ClusterAsk) -> Cost:
        return self.proposer.most(ask)

    async def propose(self, ask: Ask) -> Answer:
        await self.pace.rest()
        answer = await self.proposer.propose(ask)
        await self.pace.rest()
        return answer

    async def describe(self, ask: ClusterAsk) -> Described:
        await self.pace.rest()
        described = await self.proposer.describe(ask)
        await self.pace.rest()
        return described
