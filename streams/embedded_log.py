"""The log of the embedded service: Kafka's topics, partitions and offsets in one SQLite file, for one process.

1. Append: messages go to the partition of their key, at contiguous offsets from 0, in one transaction that is shared
   with whoever else writes at that moment (`streams.database`).
2. After the commit of that transaction the readers that wait are woken. Nobody polls.
3. A reader asks for a page from its own positions. A group's committed offsets survive; positions do not.
4. Bounded: a topic whose slowest group is too far behind takes nothing more until that group catches up.

The number of partitions is fixed when the file is made, and remembered in it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from streams import embedded_tables as tables
from streams.contract import Outgoing, Partition, Record
from streams.database import Database
from streams.embedded_upkeep import compact, tidy
from streams.partitioning import partition_of
from streams.topics import TOPICS, Topic
from workers.errors import ConfigurationError, Overloaded, StoreUnavailable

MAX_BEHIND = 200_000
"""Messages that the slowest group of a topic may be behind: at 1 KB each 200 MB of file, and at the agents' 5,000 a
second forty seconds of work."""


class Page(NamedTuple):
    """Records, and where to read on after them (also where there are none, but offsets whose messages are gone)."""

    records: list[Record]
    following: dict[Partition, int]


class EmbeddedLog:
    """`Producer` and `Log` of the embedded service. Opened by `EmbeddedLog.open`; the database stays its owner's."""

    def __init__(
        self,
        database: Database,
        contents: tables.Contents,
        partitions: int,
        max_behind: int,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._ids, self._starts, self._ends, self._offsets = contents
        self._by_topic: dict[str, list[Partition]] = {}
        for source in self._ids:
            self._by_topic.setdefault(source.topic, []).append(source)
        self.partitions = partitions
        """Of every topic."""
        self._max_behind = max_behind
        self._clock = clock
        self._joined: dict[str, set[str]] = {}
        self._appending: Counter[str] = Counter()
        self._grown = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @classmethod
    async def open(
        cls,
        database: Database,
        partitions: int,
        topics: Sequence[Topic] = TOPICS,
        *,
        max_behind: int = MAX_BEHIND,
        clock: Callable[[], float] = time.time,
    ) -> "EmbeddedLog":
        """Makes the tables if need be and tidies them up (`streams.embedded_upkeep`). `partitions` counts only for a
        new file: see `.partitions`. `clock` gives epoch seconds. Raises `StoreUnavailable`."""

        def prepare(connection: Any) -> tuple[tables.Contents, int]:
            kept = tables.create(connection, [topic.name for topic in topics], partitions)
            tidy(connection, topics, tables.contents(connection).ids, int(clock() * 1000))
            return tables.contents(connection), kept

        contents, kept = await database.write(prepare)
        return cls(database, contents, kept, max_behind, clock)

    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Steps 1 and 2. Raises `Overloaded` (step 4), `StoreUnavailable` and, for a topic that is not in the table,
        `ConfigurationError`."""
        if not messages:
            return
        counts = Counter(message.topic for message in messages)
        for topic in counts:
            self._refuse_when_full(topic)
        self._appending += counts
        # Once queued the write happens, whatever becomes of the caller: so its readers must be woken in any case.
        await asyncio.shield(self._keep(self._append(messages, counts)))

    async def close(self) -> None:
        """Waits for what is being appended and lets every reader end; the file stays open for its other users."""
        self._closed = True
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._wake()

    async def lag(self, group: str, topics: Collection[str]) -> int:
        """Messages of the topics that the group has not committed (of a compacted topic: offsets)."""
        return self._behind(group, self._partitions_of(topics))

    async def read(self, topic: str, limit: int) -> list[Record]:
        """The `limit` newest messages that the topic holds now, oldest of them first."""
        ids = {source: self._ids[source] for source in self._partitions_of([topic])}
        return await self._database.read(lambda connection: tables.newest(connection, ids, limit))

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        """Where the group goes on in the partitions of the topics; absent where it has committed nothing."""
        offsets = self._offsets.get(group, {})
        return {source: offsets[source] for source in self._partitions_of(topics) if source in offsets}

    async def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        """The offset after the last message of each partition of the topics."""
        return {source: self._ends[source] for source in self._partitions_of(topics)}

    async def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        """The first `limit` messages of one partition whose offsets lie in [start, end)."""
        span = tables.Span(source, self._ids[source], start)
        records = await self._database.read(lambda connection: tables.page(connection, [span], limit))
        return [record for record in records if record.offset < end]

    async def join(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        """The committed offset of each partition of the topics (0 where there is none). From now on the group counts
        for step 4, and holds what it has not read."""
        sources = self._partitions_of(topics)
        committed = {source: self._offsets.get(group, {}).get(source, 0) for source in sources}
        await self.commit(group, committed)
        self._joined.setdefault(group, set()).update(topics)
        return committed

    def starts(self, topics: Collection[str]) -> dict[Partition, int]:
        """The first offset of each partition of the topics."""
        return {source: self._starts[source] for source in self._partitions_of(topics)}

    async def commit(self, group: str, offsets: Mapping[Partition, int]) -> None:
        """Step 3: the offset after the last one handled, per partition."""
        await self._database.write(lambda connection: tables.write_offsets(connection, group, offsets, self._ids))
        self._offsets.setdefault(group, {}).update(offsets)

    async def page(self, positions: Mapping[Partition, int], limit: int) -> Page:
        """Step 3: up to `limit` records from the positions on, partitions in the order given."""
        ends = {source: self._ends[source] for source, at in positions.items() if at < self._ends[source]}
        if not ends:
            return Page([], {})
        spans = [tables.Span(source, self._ids[source], positions[source]) for source in ends]
        records = await self._database.read(lambda connection: tables.page(connection, spans, limit))
        following = {record.source: record.offset + 1 for record in records}
        if len(records) < limit:  # all was read: what is missing up to the ends was compacted or has expired
            following = {source: max(end, following.get(source, 0)) for source, end in ends.items()}
        return Page(records, following)

    async def wait(self, positions: Mapping[Partition, int]) -> None:
        """Step 2: returns when there is something after the positions. Raises `StoreUnavailable` once closed."""
        while all(self._ends[source] <= at for source, at in positions.items()):
            if self._closed:
                raise StoreUnavailable("the log is closed")
            await self._grown.wait()

    def waiting(self, positions: Mapping[Partition, int]) -> int:
        """Offsets after the positions."""
        return sum(self._ends[source] - at for source, at in positions.items())

    async def compact(self, topic: str) -> None:
        """Keeps the newest message of each key of the topic. (Done at open, too, for topics that are compacted.)"""
        ids = [self._ids[source] for source in self._partitions_of([topic])]
        for id_ in ids:
            await self._database.write(partial(compact, partition=id_))

    async def _append(self, messages: Sequence[Outgoing], counts: Counter[str]) -> None:
        try:
            by_partition: dict[Partition, list[Outgoing]] = {}
            for message in messages:
                source = Partition(message.topic, partition_of(message.key, self.partitions))
                by_partition.setdefault(source, []).append(message)
            ends = await self._database.write(
                lambda connection: tables.append(connection, by_partition, self._ids, int(self._clock() * 1000))
            )
        finally:
            self._appending -= counts
        self._ends.update(ends)  # the writer answers in its own order
        self._wake()

    def _wake(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    def _refuse_when_full(self, topic: str) -> None:
        sources = self._partitions_of([topic])
        for group, topics in self._joined.items():
            behind = self._behind(group, sources) + self._appending[topic] if topic in topics else 0
            if behind >= self._max_behind:
                raise Overloaded(f"{group} is {behind} messages behind on {topic}: send again when it has caught up")

    def _behind(self, group: str, sources: Collection[Partition]) -> int:
        committed = self._offsets.get(group, {})
        return sum(self._ends[at] - max(committed.get(at, 0), self._starts[at]) for at in sources)

    def _partitions_of(self, topics: Collection[str]) -> list[Partition]:
        try:
            return [source for topic in topics for source in self._by_topic[topic]]
        except KeyError as error:
            raise ConfigurationError(f"{error} is not in the table of topics, streams/topics.py") from error

    def _keep(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
