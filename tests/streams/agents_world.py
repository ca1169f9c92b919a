"""The agents stage in a small world: the items of `tests.workers.mailbox` in a store in memory, a clock that stands."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.agents import AgentsStage
from streams.contract import Outgoing
from streams.metrics import Metrics
from tests.fakes import MemoryStore, RecordingProducer
from tests.workers.mailbox import RULES, SPACE, START, all_items, phrase_vectors
from workers.agent import AgentRules, Event
from workers.errors import BrokerUnavailable, StoreUnavailable
from workers.ports import CommitOutcome, ItemRecord, Partition, Record, Snapshot, UserCommit, UserRecord
from workers.state import UserState, decode_state

KEY = b"a key of the tests"
PROVIDERS = ("books", "news")
NOW = START.timestamp() + 1_000.0


class WatchedStore(MemoryStore):
    """Keeps who was read; dies after a call where `dies_after` names one, and lets something happen before a commit."""

    def __init__(self) -> None:
        super().__init__()
        self.users_read: list[set[str]] = []
        self.dies_after: str | None = None
        self.before_commit: Callable[[], Awaitable[object]] | None = None

    async def read(
        self, users: Collection[str], items: Collection[str], space: str, partitions: Collection[Partition] = ()
    ) -> Snapshot:
        self.users_read.append(set(users))
        return await super().read(users, items, space, partitions)

    async def commit(
        self,
        commits: Sequence[UserCommit],
        marks: Mapping[Partition, int] | None = None,
        floors: Mapping[Partition, int] | None = None,
    ) -> list[CommitOutcome]:
        if self.before_commit is not None:
            happens, self.before_commit = self.before_commit, None
            await happens()
        outcomes = await super().commit(commits, marks, floors)
        self._die_after("commit")
        return outcomes

    async def trim(self, published: Mapping[str, int]) -> None:
        await super().trim(published)
        self._die_after("trim")

    def _die_after(self, call: str) -> None:
        if self.dies_after == call:
            self.dies_after = None
            raise StoreUnavailable("the answer never came, as the test wants it")


class DyingProducer(RecordingProducer):
    """Dies at the call of that number (0 is the next one): `fails_in` before it has sent anything, `dies_in` after it
    has sent all, before it says so."""

    def __init__(self) -> None:
        super().__init__()
        self.fails_in = self.dies_in = -1

    async def send(self, messages: Sequence[Outgoing]) -> None:
        fails, dies = self.fails_in == 0, self.dies_in == 0
        self.fails_in, self.dies_in = self.fails_in - 1, self.dies_in - 1
        if not fails:
            await super().send(messages)
        if fails or dies:
            raise BrokerUnavailable("the answer never came, as the test wants it")


@dataclass
class World:
    store: WatchedStore = field(default_factory=WatchedStore)
    producer: DyingProducer = field(default_factory=DyingProducer)
    metrics: Metrics = field(default_factory=Metrics)
    now: float = NOW

    def stage(self, rules: AgentRules = RULES, metrics: Metrics | None = None) -> AgentsStage:
        """A process's own: nothing in its cache yet."""
        return AgentsStage(
            self.store,
            self.producer,
            rules,
            space=SPACE,
            key=KEY,
            metrics=metrics or self.metrics,
            now=lambda: self.now,
        )

    async def record(self, user: str = "ada") -> UserRecord:
        return (await self.store.read([user], (), SPACE)).users.get(user, UserRecord())

    async def state(self, user: str = "ada") -> UserState:
        return decode_state((await self.record(user)).state)

    async def put_items(self, records: Sequence[ItemRecord]) -> None:
        await self.store.put_items(records)
        await self.store.put_phrases(SPACE, phrase_vectors())

    def count(self, metric: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(metric, labels) or 0.0

    def total(self, metric: str) -> float:
        """Over all labels."""
        samples = (sample for family in self.metrics.registry.collect() for sample in family.samples)
        return sum(sample.value for sample in samples if sample.name == metric)


async def a_world(*, without: Collection[str] = ()) -> World:
    """All items but those named, from two providers."""
    world = World()
    book = ItemRecord("books:1", SPACE, all_items()[0].vector, "A book", (), "")
    await world.put_items([book, *(item for item in all_items() if item.key not in without)])
    world.store.calls.clear()
    world.store.users_read.clear()
    return world


def records(events: Sequence[Event]) -> list[Record]:
    return [event.record for event in events]


def body(message: Outgoing) -> Any:
    import orjson

    assert message.value is not None
    return orjson.loads(message.value)
