"""The agents of the simulation: the real stage with its recovery, as `infra.compose` puts it together."""

from collections.abc import Sequence

from streams.agents import AgentsStage
from streams.contract import History, Keys, Producer
from streams.embedder import embedder_group
from streams.metrics import Metrics
from streams.recovery import Recovery
from tests.simulation.encoder import SPACE
from tests.simulation.opening import SECRET
from tests.simulation.process import Process
from workers.mailbox import AgentRules
from workers.ports import Record, Store

KEY = SECRET


class SimAgents(AgentsStage):
    """The real one, whose process remembers which batch it has in hand, also while it recovers."""

    def __init__(
        self,
        process: Process,
        store: Store,
        producer: Producer,
        history: History,
        rules: AgentRules,
        metrics: Metrics,
        keys: Keys,
    ) -> None:
        recovery = Recovery(history, store, self.group, _embedders, key=KEY)
        super().__init__(
            store,
            producer,
            rules,
            space=SPACE,
            key=KEY,
            metrics=metrics,
            now=process.now,
            recovery=recovery,
            keys=keys,
        )
        self._process = process

    async def handle(self, batch: Sequence[Record]) -> None:
        self._process.in_hand = batch
        await super().handle(batch)


async def _embedders() -> str:
    return embedder_group(SPACE)
