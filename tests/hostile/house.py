"""A service in memory: the embedder and the agents on one store, for providers' words and people's clicks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np

from schemas.base import Contract
from schemas.catalog import CatalogItem
from schemas.command import RefreshCommand
from schemas.interaction import Interaction, Signal
from streams.agents import AgentsStage
from streams.embedder import EmbedderStage
from streams.metrics import Metrics
from streams.topics import CATALOG, COMMANDS, INTERACTIONS
from tests.fakes import HashEncoder, MemoryStore, RecordingProducer
from workers.agent import AgentRules
from workers.ports import Record
from workers.refit import FitRules
from workers.state import UserState, decode_state

START = datetime(2026, 5, 1, tzinfo=UTC)
DIMENSION = 32
RULES = AgentRules(FitRules(np.eye(DIMENSION) / np.sqrt(DIMENSION)))
PEOPLE = ("ada", "bob")


@dataclass
class House:
    """Each person has a partition of their own, so that nothing of the one stands in the record of the other."""

    store: MemoryStore = field(default_factory=MemoryStore)
    producer: RecordingProducer = field(default_factory=RecordingProducer)
    encoder: HashEncoder = field(default_factory=lambda: HashEncoder(DIMENSION))

    def __post_init__(self) -> None:
        metrics, space, now = Metrics(), self.encoder.space, START.timestamp() + 86_400
        self.embedder = EmbedderStage(self.store, self.encoder, self.producer, metrics, now=lambda: now)
        self.agents = AgentsStage(
            self.store, self.producer, RULES, space=space, key=b"key", metrics=metrics, now=lambda: now
        )
        self._offsets = {user: count() for user in (*PEOPLE, "catalog")}

    async def offer(self, items: Iterable[CatalogItem]) -> None:
        """A provider sends its catalog."""
        records = [Record(CATALOG, 0, next(self._offsets["catalog"]), i.key.encode(), i.to_bytes(), 0) for i in items]
        await self.embedder.handle(records)

    async def act(self, user: str, items: Sequence[CatalogItem], signal: Signal = Signal.CLICK, hour: int = 0) -> None:
        """One item an hour."""
        for number, item in enumerate(items):
            await self._send(
                INTERACTIONS,
                Interaction(
                    event_id=f"{user}-{item.item}-{hour + number}",
                    user=user,
                    provider=item.provider,
                    item=item.item,
                    signal=signal,
                    time=START + timedelta(hours=hour + number),
                ),
                user,
            )

    async def refresh(self, user: str) -> None:
        """Fits the profile anew."""
        number = next(self._offsets[user])
        await self._send(COMMANDS, RefreshCommand(command_id=f"c{number}", user=user, time=START), user)

    async def record(self, user: str) -> bytes | None:
        return (await self.store.read([user], (), self.encoder.space)).users[user].state

    async def state(self, user: str) -> UserState:
        return decode_state(await self.record(user))

    async def weights(self, user: str) -> dict[str, float]:
        return {one.text: one.weight for one in (await self.state(user)).interests}

    async def _send(self, topic: str, message: Contract, user: str) -> None:
        offset = next(self._offsets[user])
        # The broker's time is the same for all: a batch is a moment.
        arrived = int(START.timestamp() * 1000)
        await self.agents.handle(
            [Record(topic, PEOPLE.index(user), offset, user.encode(), message.to_bytes(), arrived)]
        )
