"""Where everything lies in Redis.

Users are spread over 64 buckets by a hash of their id, items and mailboxes over 64 of their own. All keys of a bucket
share a hash tag, so that one script may touch them all and Redis Cluster may move the bucket as one:

    {attune:07}:user:ID            HASH  rev, state; wait, since: the job that waits; run, token, progress:
                                         the job that runs
    {attune:07}:outbox:ID          ZSET  entries of `codec.pack_outbox`, scored by revision
    {attune:07}:gone               SET   SHA-256 of the ids of forgotten users
    {attune:07}:pending            SET   users with something in the outbox
    {attune:07}:names              SET   names of the indexes by time
    {attune:07}:times:NAME:...     an index by time, see `Index`
    {attune:07}:jobs:...           the jobs, indexed by the time since when they wait
    {attune:07}:token              STRING the last fencing token
    {attune-items:07}:item:KEY     HASH  space -> `codec.pack_item`
    {attune-items:07}:providers    HASH  provider -> how many items of this bucket it has
    {attune-items:07}:keys         SET   the keys of all items of this bucket
    {attune-items:07}:gone         ZSET  the keys of items that were deleted in the last hour, by that time
    {attune-keys:07}:keys          HASH  mailbox -> its wrapped keys, each behind a byte that is its length
    {attune-keys:07}:gone          SET   mailboxes whose keys were destroyed
    {attune-keys:07}:own:MAILBOX   HASH  space/key of an item that the person brought -> its standing, a line's end,
                                         `codec.pack_item`: beside the keys, since both end in one step; an empty
                                         field: nothing more is taken
    {attune-keys:07}:owners        SET   mailboxes of whom there is such an item
    {attune-providers}:names       SET   every provider that has an item
    {attune-providers}:writes      HASH  provider -> how often its items were written
    attune:words:SPACE             HASH  digest of the words -> vector
    {attune-bank:SPACE}:sightings  HASH  candidate for the bank -> lines of `bank_codec`, one an item that shows it
    {attune-bank:SPACE}:touched    ZSET  candidate -> when it was last sighted, counted in sightings
    {attune-bank:SPACE}:clock      STRING how many sightings there were
    {attune-bank:SPACE}:grown      HASH  phrase that the bank has grown by -> 1
    {attune-bank:SPACE}:list       LIST  the same phrases, packed, in order
    attune:marks                   HASH  topic:partition -> high-water mark
    {attune:marks}:data            STRING a random name of all that is here, which goes with it
    attune:budget:PERIOD:ACCOUNT   HASH  calls, tokens: what was spent; goes by itself
"""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple, Self, TypeVar

from workers.ports import Partition

T = TypeVar("T")

BUCKETS = 64
"""Enough that a cluster of a dozen shares them out evenly, few enough that asking all of them is one pipeline."""

PROVIDERS = b"{attune-providers}:names"
PROVIDER_WRITES = b"{attune-providers}:writes"
MARKS = b"attune:marks"
DATA_NAME = b"{attune:marks}:data"


RECORD = b":user:"
USER_RECORDS = b"{attune:??}" + RECORD
"""How the key of every user's record begins, as Redis matches names."""

UNSHED = b"attune:unshed"
"""Whether something was deleted that Redis's files still have (`redis_shedding`)."""


class Index(NamedTuple):
    """Users by time, in three keys: who may be claimed, who is in somebody's hands until when, and the time to put the
    latter back to."""

    ready: bytes
    """ZSET user -> time."""
    leased: bytes
    """ZSET user -> end of the lease."""
    origin: bytes
    """HASH user -> time, for those leased."""

    @classmethod
    def at(cls, prefix: bytes) -> Self:
        return cls(prefix + b":ready", prefix + b":leased", prefix + b":origin")


class UserBucket:
    """The keys of one bucket of users."""

    def __init__(self, number: int) -> None:
        self._tag = b"{attune:%02d}:" % number
        self.gone = self._tag + b"gone"
        self.pending = self._tag + b"pending"
        self.names = self._tag + b"names"
        self.token = self._tag + b"token"
        self.jobs = Index.at(self._tag + b"jobs")

    def times(self, name: str) -> Index:
        return Index.at(b"%btimes:%b" % (self._tag, name.encode()))

    def record(self, user: bytes) -> bytes:
        return b"%buser:%b" % (self._tag, user)

    def outbox(self, user: bytes) -> bytes:
        return b"%boutbox:%b" % (self._tag, user)


class ItemBucket:
    """The keys of one bucket of items."""

    def __init__(self, number: int) -> None:
        self._tag = b"{attune-items:%02d}:" % number
        self.providers = self._tag + b"providers"
        self.keys = self._tag + b"keys"
        self.gone = self._tag + b"gone"

    def item(self, key: str) -> bytes:
        return b"%bitem:%b" % (self._tag, key.encode())


class KeyBucket:
    """The keys of one bucket of mailboxes: what Redis calls keys, of what seals."""

    def __init__(self, number: int) -> None:
        self._tag = b"{attune-keys:%02d}:" % number
        self.keys = self._tag + b"keys"
        self.gone = self._tag + b"gone"
        self.owners = self._tag + b"owners"

    def own(self, mailbox: bytes) -> bytes:
        return b"%bown:%b" % (self._tag, mailbox)


class BankKeys:
    """The keys of what the bank of one space grows by."""

    def __init__(self, space: str) -> None:
        tag = b"{attune-bank:%b}:" % space.encode()
        self.sightings = tag + b"sightings"
        self.touched = tag + b"touched"
        self.clock = tag + b"clock"
        self.grown = tag + b"grown"
        self.list = tag + b"list"


@dataclass(frozen=True, slots=True)
class UserKey:
    """One user as the scripts name them."""

    user: str
    name: bytes = field(init=False)
    digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        name = self.user.encode()
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "digest", sha256(name).digest())

    @property
    def bucket(self) -> int:
        return self.digest[0] % BUCKETS


USER_BUCKETS = tuple(map(UserBucket, range(BUCKETS)))
ITEM_BUCKETS = tuple(map(ItemBucket, range(BUCKETS)))
KEY_BUCKETS = tuple(map(KeyBucket, range(BUCKETS)))


def grouped(values: Iterable[T], bucket_of: Callable[[T], int]) -> dict[int, list[T]]:
    """In the order given within a bucket."""
    buckets: dict[int, list[T]] = {}
    for value in values:
        buckets.setdefault(bucket_of(value), []).append(value)
    return buckets


def item_bucket(key: str) -> int:
    return zlib.crc32(key.encode()) % BUCKETS


def key_bucket(mailbox: bytes) -> int:
    return zlib.crc32(mailbox) % BUCKETS


def words_key(space: str) -> bytes:
    """HASH digest -> vector."""
    return b"attune:words:" + space.encode()


def readable_words_key(space: str) -> bytes:
    """The same by the words themselves, as an earlier release wrote it."""
    return b"attune:phrases:" + space.encode()


def budget_key(account: str, period: int) -> bytes:
    return f"attune:budget:{period}:{account}".encode()


def mark_field(partition: Partition) -> bytes:
    return f"{partition.topic}:{partition.number}".encode()
