"""What the workers need from outside, as protocols: a store and an encoder. Everything else comes in as an argument.

The store keeps one opaque record per user (`workers.state` encodes it), the item vectors, and the indexes by time. It
knows nothing of profiles. SQLite and Redis implement it; `tests/contract/test_store.py` is what both must pass.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.catalog import CatalogItem
from workers.sightings import Bounds, GrownPhrase, Sighting

if TYPE_CHECKING:
    from workers.growth import Growth

Matrix = NDArray[np.float32]


class Partition(NamedTuple):
    """One partition of one topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """One message as a broker hands it over. `timestamp_ms` is when the broker took it, since 1970."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    forgotten: bool = False
    """It was sealed with a key that is destroyed: nobody can read it. `value` is None, and so is `key` but for that of
    an item which the person brought."""

    @property
    def source(self) -> Partition:
        return Partition(self.topic, self.partition)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send. `value` None is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None


@dataclass(frozen=True, slots=True)
class UserRecord:
    """What the store holds of one user. `revision` counts writes and is 0 where nothing is stored; `outbox` is what was
    committed and is not yet known to be published, oldest first."""

    revision: int = 0
    state: bytes | None = None
    outbox: tuple[Outgoing, ...] = ()
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """What the store holds of one item in one space. `vector` is little-endian float16, unit length."""

    key: str
    space: str
    vector: bytes
    title: str
    phrases: tuple[str, ...]
    """What the item is about in readable words, general first (`workers.phrases`)."""
    content_hash: str
    """Of the text that was embedded, so that an unchanged item is not embedded again."""
    affinities: tuple[int, ...] = ()
    """How well each phrase fits the item: the cosine of their vectors in whole percents, at least 0."""
    standing: str = ""
    """What the record gives way to (`workers.standing`); empty where an earlier release wrote it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One read. Users and items that the store does not know are absent."""

    users: Mapping[str, UserRecord]
    items: Mapping[str, ItemRecord]
    providers: tuple[str, ...]
    """Every provider that has an item, sorted; but none of `workers.mine`."""
    marks: Mapping[Partition, int] = field(default_factory=dict)
    """As `Store.marks` gives them, of the partitions that were asked for."""


@dataclass(frozen=True, slots=True)
class UserCommit:
    """One atomic step for one user: tombstone check, version check, state, outbox, times, job.

    `times` sets (epoch seconds) or clears (None) the user's entry in the index of that name, and leaves the others:
    `refit` and `waiting` are due times that `claim_due` hands out, `refitted` is only counted.
    """

    user: str
    expected_revision: int
    state: bytes
    outbox: tuple[Outgoing, ...] = ()
    times: Mapping[str, float | None] | None = None
    job: bytes | None = None
    """Work to queue for a refiner; replaces the job of this user that waits, if one does."""


class CommitOutcome(Enum):
    COMMITTED = "committed"
    CONFLICT = "conflict"
    """Somebody else wrote since the read: read again."""
    FORGOTTEN = "forgotten"
    """The user has a tombstone: nothing was written and nothing may be."""


@dataclass(frozen=True, slots=True)
class Due:
    """A user whose time has come. `due` is the time that was set, in epoch seconds: the same however often it is
    claimed, so that a command made from it has one id."""

    user: str
    due: float


@dataclass(frozen=True, slots=True)
class LeasedJob:
    """A job in one worker's hands. A later lease of the same job has a greater token; a result with an older token is
    refused by `save_job` and `finish_job`. `progress` is what an earlier lease of this very job has saved."""

    user: str
    job: bytes
    token: int
    progress: bytes | None = None


class ItemPage(NamedTuple):
    """Keys of items. `next` is the place of the page after it, 0 where this is the last. A page may be empty, and a key
    stand in two."""

    items: tuple[str, ...]
    next: int


class UserPage(NamedTuple):
    """As `ItemPage`, of users."""

    users: tuple[str, ...]
    next: int


class Spent(NamedTuple):
    """What an account has used up in one period."""

    calls: int = 0
    tokens: int = 0


class Store(Protocol):
    """The one place where state lives. Every method raises `StoreUnavailable` when the store does not answer."""

    async def read(
        self, users: Collection[str], items: Collection[str], space: str, partitions: Collection[Partition] = ()
    ) -> Snapshot:
        """States, items and high-water marks in one round trip. Items of another space are absent."""

    async def commit(
        self,
        commits: Sequence[UserCommit],
        marks: Mapping[Partition, int] | None = None,
        floors: Mapping[Partition, int] | None = None,
    ) -> list[CommitOutcome]:
        """Each commit is atomic by itself; all go in one round trip. `marks` are written after them: the high-water
        mark of a partition (the offset after the last one applied) only ever rises. Where the stored one is below its
        floor (absent counts as 0), writes were lost since the floor was read: it is left as it is, or it would hide
        the loss."""

    async def trim(self, published: Mapping[str, int]) -> None:
        """Drops each user's outbox entries that were committed at a revision up to the given one."""

    async def marks(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """High-water marks; a partition without one is absent (which after a loss means: start from the beginning)."""

    async def life(self) -> str:
        """Names the store's life: another one after each moment in which it may have lost what it had confirmed, as
        where it was restarted or wiped, or a replica took its place."""

    async def mark(self, marks: Mapping[Partition, int], floors: Mapping[Partition, int], life: str) -> None:
        """Writes high-water marks as `commit` does, of what calls of their own have written. Raises `StoreUnavailable`,
        and writes none, where the store is not in that life any more: what it has taken, or told, since it was asked
        for its life may be gone."""

    async def pending(self) -> list[str]:
        """Users with something in the outbox."""

    async def put_items(self, records: Sequence[ItemRecord], deleted: Collection[str] = ()) -> set[str]:
        """Writes and deletes items (all spaces of a deleted key), and registers their providers. A record takes the
        place only of one that gives way to it, and where `deleted` maps keys to the standings of their tombstones, only
        what those take away is deleted, and remembered for a while, so that nothing older takes its place
        (`workers.standing`). Returns the keys of which something stayed as it was. What a person brought
        (`workers.mine.owner_of`) is kept by person and only ever described; of a mailbox whose keys were destroyed
        nothing is written."""

    async def put_phrases(self, space: str, vectors: Mapping[str, bytes]) -> None:
        """Vectors of phrases, float16. A phrase's vector depends on its words and the space only: never changes."""

    async def read_phrases(self, space: str, phrases: Collection[str]) -> dict[str, bytes]:
        """Those of the phrases that are known."""

    async def replace_items(self, changes: Sequence[tuple[ItemRecord, ItemRecord]]) -> list[bool]:
        """Each second record takes the place of the first (same key, same space), where that is what the store still
        has. Each by itself; False and no effect where another has written meanwhile."""

    async def sight(self, space: str, sightings: Sequence[Sighting], bounds: Bounds) -> dict[str, tuple[Sighting, ...]]:
        """Keeps who shows a candidate for the bank: each item once, its last sighting in the place of its first. Items
        beyond `bounds.each` are passed over; beyond `bounds.most` the candidates go that nothing has shown for longest.
        Returns all that is kept of those candidates of which one of these is kept, where it is `bounds.least` or more.
        Phrases that the bank has grown by are passed over."""

    async def grow(self, space: str, phrases: Sequence[GrownPhrase], most: int) -> int:
        """Adds to the phrases that the bank has grown by, as far as they stay within `most`; one that is there already
        stays as it is. The sightings of what was added go. Returns how many were added."""

    async def grown(self, space: str, after: int = 0) -> list[GrownPhrase]:
        """What the bank has grown by, in that order, without the first `after`."""

    async def sample_items(self, space: str, count: int) -> list[str]:
        """About `count` different keys of items in the space (all, where there are fewer), from all over the catalog
        but not evenly drawn. Costs as little in a large catalog as in a small one. Nothing that a person brought."""

    async def own_items(self, mailbox: bytes) -> list[str]:
        """Keys of all items that the person of this mailbox brought, in whatever space."""

    async def close_own(self, mailbox: bytes) -> list[str]:
        """As `own_items`; and in the same step it ends that any more of them are written."""

    async def claim_due(self, name: str, now: float, limit: int, lease: float) -> list[Due]:
        """Up to `limit` users of the index whose time is at or before `now`, earliest first. Each is hidden from other
        claims for `lease` seconds, and comes back after them unless a commit has set or cleared it."""

    async def count_times(self, name: str, edges: Sequence[float]) -> list[int]:
        """How many users' times lie in (-inf, e0), [e0, e1), ..., [en, inf): len(edges) + 1 figures."""

    async def claim_job(self, now: float, lease: float) -> LeasedJob | None:
        """The job that waits longest, or whose lease ran out; None where there is none."""

    async def save_job(self, user: str, token: int, progress: bytes, leased_until: float) -> bool:
        """Keeps how far the leased job has come, in place of what was saved before, and renews its lease to that moment
        (epoch seconds). False (and no effect) where the lease has passed to another since: stop working on it."""

    async def finish_job(self, user: str, token: int) -> bool:
        """Ends the leased job. False (and no effect) where the lease has passed to another since."""

    async def count_jobs(self) -> int:
        """How many users have a job that waits or runs."""

    async def reserve(
        self, account: str, period: int, calls: int, tokens: int, max_calls: int, max_tokens: int
    ) -> bool:
        """Takes so much from the account, unless that would exceed either limit: then nothing is taken and the answer
        is False. `period` is the number of the day (UTC, since 1970); each starts at zero, and what was spent is kept
        until the next one has ended. Name the account of a person by a digest: `forget` does not look here."""

    async def settle(self, account: str, period: int, calls: int, tokens: int) -> None:
        """Corrects what was reserved by what it came to: either may be negative. Nothing falls below zero."""

    async def spent(self, account: str, period: int) -> Spent:
        """Zeros where nothing was taken."""

    async def forget(self, user: str) -> tuple[str, ...]:
        """Sets the tombstone and deletes state, outbox, times and jobs of the user, in one step. Returns every provider
        that has or ever had an item, sorted: each may hold something of the user; but none of `workers.mine`."""

    async def users(self, place: int = 0) -> UserPage:
        """A bounded number of the users of whom there is a record: the first page, or the one at the place that the
        page before names. What is written or deleted between two pages may be missed; nothing else is."""

    async def shed(self) -> None:
        """Rids the store's files of what `forget` and `destroy_keys` have deleted, where there was any since the last
        time. It rewrites files: ask rarely."""

    async def items_in(self, space: str, place: int = 0) -> ItemPage:
        """A bounded number of the items in the space: the first page, or the one at the place that the page before
        names. What is written or deleted between two pages may be missed; nothing else is."""

    async def drop_items(self, space: str, items: Collection[str]) -> None:
        """Deletes these items' records in the space (`put_items` deletes them in all)."""

    async def drop_words(self, space: str) -> None:
        """Deletes the vectors of all phrases in the space, and what its bank has grown by. What is written meanwhile
        may stay."""

    async def read_keys(self, mailboxes: Collection[bytes]) -> dict[bytes, tuple[bytes, ...]]:
        """The wrapped keys of the mailboxes, as they were added, the first to seal with. () where they were destroyed;
        a mailbox that never had one is absent."""

    async def add_keys(self, keys: Mapping[bytes, Collection[bytes]]) -> dict[bytes, tuple[bytes, ...]]:
        """Adds keys (of up to 255 bytes) after those that are there, where one that is there stays in its place: each
        mailbox by itself, in one step. Where they were destroyed nothing is added. Returns what `read_keys` gives of
        these mailboxes then."""

    async def destroy_keys(self, mailboxes: Collection[bytes], life: str) -> None:
        """Deletes all keys of the mailboxes, and what their persons brought, and remembers that for ever; in that life
        of the store only, as `mark`."""

    async def close(self) -> None: ...


class Encoder(Protocol):
    """A space at work: the vectors of contents and of interests, and the phrases that an item shows. Blocking: call it
    in a thread."""

    @property
    def space(self) -> str:
        """Model and revision: vectors with another id are not comparable."""

    @property
    def dimension(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Matrix:
        """(len(texts), dimension) float32, rows of unit length, in the order given: of contents."""

    def encode_interests(self, texts: Sequence[str]) -> Matrix:
        """The same of interests: words, whose vectors may be grounded in the catalog that the space was fitted to."""

    def phrases_of(self, item: CatalogItem) -> tuple[str, ...]:
        """Readable phrases that the item is evidence for, general first."""

    @property
    def growth(self) -> "Growth | None":
        """The rules by which its bank of phrases grows. None where it has no bank but takes what an item's own words
        say (which no later item can add to), or one that does not grow."""
