"""An installation for tests of sealing: a store and a log in memory, and as many processes with keys as wanted."""

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from schemas.dead_letter import DeadLetter, Reason
from streams.contract import Outgoing, Partition, Record
from streams.dead_letters import dead_letter
from streams.key_ring import KeyRing
from streams.partitioning import partition_of
from streams.topics import INTERACTIONS
from tests.fakes import MemoryStore
from workers.errors import BrokerUnavailable

SECRET = b"a long random text of this installation"
PARTITIONS = 4


class MemoryLog:
    """`streams.contract.Log` and `Producer`. `spans` counts pages that were read and `handed_out` the
    messages in them; the next `failures` sends fail; no page is longer
    than `page`."""

    def __init__(self) -> None:
        self.records: dict[Partition, list[Record]] = {}
        self.ends_of: dict[Partition, int] = {}
        self.spans = self.handed_out = 0
        self.failures = 0
        self.page = 1_000

    async def send(self, messages: Sequence[Outgoing]) -> None:
        if self.failures:
            self.failures -= 1
            raise BrokerUnavailable("the broker is away, as the test wants it")
        await asyncio.sleep(0)  # a broker takes a while: others have their turn
        for one in messages:
            number = partition_of(one.key, PARTITIONS)
            held = self.records.setdefault(Partition(one.topic, number), [])
            offset = self.ends_of.get(place := Partition(one.topic, number), 0)
            held.append(Record(one.topic, number, offset, one.key, one.value, 1_000 + offset))
            self.ends_of[place] = offset + 1

    async def lag(self, group: str, topics: Collection[str]) -> int:
        return 0

    async def read(self, topic: str, limit: int) -> list[Record]:
        return self.of(topic)[-limit:]

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        return {}

    async def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        places = [Partition(topic, number) for topic in topics for number in range(PARTITIONS)]
        return {place: self.ends_of.get(place, 0) for place in places}

    async def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        await asyncio.sleep(0)
        self.spans += 1
        found = [one for one in self.records.get(source, ()) if start <= one.offset < end]
        found = found[: min(limit, self.page)]
        self.handed_out += len(found)
        return found

    async def close(self) -> None: ...

    def of(self, topic: str) -> list[Record]:
        """Partition by partition."""
        return [one for place in sorted(self.records) if place.topic == topic for one in self.records[place]]

    def compact(self, topic: str) -> None:
        """Nulls go, too, as they do in the end; offsets stay."""
        newest = {one.key: one for one in self.of(topic)}
        for place in self.records:
            if place.topic == topic:
                gone = [one for one in self.records[place] if newest[one.key] is not one or one.value is None]
                self.records[place] = [one for one in self.records[place] if one not in gone]


@dataclass
class Installation:
    store: MemoryStore = field(default_factory=MemoryStore)
    log: MemoryLog = field(default_factory=MemoryLog)
    now: float = 100.0
    drawn: int = 0

    def ring(self, secret: bytes = SECRET) -> KeyRing:
        """The keys as another process has them."""
        return KeyRing(self.store, self.log, self.log, secret, now=lambda: self.now, random=self.random)

    def random(self, size: int) -> bytes:
        """Never the same twice."""
        self.drawn += 1
        return hashlib.blake2b(b"%d" % self.drawn, digest_size=size).digest()


def event_of(user: str, text: str = "likes jazz", topic: str = INTERACTIONS) -> Outgoing:
    return Outgoing(topic, user.encode(), f'{{"user": "{user}", "text": "{text}"}}'.encode())


def record_of(message: Outgoing, offset: int = 0) -> Record:
    return Record(message.topic, 0, offset, message.key, message.value, 1_000)


def letter_about(record: Record) -> Outgoing:
    return dead_letter(record, Reason.INVALID, "no JSON", "agents", 1_000.0)


def letter_in(message: Outgoing | Record) -> DeadLetter:
    return DeadLetter.model_validate_json(message.value or b"")
