"""What the agents do where the store stands behind the log that they have consumed: after a loss of the store.

1. Lost is, of a partition whose mark lies below the offset that the group has committed, all from its mark on. What a
   worker had in hand when the store was lost lies behind the committed offsets (whether or not it is below the mark: a
   user may have been left for another round), and readers may have seen what came of it. So all partitions in hand
   are read, from the lower of both, up to where they ended when the loss was found.
2. Wait until the embedder has embedded again what it had: an event whose item is not known, or an edit whose words are
   not, would wait for a minute of the log's own time and then become a dead-letter.
3. Find the last message of each person in it, and what readers hold of these people (`streams.readers`).
4. Replay it in the canonical order (`streams.replay`), through the very stage: a consumer that starts earlier reads
   its topics side by side, and an edit of last week would come before the clicks that it was about.
5. With a person's last message, in one commit, the profile goes on under a number that readers take. A crash before
   that finds the message beyond the marks, and one after it the number in the state.
6. Publish what was committed and not sent when the process before this one ended: nothing would bring those messages
   again, since they are below the marks.
7. Go on at the committed offsets.

A crash in between begins again at the marks as they are then. What the log does not hold any more (`retention_ms` in
`streams.topics`) is lost.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from schemas.profile import Cause
from streams.contract import History, Partition, Record
from streams.embedder import EmbedderStage
from streams.mailboxes import read_event
from streams.partitioning import partition_of
from streams.readers import Readers, readers_of
from streams.replay import Span, in_batches, replay
from streams.sealing import mailbox_of
from streams.topics import CATALOG, INTERACTIONS
from streams.watermarks import Watermarks
from workers.errors import Unavailable
from workers.mailbox import Change, Event, Folded
from workers.ports import Store

BATCH = 500

_Place = tuple[Partition, int]


@dataclass(frozen=True, slots=True)
class Part:
    """A batch of a replay. `complete` are the people whose last message it holds."""

    batch: list[Record]
    complete: frozenset[str]
    readers: Readers

    def ended(self, user: str, folded: Folded, now: float) -> None:
        """Step 5. `now` is in epoch seconds: readers learn of it then."""
        if user not in self.complete:
            return
        state, number = folded.state, self.readers.number_for(user, folded.state)
        if number > state.version:
            state.version = number
            folded.changes.append(Change(number, Cause.DEMAND, len(state.interests), 0, round(now * 1000)))


class Recovery:
    """Of one group. `embedders` is the group of the embedders in whose space profiles live now; `key` makes the
    pseudonyms that readers know."""

    def __init__(
        self, history: History, store: Store, group: str, embedders: Callable[[], Awaitable[str]], *, key: bytes
    ) -> None:
        self._history = history
        self._store = store
        self._group = group
        self._embedders = embedders
        self._key = key
        self._ends: dict[Partition, int] = {}
        """Since the loss was found: while messages come, no embedder would ever stand at ends that are asked anew."""

    async def lost(self, marks: Mapping[Partition, int]) -> dict[Partition, Span]:
        """Step 1. Raises `BrokerUnavailable`."""
        committed = await self._history.committed(self._group, {partition.topic for partition in marks})
        if all(committed.get(partition, 0) <= mark for partition, mark in marks.items()):
            self._ends = {}
            return {}
        if not self._ends.keys() >= marks.keys():
            self._ends = await self._history.ends({partition.topic for partition in marks})
        places = {partition: committed.get(partition, 0) for partition in marks}
        spans = {
            partition: Span(min(marks[partition], place), max(place, self._ends[partition]))
            for partition, place in places.items()
        }
        return {partition: span for partition, span in spans.items() if span.start < span.end}

    async def parts(self, lost: Mapping[Partition, Span], space: str) -> AsyncIterator[Part]:
        """Steps 2 to 4. `space` is any. Raises `Unavailable` while the embedder is at work."""
        last = await self._last_messages(lost)
        readers: Readers | None = None
        async for batch in in_batches(replay(self._history, lost), BATCH):
            if readers is None:
                await self._wait_for_the_embedder(lost)
                providers = (await self._store.read((), (), space)).providers
                readers = await readers_of(self._history, [key.decode() for key in last], providers, self._key)
            ended = (one.key for one in batch if one.key is not None and last.get(one.key) == _place(one))
            yield Part(batch, frozenset(key.decode() for key in ended), readers)
        self._ends = {}

    async def unpublished(self, assigned: Collection[Partition]) -> list[str]:
        """Step 6: the users of these partitions who have something in the outbox."""
        if not (pending := await self._store.pending()):
            return []
        count = len(await self._history.ends([INTERACTIONS]))
        numbers = {partition.number for partition in assigned}
        return [user for user in pending if partition_of(mailbox_of(self._key, user), count) in numbers]

    async def items_are_there(self) -> None:
        """Raises `Unavailable` where the store has lost items and the embedder is not done with them: it does not know
        all providers then."""
        committed = await self._history.committed(await self._embedders(), [CATALOG])
        await self._wait_up_to(committed, "nobody can be erased before it is known which providers there are")

    async def _last_messages(self, lost: Mapping[Partition, Span]) -> dict[bytes, _Place]:
        """By key. Of a million people 300 MB; the second reading of the log costs a fiftieth of the folding."""
        last: dict[bytes, _Place] = {}
        async for record in replay(self._history, lost):
            if isinstance(event := read_event(record), Event):
                last[event.message.user.encode()] = _place(record)
        return last

    async def _wait_for_the_embedder(self, lost: Mapping[Partition, Span]) -> None:
        """By its marks and not by its lag: it may not have noticed yet that its items are gone."""
        if CATALOG not in {partition.topic for partition in self._ends}:
            self._ends |= await self._history.ends([CATALOG])
        ends = {partition: end for partition, end in self._ends.items() if partition.topic == CATALOG}
        ends |= {partition: lost[partition].end for partition in lost if partition.topic in EmbedderStage.topics}
        await self._wait_up_to(ends, "profiles are rebuilt from the log after that")

    async def _wait_up_to(self, ends: Mapping[Partition, int], what: str) -> None:
        marks = await self._embedded(ends)
        for partition, end in ends.items():
            if marks[partition] < end and await self._history.span(partition, marks[partition], end, 1):
                raise Unavailable(
                    f"the catalog is being embedded again, and {what}: this takes as long as it took the first time,"
                    " and needs an embedder that runs"
                )

    async def _embedded(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        return await Watermarks(self._store, await self._embedders()).resume(partitions)


def _place(record: Record) -> _Place:
    return record.source, record.offset
