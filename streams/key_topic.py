"""The topic `attune.keys`: what the store has of people's keys stands there, too, and comes back from there.

A wrapped key stands under `MAILBOX.KEY-ID`. That all keys of a mailbox were destroyed stands under `MAILBOX` alone, for
ever: it must outlast a loss of the store, as the keys do. Order between them does not matter, so partitions can be read
one after the other: what is destroyed takes no key, whichever comes first.

The store keeps two marks of each partition, each one more than an offset, so that 1 says that it has begun. It has
everything up to the lower one. It is caught up page by page:

1. Add: the page's keys, and that some are destroyed.
2. Mark, with the mark before as the floor: a store that was wiped meanwhile keeps no mark that would hide it.
3. Look: a store that fell back by a second between 1 and 2 has the mark before, but not the page. That it lacks
   something shows, and the page is read again. A loss from here on takes the mark of step 2 with the page.
4. Mark that it was looked. A crash before that leaves this mark where it was, and the page is read again, too.

So a store that was wiped has no marks, and one that has lost its last second has lost the marks of that second first.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

from streams.contract import History, Outgoing, Partition, Producer, Record
from streams.partitioning import partition_of
from streams.replay import Span, pages
from streams.sealing import ID_SIZE
from streams.topics import KEYS
from workers.errors import StoreUnavailable
from workers.ports import Store

_LOG = logging.getLogger(__name__)

_LOOKED = f"{KEYS}/looked"
_MAILBOX_SIZE = 32
_DESTROYED = b"destroyed"
_ROLL = b"roll"
_MOST_NULLED = 50_000
"""Remembered: 10 MB. What is forgotten here is nulled once more."""


class KeyTopic:
    """`producer` and `history` are those of the log itself. `erase_owners` erases whoever the store still holds of
    some mailboxes. All methods raise `BrokerUnavailable`, and those that ask the store `StoreUnavailable`."""

    def __init__(
        self,
        store: Store,
        producer: Producer,
        history: History,
        erase_owners: Callable[[Collection[bytes]], Awaitable[None]],
    ) -> None:
        self._store = store
        self._producer = producer
        self._history = history
        self._erase_owners = erase_owners
        self._nulled: dict[tuple[bytes, bytes], None] = {}
        self._ends: Mapping[Partition, int] = {}
        self._catching_up = asyncio.Lock()

    async def write(self, keys: Mapping[bytes, bytes]) -> None:
        """One wrapped key for each mailbox. Returns when they are durable."""
        await self._producer.send([Outgoing(KEYS, _name(mailbox, one), one) for mailbox, one in keys.items()])

    async def null(self, mailbox: bytes, wrapped: Iterable[bytes]) -> None:
        await self._producer.send([Outgoing(KEYS, _name(mailbox, one), None) for one in wrapped])

    async def null_late(self, keys: Collection[tuple[bytes, bytes]]) -> None:
        """By mailbox and id, of mailboxes that are destroyed. While the store was away somebody may have made one after
        that, which only the topic knows of, and what it sealed: its readers null it, each once."""
        for mailbox, key in keys:
            if (mailbox, key) not in self._nulled:
                await self.null(mailbox, [key])
                self._nulled[mailbox, key] = None
        while len(self._nulled) > _MOST_NULLED:
            del self._nulled[next(iter(self._nulled))]

    async def say_destroyed(self, mailbox: bytes) -> None:
        await self._producer.send([Outgoing(KEYS, mailbox, _DESTROYED)])

    async def is_known(self) -> bool:
        """Whether the store has ever been caught up: a new one has not, and one that was wiped."""
        return bool(self._ends and await self._marks(self._ends))

    async def is_held(self) -> bool:
        """Whether the store still has all that it was last caught up with."""
        marks = await self._marks(self._ends)
        return all(marks.get(source, 0) > end for source, end in self._ends.items())

    async def catch_up(self) -> None:
        """Brings the store what the topic has and its marks say that it has not. One at a time. `StoreUnavailable`
        where it loses that meanwhile, too."""
        async with self._catching_up:
            self._ends = await self._history.ends([KEYS])
            marks = await self._marks(self._ends)
            for source, end in self._ends.items():
                if (mark := marks.get(source, 0)) <= end:
                    mark = mark or await self._mark([source, _looked(source)], 0, 1)
                    await self._restore(source, Span(mark - 1, end))

    async def roll(self) -> None:
        """A message to every partition: a broker closes a file only when it is written to (`streams.topics`)."""
        count = len(await self._history.ends([KEYS]))
        names = {partition_of(name, count): name for name in (b"%b.%d" % (_ROLL, n) for n in range(20 * count))}
        await self._producer.send([Outgoing(KEYS, name, _ROLL) for name in names.values()])

    async def _restore(self, source: Partition, span: Span) -> None:
        _LOG.info("the store reads %d messages of a partition of %s", span.end - span.start, KEYS)
        mark = span.start + 1
        async for page in pages(self._history, source, span):
            before, mark = mark, page[-1].offset + 2
            # 1. Add
            keys, destroyed = _keys_in(page), [record.key or b"" for record in page if record.value == _DESTROYED]
            await self._store.add_keys(keys)
            await self._destroy(destroyed)
            # 2. Mark
            await self._mark([source], before, mark)
            # 3. Look
            await self._look(keys, destroyed)
            # 4. Mark that it was looked
            await self._mark([_looked(source)], before, mark)
        await self._mark([source, _looked(source)], mark, span.end + 1)  # what was left is compacted

    async def _destroy(self, mailboxes: Collection[bytes]) -> None:
        """Where that is news to the store it has lost it, and may have lost that their owners were erased: they go
        first, because nobody finds them again once it is no news any more."""
        known = await self._store.read_keys(mailboxes)
        if news := [mailbox for mailbox in mailboxes if known.get(mailbox) != ()]:
            await self._erase_owners(news)
            await self._store.destroy_keys(news)

    async def _look(self, keys: Mapping[bytes, list[bytes]], destroyed: Collection[bytes]) -> None:
        """Raises `StoreUnavailable` where the store lacks something of the page."""
        held = await self._store.read_keys({*keys, *destroyed})
        lacks = any(held.get(one) != () and not {*added} <= {*held.get(one, ())} for one, added in keys.items())
        if lacks or any(held.get(one) != () for one in destroyed):
            raise StoreUnavailable("the store was emptied while it was caught up with the keys: it is done again")

    async def _marks(self, sources: Collection[Partition]) -> dict[Partition, int]:
        """Up to where the store has everything; those of which it has nothing are left out."""
        stored = await self._store.marks([*sources, *map(_looked, sources)])
        lower = {source: min(stored.get(source, 0), stored.get(_looked(source), 0)) for source in sources}
        return {source: mark for source, mark in lower.items() if mark}

    async def _mark(self, names: Collection[Partition], before: int, after: int) -> int:
        await self._store.commit([], dict.fromkeys(names, after), dict.fromkeys(names, before))
        return after


def _looked(source: Partition) -> Partition:
    """Under which the store keeps the mark of step 4."""
    return Partition(_LOOKED, source.number)


def _name(mailbox: bytes, wrapped: bytes) -> bytes:
    return b"%b.%b" % (mailbox, wrapped[:ID_SIZE].hex().encode())


def _keys_in(page: Iterable[Record]) -> dict[bytes, list[bytes]]:
    keys: dict[bytes, list[bytes]] = {}
    for record in page:
        mailbox, value = (record.key or b"")[:_MAILBOX_SIZE], record.value
        if value is not None and record.key == _name(mailbox, value):
            keys.setdefault(mailbox, []).append(value)
    return keys
