"""The topic of keys after a real broker has compacted it: an empty store gets from it exactly what was."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from infra.processes import KafkaBroker
from streams.contract import Outgoing, Record
from streams.kafka_admin import create_topics
from streams.kafka_log import KafkaLog
from streams.kafka_producer import KafkaProducer
from streams.key_ring import LIFE, KeyRing
from streams.topics import KEYS, Topic
from tests.contract.store_model import StoreModel
from tests.fakes import MemoryStore
from tests.patience import PATIENCE
from tests.streams.sealing_world import SECRET
from tests.streams.test_key_ring import read, sealed
from workers.ports import UserCommit, UserRecord

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

QUICK = {
    "segment.ms": "200",
    "max.compaction.lag.ms": "300",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "100",
    "file.delete.delay.ms": "0",
}
PEOPLE = tuple(f"user-{number}" for number in range(20))
GONE = PEOPLE[:5]
DESTROYED = b"destroyed"


class Quick(Topic):
    """What takes the brokers half an hour as a rule takes them a second."""

    def config(self) -> dict[str, str]:
        return super().config() | QUICK


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with KafkaBroker.start(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@dataclass
class Place:
    log: KafkaLog
    producer: KafkaProducer
    store: MemoryStore = field(default_factory=MemoryStore)
    now: float = 100.0
    copies: list[StoreModel] = field(default_factory=list)

    def ring(self, store: MemoryStore | None = None) -> KeyRing:
        return KeyRing(store or self.store, self.producer, self.log, SECRET, now=lambda: self.now)

    async def held(self) -> list[Record]:
        return await self.log.read(KEYS, 10_000)

    async def compacted(self) -> list[Record]:
        """What the topic holds when no null is left, and nothing twice but in what is being written to."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for timer in self.ring().timers:
                    await timer.tick()
                held = [one for one in await self.held() if not (one.key or b"").startswith(b"roll.")]
                if len({one.key for one in held}) == len(held) and all(one.value is not None for one in held):
                    return held
                await asyncio.sleep(0.25)


@pytest.fixture
async def place(broker: KafkaBroker, tmp_path: Path) -> AsyncIterator[Place]:
    await create_topics(broker.bootstrap, 2, 1, topics=[Quick(KEYS, compacted=True, shredded=True)])
    producer = KafkaProducer(broker.bootstrap)
    yield Place(KafkaLog(broker.bootstrap), producer)
    await producer.close()


async def test_what_is_left_after_compaction_is_what_an_empty_store_needs(place: Place) -> None:
    records = await lived(place)
    before = await place.held()
    held = await place.compacted()
    mailboxes = {user: place.ring().mailbox(user) for user in PEOPLE}
    # Of a destroyed key nothing is left, not even the null that overwrote it: one message under the mailbox alone.
    assert len(held) < len(before)
    for user in GONE:
        assert [one.value for one in held if (one.key or b"").startswith(mailboxes[user])] == [DESTROYED]
    empty, wanted = MemoryStore(), await place.store.read_keys(mailboxes.values())
    await comes_back(place, empty, records)
    found = await empty.read_keys(mailboxes.values())
    assert {mailbox: set(keys) for mailbox, keys in found.items()} == {at: set(keys) for at, keys in wanted.items()}
    assert [len(found[mailboxes[user]]) for user in PEOPLE] == [0] * 5 + [2] + [1] * 14

    # Stores that were last caught up in the midst of what has been compacted since, and have somebody erased back.
    for copy in place.copies:
        store = MemoryStore()
        store.become(copy)
        await store.commit([UserCommit(GONE[-1], 0, b"state")])
        assert await place.ring(store).destroyed_among(PEOPLE) == set(GONE)
        await comes_back(place, store, records)
        assert (await store.read([GONE[-1]], (), "")).users == {GONE[-1]: UserRecord(forgotten=True)}


async def lived(place: Place) -> list[Record]:
    """Keys are written, two for one person, replaced by their equals, and some destroyed. What was sealed with them."""
    ring = place.ring()
    records = await sealed(ring, *PEOPLE)
    place.store.fail("read_keys")
    away = KeyRing(place.store, place.producer, place.log, SECRET, now=lambda: place.now)
    records += await sealed(away, PEOPLE[5])  # the store is away: a key of which only the topic knows
    await place.producer.send([Outgoing(KEYS, one.key or b"", one.value) for one in await place.held()])  # once more
    for user in GONE:
        place.copies.append(place.store.copied())
        await ring.destroy(user)
    place.now += 2 * LIFE
    assert await sealed(ring, *GONE) == []
    await place.ring().open(records)
    return records


async def comes_back(place: Place, store: MemoryStore, records: list[Record]) -> None:
    """A new worker opens what may be opened, and makes nobody a key whose keys were destroyed."""
    wanted = [(None, True) if user in GONE else (user.encode(), False) for user in (*PEOPLE, PEOPLE[5])]
    assert await read(place.ring(store), records) == wanted
    assert await sealed(place.ring(store), *GONE) == []
