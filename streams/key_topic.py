"""The topic `attune.keys`: what the store has of people's keys stands there, too, and comes back from there.

A wrapped key stands under `MAILBOX.KEY-ID`. That all keys of a mailbox were destroyed stands under `MAILBOX` alone, for
ever: it must outlast a loss of the store, as the keys do. Order between them does not matter, so partitions can be read
one after the other: what is destroyed takes no key, whichever comes first.

The store has everything up to its mark of each partition, which is one more than an offset: an empty partition has one
as well. It is caught up:

1. Ask for the store's life, and then for its marks.
2. Add, page by page: the keys, and that some are destroyed. Before that whoever the store holds of these is erased, and
   in that life only: a store that has brought them back since takes it for news the next time, too.
3. Mark, in that life only: a store that was lost since 1, wholly or by a second, takes no mark over the hole.

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
from workers.ports import Store

_LOG = logging.getLogger(__name__)

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
        self._begun = self._ended = 0
        """Times that it was caught up: the last that was begun, and the last that came to its end."""
        self.is_part_way = False
        """Whether what the store lacked is being brought to it, or that broke off: it may have the key that somebody
        missed, and not what else there is (`come_to_end`)."""

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

    async def is_held(self) -> bool:
        """Whether the store was caught up from here, and still has all that it was caught up with then."""
        if self.is_part_way:
            await self.come_to_end()
        if not self._ends:
            return False
        marks = await self._store.marks(self._ends)
        return all(marks.get(source, 0) > end for source, end in self._ends.items())

    async def catch_up(self) -> None:
        """Brings the store what the topic has by now and its marks say that it has not. `StoreUnavailable` where it
        loses that meanwhile, too. All who ask while one is under way share the next one."""
        await self._caught_up(self._begun + 1)

    async def come_to_end(self) -> None:
        """Returns when the one under way has; one that broke off is done again."""
        await self._caught_up(self._begun)

    async def _caught_up(self, wanted: int) -> None:
        async with self._catching_up:
            if self._ended >= wanted:
                return
            self._begun += 1
            ends = await self._history.ends([KEYS])
            # 1. Ask
            life = await self._store.life()
            marks = await self._store.marks(ends)
            lacking = {
                source: Span(max(mark - 1, 0), end)
                for source, end in ends.items()
                if (mark := marks.get(source, 0)) <= end
            }
            self.is_part_way = self.is_part_way or bool(lacking)
            for source, span in lacking.items():
                await self._restore(source, span, life)
            self._ends, self._ended, self.is_part_way = ends, self._begun, False

    async def roll(self) -> None:
        """A message to every partition: a broker closes a file only when it is written to (`streams.topics`)."""
        count = len(await self._history.ends([KEYS]))
        names = {partition_of(name, count): name for name in (b"%b.%d" % (_ROLL, n) for n in range(20 * count))}
        await self._producer.send([Outgoing(KEYS, name, _ROLL) for name in names.values()])

    async def _restore(self, source: Partition, span: Span, life: str) -> None:
        _LOG.info("the store reads %d messages of a partition of %s", span.end - span.start, KEYS)
        async for page in pages(self._history, source, span):
            # 2. Add
            keys = _keys_in(page)
            await self._null_left(keys, await self._store.add_keys(keys))
            await self._destroy([record.key or b"" for record in page if record.value == _DESTROYED], life)
            # 3. Mark
            await self._store.mark({source: page[-1].offset + 2}, {}, life)
        await self._store.mark({source: span.end + 1}, {}, life)  # what was left is compacted

    async def _null_left(
        self, keys: Mapping[bytes, Collection[bytes]], held: Mapping[bytes, Collection[bytes]]
    ) -> None:
        """Those of the keys that stand on the topic though the store holds their mailbox for destroyed: whoever
        destroyed it did not come so far."""
        gone = {mailbox for mailbox, one in held.items() if not one}
        await self.null_late({(mailbox, one[:ID_SIZE]) for mailbox in gone for one in keys.get(mailbox, ())})

    async def _destroy(self, mailboxes: Collection[bytes], life: str) -> None:
        """Where that is news to the store it has lost it, and may have lost that their owners were erased: they go
        first, because nobody finds them again once it is no news any more. If they are back by then, it stays news."""
        known = await self._store.read_keys(mailboxes)
        if news := [mailbox for mailbox in mailboxes if known.get(mailbox) != ()]:
            await self._erase_owners(news)
            await self._null_left(known, dict.fromkeys(news, ()))
            await self._store.destroy_keys(news, life)


def _name(mailbox: bytes, wrapped: bytes) -> bytes:
    return b"%b.%b" % (mailbox, wrapped[:ID_SIZE].hex().encode())


def _keys_in(page: Iterable[Record]) -> dict[bytes, list[bytes]]:
    keys: dict[bytes, list[bytes]] = {}
    for record in page:
        mailbox, value = (record.key or b"")[:_MAILBOX_SIZE], record.value
        if value is not None and record.key == _name(mailbox, value):
            keys.setdefault(mailbox, []).append(value)
    return keys
