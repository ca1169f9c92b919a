"""A log that exists only as the times of its messages."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from streams.contract import Partition, Record


@dataclass
class Written:
    """`streams.contract.History` of messages by these times, in milliseconds; None is an offset whose message is gone.
    Every group has committed `consumed`."""

    times: Mapping[Partition, Sequence[int | None]]
    consumed: dict[Partition, int] = field(default_factory=dict)
    pages: list[tuple[Partition, int, int]] = field(default_factory=list)

    async def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        self.pages.append((source, start, limit))
        times = list(enumerate(self.times[source]))[start:end]
        return [Record(*source, offset, b"ada", b"", ms) for offset, ms in times if ms is not None][:limit]

    async def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        return {source: len(times) for source, times in self.times.items() if source.topic in topics}

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        return {source: offset for source, offset in self.consumed.items() if source.topic in topics}
