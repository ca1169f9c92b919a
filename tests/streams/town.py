"""One person with fourteen interactions and a job that waits for a refiner; refiners of one process each."""

from dataclasses import dataclass, field

from schemas.profile import Source
from schemas.proposal import Proposal
from streams.agents import AgentsStage
from streams.budgets import Budgets, Limit
from streams.contract import Producer
from streams.pace import Pace
from streams.refinement import Means, Refinement
from streams.refiner import JobEnd, Refiner
from streams.topics import PROPOSALS
from tests.streams.agents_world import World, a_world, records
from tests.streams.refining import eventually, running
from tests.workers.mailbox import FIT, SPACE, START, Mailbox
from workers.knowledge import Knowledge
from workers.ports import Store
from workers.refinement.phrase_search import PhraseSearch
from workers.refinement.ports import Proposer
from workers.refinement.rules import RefinementRules
from workers.spaces import InSpace, Spaces

SPACES = Spaces(InSpace(SPACE, Knowledge(space=SPACE), FIT))
PLENTY = Limit(1_000, 1_000_000)


@dataclass
class Town:
    """`limits` are of the budgets."""

    world: World
    mailbox: Mailbox
    agents: AgentsStage
    limits: Budgets = field(default_factory=lambda: Budgets(PLENTY, PLENTY, PLENTY, "shop"))

    def refiner(
        self,
        proposer: Proposer | None = None,
        *,
        free: Proposer | None = None,
        store: Store | None = None,
        producer: Producer | None = None,
    ) -> Refiner:
        """A process's own."""
        asked = proposer or PhraseSearch()
        rules = RefinementRules(iterations=6)
        means = Means(SPACES, "mixture", rules, lambda trigger: asked, free or PhraseSearch(), self.limits)
        world = self.world
        store, producer = store or world.store, producer or world.producer
        work = Refinement(store, producer, means, pace=Pace(1), metrics=world.metrics, now=lambda: world.now)
        return Refiner(store, work, at_once=1, lease=60, metrics=world.metrics, now=lambda: world.now, stop_timeout=1)

    async def work_off(self, refiner: Refiner) -> None:
        """Runs it until a job has come to an end."""
        before = self.world.total("attune_refiner_jobs_total")
        async with running(refiner):
            await eventually(lambda: self.world.total("attune_refiner_jobs_total") > before)

    def ends(self, end: JobEnd) -> float:
        return self.world.count("attune_refiner_jobs_total", trigger="demand", end=end.value)

    def proposals(self) -> list[Proposal]:
        return [Proposal.model_validate_json(sent.value or b"") for sent in self.world.producer.of(PROPOSALS)]

    async def deliver(self) -> None:
        """Every proposal that was sent, to the agent."""
        await self.agents.handle([self.mailbox.put(one, arrives=700.0).record for one in self.proposals()])

    async def texts(self) -> dict[str, Source]:
        return {one.text: one.source for one in (await self.world.state()).interests}

    def judged(self, outcome: str) -> float:
        return self.world.count("attune_refinements_total", trigger="demand", outcome=outcome)


async def a_town() -> Town:
    world = await a_world()
    mailbox, agents = Mailbox(), world.stage()
    clicks = mailbox.clicks("tea", range(0, 12, 3)) + mailbox.clicks("jazz", range(1, 12, 3))
    clicks += mailbox.clicks("rowing", range(6))
    await agents.handle(records([*clicks, mailbox.refine(arrives=100.0)]))
    world.now = START.timestamp() + 101
    world.producer.sent.clear()
    world.store.calls.clear()
    return Town(world, mailbox, agents)
