"""The agents of the simulation: the real stage with its recovery, as `infra.compose` puts it together."""

from collections.abc import Sequence

from streams.agents import AgentsStage
from streams.contract import History
from streams.embedder import embedder_group
from streams.metrics import Metrics
from streams.recovery import Recovery
from tests.simulation.encoder import SPACE
from tests.simulation.log import LogClient
from tests.simulation.process import Process
from workers.mailbox import AgentRules
from workers.ports import Record, Store

KEY = b"a key of the simulation"


class SimAgents(AgentsStage):
    """The real one, whose process remembers which batch it has in hand, also while it recovers."""

    def __init__(
        self,
        process: Process,
        store: Store,
        producer: LogClient,
        history: History,
        rules: AgentRules,
        metrics: Metrics,
    ) -> None:
        recovery = Recovery(history, store, self.group, _embedders)
        super().__init__(
            store, producer, rules, space=SPACE, key=KEY, metrics=metrics, now=process.now, recovery=recovery
        )
        self._process = process

    async def handle(self, batch: Sequence[Record]) -> None:
        self._process.in_hand = batch
        await super().handle(batch)


async def _embedders() -> str:
    return embedder_group(SPACE)
