"""What stands in for the ports in tests: a store in memory, a producer that records, an encoder without a model."""

import hashlib
import re
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy

import numpy as np

from schemas.catalog import CatalogItem
from streams.contract import Outgoing
from tests.contract.store_model import StoreModel
from workers.errors import BrokerUnavailable, StoreUnavailable
from workers.growth import Growth
from workers.phrases import phrases_of
from workers.ports import (
    CommitOutcome,
    Due,
    ItemPage,
    ItemRecord,
    LeasedJob,
    Matrix,
    Partition,
    Snapshot,
    Spent,
    UserCommit,
    UserPage,
)
from workers.sightings import Bounds, GrownPhrase, Sighting
from workers.vectors import unit


class HashEncoder:
    """`workers.ports.Encoder` of bags of words: each word adds 1 or -1 to one component, so that texts are similar as
    they share words. `encoded` holds the texts of each call."""

    def __init__(self, dimension: int = 32, space: str = "hash-test") -> None:
        self.dimension = dimension
        self.space = space
        self.encoded: list[tuple[str, ...]] = []

    def encode(self, texts: Sequence[str]) -> Matrix:
        self.encoded.append(tuple(texts))
        return unit(np.array([self._bag(text) for text in texts], np.float32).reshape(len(texts), self.dimension))

    def encode_interests(self, texts: Sequence[str]) -> Matrix:
        return self.encode(texts)

    def phrases_of(self, item: CatalogItem) -> tuple[str, ...]:
        return phrases_of(item)

    @property
    def growth(self) -> Growth | None:
        return None

    def _bag(self, text: str) -> Matrix:
        bag = np.zeros(self.dimension, np.float32)
        for word in re.findall(r"\w+", text.casefold()) or [""]:
            digest = hashlib.sha256(word.encode()).digest()
            bag[int.from_bytes(digest[:4], "big") % self.dimension] += 1 if digest[4] % 2 else -1
        if not bag.any():  # two words may cancel out
            bag[0] = 1
        return bag


class RecordingProducer:
    """`streams.contract.Producer` that keeps what was sent. The next `failures` calls fail; what they should have sent
    is lost, as it may be."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.failures = 0

    async def send(self, messages: Sequence[Outgoing]) -> None:
        if self.failures:
            self.failures -= 1
            raise BrokerUnavailable("the broker is away, as the test wants it")
        self.sent += messages

    async def close(self) -> None: ...

    def of(self, topic: str) -> list[Outgoing]:
        """What was sent to one topic, in order."""
        return [message for message in self.sent if message.topic == topic]

    def take(self) -> list[Outgoing]:
        """What was sent since the last time."""
        taken, self.sent = self.sent, []
        return taken


class MemoryStore:
    """`workers.ports.Store` on the model that the contract suite compares the real stores with. `calls` names every
    call in order; `fail` makes the next call of one name fail."""

    def __init__(self) -> None:
        self._model = StoreModel()
        self.calls: list[str] = []
        self._failing: deque[str] = deque()

    def fail(self, call: str) -> None:
        self._failing.append(call)

    def _enter(self, call: str) -> StoreModel:
        self.calls.append(call)
        if self._failing and self._failing[0] == call:
            self._failing.popleft()
            raise StoreUnavailable("the store is away, as the test wants it")
        return self._model

    def _require(self, same_life: bool) -> None:
        if not same_life:
            raise StoreUnavailable("the store was lost in the middle of some work: that is done again")

    def wipe(self) -> None:
        """Everything is gone, as after a FLUSHALL."""
        self.become(StoreModel())

    def copied(self) -> StoreModel:
        """All that it holds now."""
        return deepcopy(self._model)

    def become(self, copy: StoreModel) -> None:
        """All that came after the copy is lost."""
        losses = self._model.losses
        self._model = deepcopy(copy)
        self._model.losses = losses + 1

    def lose(self, user: str) -> None:
        """This one is gone, and no tombstone says so."""
        self._model.lose(user)

    async def read(
        self, users: Collection[str], items: Collection[str], space: str, partitions: Collection[Partition] = ()
    ) -> Snapshot:
        return self._enter("read").read(users, items, space, partitions)

    async def commit(
        self,
        commits: Sequence[UserCommit],
        marks: Mapping[Partition, int] | None = None,
        floors: Mapping[Partition, int] | None = None,
    ) -> list[CommitOutcome]:
        return self._enter("commit").commit(commits, marks, floors)

    async def trim(self, published: Mapping[str, int]) -> None:
        self._enter("trim").trim(published)

    async def marks(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        return self._enter("marks").marks(partitions)

    async def life(self) -> str:
        return self._enter("life").life()

    async def mark(self, marks: Mapping[Partition, int], floors: Mapping[Partition, int], life: str) -> None:
        self._require(self._enter("mark").mark(marks, floors, life))

    async def pending(self) -> list[str]:
        return self._enter("pending").pending()

    async def put_items(self, records: Sequence[ItemRecord], deleted: Collection[str] = ()) -> set[str]:
        return self._enter("put_items").put_items(records, deleted)

    async def put_phrases(self, space: str, vectors: Mapping[str, bytes]) -> None:
        self._enter("put_phrases").put_phrases(space, vectors)

    async def read_phrases(self, space: str, phrases: Collection[str]) -> dict[str, bytes]:
        return self._enter("read_phrases").read_phrases(space, phrases)

    async def replace_items(self, changes: Sequence[tuple[ItemRecord, ItemRecord]]) -> list[bool]:
        return self._enter("replace_items").replace_items(changes)

    async def sight(self, space: str, sightings: Sequence[Sighting], bounds: Bounds) -> dict[str, tuple[Sighting, ...]]:
        return self._enter("sight").sight(space, sightings, bounds)

    async def grow(self, space: str, phrases: Sequence[GrownPhrase], most: int) -> int:
        return self._enter("grow").grow(space, phrases, most)

    async def grown(self, space: str, after: int = 0) -> list[GrownPhrase]:
        return self._enter("grown").grown(space, after)

    async def sample_items(self, space: str, count: int) -> list[str]:
        return self._enter("sample_items").sample_items(space, count)

    async def own_items(self, mailbox: bytes) -> list[str]:
        return self._enter("own_items").own_items(mailbox)

    async def close_own(self, mailbox: bytes) -> list[str]:
        return self._enter("close_own").close_own(mailbox)

    async def items_in(self, space: str, place: int = 0) -> ItemPage:
        return self._enter("items_in").items_in(space, place)

    async def drop_items(self, space: str, items: Collection[str]) -> None:
        self._enter("drop_items").drop_items(space, items)

    async def drop_words(self, space: str) -> None:
        self._enter("drop_words").drop_words(space)

    async def claim_due(self, name: str, now: float, limit: int, lease: float) -> list[Due]:
        return self._enter("claim_due").claim_due(name, now, limit, lease)

    async def count_times(self, name: str, edges: Sequence[float]) -> list[int]:
        return self._enter("count_times").count_times(name, edges)

    async def claim_job(self, now: float, lease: float) -> LeasedJob | None:
        return self._enter("claim_job").claim_job(now, lease)

    async def finish_job(self, user: str, token: int) -> bool:
        return self._enter("finish_job").finish_job(user, token)

    async def save_job(self, user: str, token: int, progress: bytes, leased_until: float) -> bool:
        return self._enter("save_job").save_job(user, token, progress, leased_until)

    async def count_jobs(self) -> int:
        return self._enter("count_jobs").count_jobs()

    async def reserve(
        self, account: str, period: int, calls: int, tokens: int, max_calls: int, max_tokens: int
    ) -> bool:
        return self._enter("reserve").reserve(account, period, calls, tokens, max_calls, max_tokens)

    async def settle(self, account: str, period: int, calls: int, tokens: int) -> None:
        self._enter("settle").settle(account, period, calls, tokens)

    async def spent(self, account: str, period: int) -> Spent:
        return self._enter("spent").spent(account, period)

    async def forget(self, user: str) -> tuple[str, ...]:
        return self._enter("forget").forget(user)

    async def users(self, place: int = 0) -> UserPage:
        return self._enter("users").users(place)

    async def shed(self) -> None:
        self._enter("shed")

    async def read_keys(self, mailboxes: Collection[bytes]) -> dict[bytes, tuple[bytes, ...]]:
        return self._enter("read_keys").read_keys(mailboxes)

    async def add_keys(self, keys: Mapping[bytes, Collection[bytes]]) -> dict[bytes, tuple[bytes, ...]]:
        return self._enter("add_keys").add_keys(keys)

    async def destroy_keys(self, mailboxes: Collection[bytes], life: str) -> None:
        self._require(self._enter("destroy_keys").destroy_keys(mailboxes, life))

    async def close(self) -> None: ...
