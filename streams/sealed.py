"""Sealing around the ports: what sends seals, what reads opens, and nobody else knows of it.

Stages, the dead-letter book, recovery and rebuild see records as they were before they were sealed, at the partitions
and offsets where they lie. Records that were never sealed (sent to Kafka by somebody else, or by a release before this
one) come as they are. So releases can be changed while all runs, in this order: the workers, who read both kinds, then
the gateways and control, who send. (A person's sealed messages lie in another partition than the plain ones before
them: let the agents catch up in between, or those few may be folded in another order.) An older worker takes a sealed
message for a broken one and sets it aside; `attune dlq replay` sends it again.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from streams.contract import History, Keys, Log, Outgoing, Partition, Producer, Record, Stage, Timer
from streams.metrics import Metrics
from streams.topics import MAILBOX


class SealedProducer:
    """`streams.contract.Producer` that seals. What is sent for people whose key was destroyed is dropped, and counted
    as what reaches the agents too late is (`streams.tally`): it was accepted, and had no effect."""

    def __init__(self, producer: Producer, keys: Keys, metrics: Metrics) -> None:
        self._producer = producer
        self._keys = keys
        self._metrics = metrics

    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Raises `StoreUnavailable`, too, before anything is sent: where the store does not answer, new people's keys
        are not known."""
        sealed = await self._keys.seal(messages)
        await self._producer.send(sealed)
        if len(sealed) < len(messages):
            self._count(Counter(one.topic for one in messages) - Counter(one.topic for one in sealed))

    async def close(self) -> None:
        await self._producer.close()

    def _count(self, dropped: Mapping[str, int]) -> None:
        for topic in dropped.keys() & set(MAILBOX):
            self._metrics.consumed.labels(topic).inc(dropped[topic])
            self._metrics.duplicates.labels("forgotten").inc(dropped[topic])


class OpenedStage:
    """`streams.contract.Stage` that is handed opened records. `timers` tick beside its own."""

    def __init__(self, stage: Stage, keys: Keys, timers: tuple[Timer, ...] = ()) -> None:
        self._stage = stage
        self._keys = keys
        self._timers = timers

    @property
    def name(self) -> str:
        return self._stage.name

    @property
    def group(self) -> str | None:
        return self._stage.group

    @property
    def topics(self) -> tuple[str, ...]:
        return self._stage.topics

    @property
    def timers(self) -> tuple[Timer, ...]:
        return self._stage.timers + self._timers

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        return await self._stage.resume(assigned)

    async def handle(self, batch: Sequence[Record]) -> None:
        await self._stage.handle(await self._keys.open(batch))


class OpenedHistory:
    """`streams.contract.History` that gives opened records: as many, at the same offsets."""

    def __init__(self, history: History, keys: Keys) -> None:
        self._history = history
        self._keys = keys

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        return await self._history.committed(group, topics)

    async def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        return await self._history.ends(topics)

    async def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        return await self._keys.open(await self._history.span(source, start, end, limit))


class OpenedLog(OpenedHistory):
    """`streams.contract.Log` that does."""

    def __init__(self, log: Log, keys: Keys) -> None:
        super().__init__(log, keys)
        self._log = log

    async def lag(self, group: str, topics: Collection[str]) -> int:
        return await self._log.lag(group, topics)

    async def read(self, topic: str, limit: int) -> list[Record]:
        return await self._keys.open(await self._log.read(topic, limit))

    async def close(self) -> None:
        await self._log.close()
