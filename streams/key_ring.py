"""The keys with which people's messages are sealed: made, found, brought back after a loss, destroyed.

Each key lies wrapped in two places: in the store, where it is looked up, and on the compacted topic `attune.keys`, from
which a store that has lost it gets it again (`streams.key_topic`).

A key is made when something is to be sealed for a mailbox that has none:

1. Look: a store that has not what it was caught up with from here is new to us, was wiped or fell back. It is caught up
   first, or a mailbox whose keys were destroyed would get a new one.
2. Write the new key to the topic, and wait until it is durable.
3. Add it to the store, which keeps the order: of several who do this at once all seal with the first one. So nothing is
   ever sealed with a key that is not on the topic.

Where the store does not answer, step 1 and 3 are left out: people's messages are taken while it is away, as ever. A key
made so comes to the store when it is caught up for the first record sealed with it; should the mailbox be destroyed,
that record is dropped like any other, and whoever reads it nulls the key on the topic.

A record whose key the store has not, and has not destroyed: the store is caught up with the topic (once for a loss, and
not for each record) and asked again. A key that is not on the topic either was never ours: the record stays as it is.

A key is destroyed:

1. Catch the store up, so that no key of the mailbox is overlooked.
2. Write to the topic that they are destroyed, and wait until that is durable: a store that was wiped knows only by it
   that what no key opens any more was somebody's who is forgotten.
3. Null each of them on the topic. Who catches the store up nulls what is left there of a destroyed mailbox.
4. Look: a store that fell back since the erasure began has lost the tombstone. Whom it has back is erased again.
5. Destroy them in the store, as long as it has lost nothing since 4 began.
6. Drop them here, and have the embedded log compacted.

A crash before step 5 leaves everything readable, and who asked asks again. A store that falls back behind step 5 has
the keys again, and nobody may ever ask for them: one role catches it up every few seconds (`timers`), and what the
topic calls destroyed is destroyed once more. What remains for a while: other processes hold a key for up to `LIFE`
seconds; Kafka's brokers keep the bytes of what was nulled until they compact the topic (`streams.topics`: half an hour
as a rule), and Redis those in its append-only file until it rewrites that. There they are wrapped: to read with them
takes the installation's secret as well.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from streams.contract import History, Outgoing, Producer, Record, Timer
from streams.erasure import erase_again, erase_owners
from streams.key_topic import KeyTopic
from streams.sealing import (
    KEY_SIZE,
    NONCE_SIZE,
    DoesNotOpen,
    SealingKey,
    forgotten,
    key_id,
    mailbox_in,
    mailbox_of,
    may_open,
    open_record,
    seal,
    sealed_for,
    unwrap,
    wrap,
    wrapping_key,
)
from workers.errors import ConfigurationError, StoreUnavailable
from workers.ports import Store

LIFE = 30.0
"""Seconds for which a key is kept here after it was read: half the time within which an erasure must be over."""

MOST = 50_000
"""Mailboxes whose keys are kept here: 25 MB. A mailbox beyond them only costs another question to the store."""

ROLL = 600.0
"""Seconds between two messages to every partition of the topic (`streams.topics` says what for)."""

CATCH_UP = 5.0
"""Seconds between two looks whether the store has what the topic has: two small calls, as in `streams.watermarks`."""

AWAY = 5.0
"""Seconds for which a store that did not answer is not asked by those who seal: each question may take as long."""

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Held:
    """The keys of one mailbox as the store had them, by their ids. None to seal with: destroyed, or none yet."""

    keys: Mapping[bytes, bytes]
    to_seal: SealingKey | None
    destroyed: bool
    until: float

    def settles(self, key: bytes) -> bool:
        """Whether it is clear what becomes of what was sealed with that one."""
        return self.destroyed or key in self.keys


_NONE = _Held({}, None, destroyed=False, until=0.0)


class KeyRing:
    """`streams.contract.Keys`. `producer` and `history` are those of the log itself, not sealed. `now` is in seconds,
    from any moment on. `compact` rids the log of what was overwritten, where that is not the broker's own affair."""

    def __init__(
        self,
        store: Store,
        producer: Producer,
        history: History,
        secret: bytes,
        *,
        now: Callable[[], float] = time.monotonic,
        random: Callable[[int], bytes] = os.urandom,
        compact: Callable[[], Awaitable[None]] | None = None,
        most: int = MOST,
    ) -> None:
        self._store = store
        self._producer = producer
        self._topic = KeyTopic(store, producer, history, partial(erase_owners, store, producer, secret))
        self._secret = secret
        self._wrapping = wrapping_key(secret)
        self._now = now
        self._random = random
        self._compact = compact
        self._most = most
        self._held: dict[bytes, _Held] = {}
        self._mailboxes: dict[str, bytes] = {}
        self._nowhere: dict[tuple[bytes, bytes], float] = {}
        """By mailbox and id: neither the store nor the topic had it; until when that is believed."""
        self._wanted: dict[bytes, None] = {}
        """Mailboxes for which a key is waited for, in the order of asking."""
        self._away_until = 0.0
        self._making = asyncio.Lock()
        catching_up, rolling = Timer(CATCH_UP, self._topic.catch_up), Timer(ROLL, self._topic.roll)
        self.timers: tuple[Timer, ...] = () if compact is not None else (catching_up, rolling)
        """For one role of the installation (several do no harm)."""

    def mailbox(self, user: str) -> bytes:
        """Under which the log has the user's messages."""
        if (known := self._mailboxes.get(user)) is None:
            known = mailbox_of(self._secret, user)
            self._put(self._mailboxes, user, known)
        return known

    async def seal(self, messages: Sequence[Outgoing]) -> list[Outgoing]:
        owners = [sealed_for(message, self.mailbox) for message in messages]
        held = await self._to_seal({owner for owner in owners if owner is not None})
        sealed: list[Outgoing] = []
        for message, owner in zip(messages, owners, strict=True):
            if owner is None:
                sealed.append(message)
            elif (key := held[owner].to_seal) is not None:
                sealed.append(seal(message, owner, key, self._random(NONCE_SIZE)))
        return sealed

    async def open(self, records: Sequence[Record]) -> list[Record]:
        asked = {(mailbox_in(record), key_id(record.value)) for record in records if may_open(record)}
        if not asked:
            return list(records)
        held = await self._to_open(asked)
        return [_opened(record, held) for record in records]

    async def destroy(self, user: str) -> None:
        mailbox = self.mailbox(user)
        # 1. Catch up
        await self._topic.catch_up()
        # 2. Write
        await self._topic.say_destroyed(mailbox)
        # 3. Null
        await self._topic.null(mailbox, (await self._store.read_keys([mailbox])).get(mailbox, ()))
        # 4. Look
        life = await self._store.life()
        known = (await self._store.read([user], (), "")).users.get(user)
        if known and not known.forgotten:
            await erase_again(self._store, self._producer, self._secret, user)
        # 5. Destroy
        await self._store.destroy_keys([mailbox], life)
        # 6. Drop
        self._keep({mailbox: ()})
        if self._compact is not None:
            await self._compact()

    async def destroyed(self, user: str) -> bool:
        return bool(await self.destroyed_among([user]))

    async def destroyed_among(self, users: Collection[str]) -> set[str]:
        """As the store has it; one that was wiped, or fell back behind its marks, is caught up first."""
        if not await self._topic.is_held():
            await self._topic.catch_up()
        held = await self._read({self.mailbox(user) for user in users})
        return {user for user in users if held[self.mailbox(user)].destroyed}

    async def _to_seal(self, mailboxes: Collection[bytes]) -> dict[bytes, _Held]:
        if self._now() >= self._away_until:
            try:
                held = await self._fresh(mailboxes)
                lacking = _without_key(held)
                return held | await self._make(lacking) if lacking else held
            except StoreUnavailable:
                self._away_until = self._now() + AWAY
        return await self._without_store(mailboxes)

    async def _make(self, mailboxes: Collection[bytes]) -> dict[bytes, _Held]:
        """With those of all others who wait for one: each by itself would be four calls behind a lock."""
        self._wanted.update(dict.fromkeys(mailboxes))
        async with self._making:
            held = self._kept(mailboxes)  # whoever waited before us may have made ours
            if held.keys() >= set(mailboxes) and not _without_key(held):
                return held
            together, self._wanted = self._wanted | dict.fromkeys(mailboxes), {}
            return await self._make_together(together)

    async def _make_together(self, mailboxes: Collection[bytes]) -> dict[bytes, _Held]:
        # 1. Look
        if not await self._topic.is_held():
            await self._topic.catch_up()
        held = await self._read(mailboxes)
        made = await self._written(_without_key(held))
        # 3. Add
        return held | self._keep(await self._store.add_keys(made)) if made else held

    async def _without_store(self, mailboxes: Collection[bytes]) -> dict[bytes, _Held]:
        """Keys that were read a while ago are as good, and others are made."""
        async with self._making:
            held = {mailbox: self._held.get(mailbox, _NONE) for mailbox in mailboxes}
            return held | self._keep(await self._written(_without_key(held)))

    async def _written(self, mailboxes: Collection[bytes]) -> dict[bytes, tuple[bytes, ...]]:
        """A new key for each. 2. Write"""
        made = {mailbox: self._new_key(mailbox) for mailbox in mailboxes}
        await self._topic.write(made)
        return {mailbox: (one,) for mailbox, one in made.items()}

    async def _to_open(self, asked: Collection[tuple[bytes, bytes]]) -> dict[bytes, _Held]:
        held = await self._fresh({mailbox for mailbox, _ in asked})
        if lacking := self._lacking(asked, held):
            held |= await self._read({mailbox for mailbox, _ in lacking})  # it may be newer than what is kept here
        if (lacking := self._lacking(asked, held)) or self._topic.is_part_way:
            await (self._topic.catch_up() if lacking else self._topic.come_to_end())
            held = await self._read(held)
        if lacking := self._lacking(asked, held):
            if not await self._topic.is_held():
                raise StoreUnavailable("the store was emptied while it was caught up with the keys: it is done again")
            for place in lacking:
                self._put(self._nowhere, place, self._now() + LIFE)
        await self._topic.null_late({one for one in asked if held[one[0]].destroyed})
        return held

    def _lacking(self, asked: Iterable[tuple[bytes, bytes]], held: Mapping[bytes, _Held]) -> list[tuple[bytes, bytes]]:
        """Keys that may be somewhere, and not here."""
        now = self._now()
        return [one for one in asked if not held[one[0]].settles(one[1]) and self._nowhere.get(one, now) <= now]

    async def _fresh(self, mailboxes: Collection[bytes]) -> dict[bytes, _Held]:
        """What is kept here, or read where there is none, or none that is new enough."""
        held = self._kept(mailboxes)
        stale = [mailbox for mailbox in mailboxes if mailbox not in held]
        return held | await self._read(stale) if stale else held

    def _kept(self, mailboxes: Collection[bytes]) -> dict[bytes, _Held]:
        now = self._now()
        return {mailbox: one for mailbox in mailboxes if (one := self._held.get(mailbox)) and one.until > now}

    async def _read(self, mailboxes: Collection[bytes]) -> dict[bytes, _Held]:
        found = await self._store.read_keys(mailboxes)
        return self._keep({mailbox: found.get(mailbox) for mailbox in mailboxes})

    def _keep(self, found: Mapping[bytes, tuple[bytes, ...] | None]) -> dict[bytes, _Held]:
        until = self._now() + LIFE
        held = {mailbox: self._unwrapped(mailbox, wrapped, until) for mailbox, wrapped in found.items()}
        for mailbox, one in held.items():
            self._put(self._held, mailbox, one)
        return held

    def _unwrapped(self, mailbox: bytes, wrapped: tuple[bytes, ...] | None, until: float) -> _Held:
        try:
            keys = [unwrap(self._wrapping, mailbox, one) for one in wrapped or ()]
        except DoesNotOpen as error:
            raise ConfigurationError(
                "the keys that seal what the log holds were wrapped with another secret: set ATTUNE_SECRET, for every"
                " role, to the one that this installation began with"
            ) from error
        return _Held(dict(keys), keys[0] if keys else None, wrapped == (), until)

    def _new_key(self, mailbox: bytes) -> bytes:
        return wrap(self._wrapping, mailbox, self._random(KEY_SIZE), self._random(NONCE_SIZE))

    def _put(self, kept: dict[K, V], name: K, value: V) -> None:
        """At the end; what was put longest ago goes."""
        kept.pop(name, None)
        kept[name] = value
        while len(kept) > self._most:
            del kept[next(iter(kept))]


def _without_key(held: Mapping[bytes, _Held]) -> list[bytes]:
    """Those who need one."""
    return [mailbox for mailbox, one in held.items() if one.to_seal is None and not one.destroyed]


def _opened(record: Record, held: Mapping[bytes, _Held]) -> Record:
    if not may_open(record):
        return record
    own = held[mailbox_in(record)]
    if own.destroyed:
        return forgotten(record)
    key = own.keys.get(key_id(record.value))
    if key is None:
        return record
    try:
        return open_record(record, key)
    except DoesNotOpen:  # whoever reads it finds that it is no message, and sets it aside
        return record
