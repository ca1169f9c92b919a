"""Logs that are not as they were, around a real one."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from streams.contract import History, Partition, Record
from streams.topics import PROFILE_EMBEDDINGS


@dataclass
class Shortened:
    """A log whose first messages have expired."""

    log: History
    gone: int

    async def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        return await self.log.span(source, max(start, self.gone), end, limit)

    async def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        return await self.log.ends(topics)

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        return await self.log.committed(group, topics)


@dataclass
class Counted:
    """A log that counts how often somebody sets out to read the topic of embeddings."""

    log: History
    asked: int = 0

    async def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        return await self.log.span(source, start, end, limit)

    async def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        self.asked += PROFILE_EMBEDDINGS in topics
        return await self.log.ends(topics)

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        raise NotImplementedError


@dataclass
class Moved:
    """A log in which the partitions have changed places."""

    log: History

    def other(self, source: Partition) -> Partition:
        return Partition(source.topic, 1 - source.number)

    async def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        found = await self.log.span(self.other(source), start, end, limit)
        return [replace(record, partition=source.number) for record in found]

    async def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        return {self.other(source): end for source, end in (await self.log.ends(topics)).items()}

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        raise NotImplementedError
