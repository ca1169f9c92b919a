"""An installation for tests of erasing: agents with sealed mailboxes, and a reader who confirms, on a log in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from schemas.command import ForgetCommand
from streams.agents import AgentsStage
from streams.contract import Outgoing, Record
from streams.erasure_book import ErasureBook
from streams.metrics import Metrics
from streams.provider import ProviderStage
from streams.sealed import OpenedHistory, OpenedStage, SealedProducer
from streams.topics import COMMANDS, ERASURE_RECEIPTS, MAILBOX, PROFILE_EMBEDDINGS
from tests.streams.agents_world import NOW, PROVIDERS, WatchedStore
from tests.streams.sealing_world import SECRET, Installation, MemoryLog
from tests.workers.mailbox import RULES, SPACE, START, Mailbox, all_items, phrase_vectors
from workers.errors import BrokerUnavailable
from workers.ports import ItemRecord
from workers.subjects import subject_of

DIMENSION = len(all_items()[0].vector) // 2
DEADLINE = 60.0


class ErasingLog(MemoryLog):
    """In today's time. Dies at the send of that number (0 is the next one) before anything of it is there."""

    fails_in = -1

    async def send(self, messages: Sequence[Outgoing]) -> None:
        if messages:
            fails, self.fails_in = self.fails_in == 0, self.fails_in - 1
            if fails:
                raise BrokerUnavailable("the broker is away, as the test wants it")
        await super().send(messages)
        for place, held in self.records.items():
            self.records[place] = [replace(one, timestamp_ms=int(NOW * 1000) + one.offset) for one in held]


@dataclass
class Place(Installation):
    log: ErasingLog = field(default_factory=ErasingLog)
    store: WatchedStore = field(default_factory=WatchedStore)
    metrics: Metrics = field(default_factory=Metrics)
    time: float = NOW

    @property
    def producer(self) -> SealedProducer:
        return SealedProducer(self.log, self.ring(), self.metrics)

    def agents(self) -> OpenedStage:
        """A process's own."""
        ring = self.ring()
        producer = SealedProducer(self.log, ring, self.metrics)
        stage = AgentsStage(
            self.store,
            producer,
            RULES,
            space=SPACE,
            key=SECRET,
            metrics=self.metrics,
            now=lambda: self.time,
            keys=ring,
        )
        return OpenedStage(stage, ring)

    def provider(self) -> ProviderStage:
        return ProviderStage(SPACE, DIMENSION, self.metrics, now=lambda: self.time, producer=self.log)

    def book(self) -> ErasureBook:
        return ErasureBook(OpenedHistory(self.log, self.ring()), SECRET, DEADLINE, lambda: self.time)

    async def send(self, *messages: Outgoing) -> None:
        await self.producer.send(messages)

    def mail(self) -> list[Record]:
        """All that any mailbox holds, sealed as it is."""
        return [record for topic in MAILBOX for record in self.log.of(topic)]

    def embeddings(self) -> list[Record]:
        return self.log.of(PROFILE_EMBEDDINGS)

    def newest(self) -> dict[bytes, bytes | None]:
        return {record.key or b"": record.value for record in self.embeddings()}

    def receipts(self) -> list[Record]:
        return self.log.of(ERASURE_RECEIPTS)

    def count(self, metric: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(metric, labels) or 0.0

    def total(self, metric: str) -> float:
        """Over all labels."""
        samples = (sample for family in self.metrics.registry.collect() for sample in family.samples)
        return sum(sample.value for sample in samples if sample.name == metric)


def forget(user: str, command_id: str = "f1") -> Outgoing:
    command = ForgetCommand(command_id=command_id, user=user, time=START)
    return Outgoing(COMMANDS, user.encode(), command.to_bytes())


def clicks(user: str, count: int = 6) -> list[Outgoing]:
    """Enough for a version."""
    events = Mailbox(user).clicks("jazz", range(count))
    return [Outgoing(one.record.topic, one.record.key or b"", one.record.value) for one in events]


def names_of(user: str) -> dict[str, str]:
    return {provider: subject_of(SECRET, provider, user) for provider in PROVIDERS}


async def a_place() -> Place:
    place = Place()
    book = ItemRecord("books:1", SPACE, all_items()[0].vector, "A book", (), "")
    await place.store.put_items([book, *all_items()])
    await place.store.put_phrases(SPACE, phrase_vectors())
    return place
