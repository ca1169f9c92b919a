"""A letter book on a log in a file, with letters as the agents write them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from schemas.dead_letter import Reason
from streams.contract import Outgoing, Partition, Record
from streams.database import Database
from streams.dead_letters import dead_letter
from streams.embedded_log import EmbeddedLog
from streams.letter_book import LetterBook
from streams.topics import INTERACTIONS
from workers.errors import BrokerUnavailable

NOW = 1_790_000_000.0


@dataclass
class Desk:
    """`dies_before` names the topic to which the next message will not get."""

    log: EmbeddedLog
    now: float = NOW
    dies_before: str | None = None

    async def send(self, messages: Sequence[Outgoing]) -> None:
        if any(message.topic == self.dies_before for message in messages):
            self.dies_before = None
            raise BrokerUnavailable("the broker is away, as the test wants it")
        await self.log.send(messages)

    async def close(self) -> None: ...

    def book(self) -> LetterBook:
        """A gateway's own."""
        return LetterBook(self.log, self, lambda: self.now)

    async def set_aside(
        self,
        offset: int,
        reason: Reason = Reason.UNKNOWN_ITEM,
        *,
        topic: str = INTERACTIONS,
        value: bytes | None = b"\xff{",
        key: bytes = b"ada",
    ) -> str:
        """The letter's id."""
        record = Record(topic, 0, offset, key, value, 0)
        await self.log.send([dead_letter(record, reason, "why", "agents", self.now)])
        self.now += 1.0
        return f"{topic}/0/{offset}"

    async def of(self, topic: str) -> list[Record]:
        """What stands on the topic."""
        return [
            record
            for source, end in (await self.log.ends([topic])).items()
            for record in await self.log.span(Partition(*source), 0, end, 10_000)
        ]


@asynccontextmanager
async def a_desk(folder: Path) -> AsyncIterator[Desk]:
    database = Database(folder / "attune.sqlite")
    log = await EmbeddedLog.open(database, partitions=2)
    yield Desk(log)
    await log.close()
    await database.close()
