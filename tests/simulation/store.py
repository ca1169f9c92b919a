"""The store: `tests.contract.store_model` with a history, and what a process sees of it across a network."""

import asyncio
import pickle
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple, TypeVar

from tests.contract.store_model import StoreModel
from tests.simulation.process import Process, Sight
from workers.errors import StoreUnavailable
from workers.ports import (
    CommitOutcome,
    Due,
    ItemPage,
    ItemRecord,
    LeasedJob,
    Outgoing,
    Partition,
    Record,
    Snapshot,
    Spent,
    UserCommit,
    UserPage,
)
from workers.sightings import Bounds, GrownPhrase, Sighting

T = TypeVar("T")


@dataclass(frozen=True)
class Applied:
    """One commit that was carried out: what it wrote, the batch that its writer had in hand, and all that the writer
    had been told of items and words by then."""

    at: float
    writer: str
    commit: UserCommit
    batch: Sequence[Record]
    sight: Sight


class Copy(NamedTuple):
    """All that the store held at one moment, and how many commits it had carried out by then."""

    held: bytes
    commits: int


class _CutOff:
    """What a request gets for an answer whose server has gone meanwhile."""


_CUT_OFF = _CutOff()
_HELD = tuple(vars(StoreModel()))


class SimStore(StoreModel):
    """What the store's server does with one request, in one step. `history` goes on from each loss."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[Applied] = []
        self._chance = Random(0)

    def copied(self) -> Copy:
        return Copy(pickle.dumps({name: getattr(self, name) for name in _HELD}), len(self.history))

    def become(self, copy: Copy) -> None:
        """A loss of all that came after the copy."""
        held: dict[str, Any] = pickle.loads(copy.held)
        vars(self).update(held | {"losses": self.losses + 1})
        del self.history[copy.commits :]

    def commit_of(
        self,
        process: Process,
        commits: Sequence[UserCommit],
        marks: Mapping[Partition, int] | None,
        floors: Mapping[Partition, int] | None,
    ) -> Callable[[], list[CommitOutcome]]:
        """The request as it is now: it may be carried out when its sender is long gone."""
        batch, sight = tuple(process.in_hand), process.sight

        def effect() -> list[CommitOutcome]:
            outcomes = self.commit(commits, marks, floors)
            at = asyncio.get_running_loop().time()
            for commit, outcome in zip(commits, outcomes, strict=True):
                process.trace.note(process.name, f"commit {outcome.value}", f"{commit.user} {commit.expected_revision}")
                if outcome is CommitOutcome.COMMITTED:
                    self.history.append(Applied(at, process.name, commit, batch, sight))
            return outcomes

        return effect

    def unpublished(self, sent: Callable[[Outgoing], bool]) -> list[str]:
        """Users whose outbox holds what was never sent. What a loss has brought back goes with their next commit."""
        return [name for name, user in self._users.items() if any(not sent(message) for _, message in user.outbox)]

    def sample_items(self, space: str, count: int) -> list[str]:
        found = self.sampled_from(space)
        return self._chance.sample(found, min(count, len(found)))

    def items(self) -> dict[tuple[str, str], ItemRecord]:
        """By key and space."""
        return dict(self._items)

    def times(self, name: str) -> dict[str, float]:
        """Of each user who has one."""
        return {who: user.times[name].time for who, user in self._users.items() if name in user.times}


class StoreClient:
    """`workers.ports.Store` as one process has it."""

    def __init__(self, store: SimStore, process: Process) -> None:
        self._store = store
        self._process = process

    async def _call(self, name: str, effect: Callable[[], T]) -> T:
        losses = self._store.losses

        def carried_out() -> T | _CutOff:
            return effect() if self._store.losses == losses else _CUT_OFF

        answer = await self._process.call("store", name, carried_out, StoreUnavailable)
        if isinstance(answer, _CutOff):
            raise StoreUnavailable(f"the store was restarted before it answered {name}")
        return answer

    async def read(
        self, users: Collection[str], items: Collection[str], space: str, partitions: Collection[Partition] = ()
    ) -> Snapshot:
        asked, watched = sorted(items), tuple(partitions)
        snapshot = await self._call("read", lambda: self._store.read(users, items, space, watched))
        process = self._process
        process.sight = process.sight.with_items(asked, snapshot.items, asyncio.get_running_loop().time())
        return snapshot

    async def commit(
        self,
        commits: Sequence[UserCommit],
        marks: Mapping[Partition, int] | None = None,
        floors: Mapping[Partition, int] | None = None,
    ) -> list[CommitOutcome]:
        return await self._call("commit", self._store.commit_of(self._process, commits, marks, floors))

    async def trim(self, published: Mapping[str, int]) -> None:
        await self._call("trim", lambda: self._store.trim(published))

    async def marks(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        asked = tuple(partitions)
        return await self._call("marks", lambda: self._store.marks(asked))

    async def life(self) -> str:
        return await self._call("life", self._store.life)

    async def mark(self, marks: Mapping[Partition, int], floors: Mapping[Partition, int], life: str) -> None:
        _require(await self._call("mark", lambda: self._store.mark(marks, floors, life)))

    async def pending(self) -> list[str]:
        return await self._call("pending", self._store.pending)

    async def put_items(self, records: Sequence[ItemRecord], deleted: Collection[str] = ()) -> set[str]:
        process = self._process

        def effect() -> set[str]:
            kept = self._store.put_items(records, deleted)
            process.trace.note(process.name, "put", " ".join([*(one.key for one in records), "-", *deleted]))
            return kept

        return await self._call("put_items", effect)

    async def put_phrases(self, space: str, vectors: Mapping[str, bytes]) -> None:
        await self._call("put_phrases", lambda: self._store.put_phrases(space, vectors))

    async def read_phrases(self, space: str, phrases: Collection[str]) -> dict[str, bytes]:
        asked = sorted(phrases)
        found = await self._call("read_phrases", lambda: self._store.read_phrases(space, asked))
        process = self._process
        process.sight = process.sight.with_words(asked, found, asyncio.get_running_loop().time())
        return found

    async def replace_items(self, changes: Sequence[tuple[ItemRecord, ItemRecord]]) -> list[bool]:
        return await self._call("replace_items", lambda: self._store.replace_items(changes))

    async def sight(self, space: str, sightings: Sequence[Sighting], bounds: Bounds) -> dict[str, tuple[Sighting, ...]]:
        return await self._call("sight", lambda: self._store.sight(space, sightings, bounds))

    async def grow(self, space: str, phrases: Sequence[GrownPhrase], most: int) -> int:
        return await self._call("grow", lambda: self._store.grow(space, phrases, most))

    async def grown(self, space: str, after: int = 0) -> list[GrownPhrase]:
        return await self._call("grown", lambda: self._store.grown(space, after))

    async def sample_items(self, space: str, count: int) -> list[str]:
        return await self._call("sample_items", lambda: self._store.sample_items(space, count))

    async def claim_due(self, name: str, now: float, limit: int, lease: float) -> list[Due]:
        return await self._call("claim_due", lambda: self._store.claim_due(name, now, limit, lease))

    async def count_times(self, name: str, edges: Sequence[float]) -> list[int]:
        return await self._call("count_times", lambda: self._store.count_times(name, edges))

    async def claim_job(self, now: float, lease: float) -> LeasedJob | None:
        return await self._call("claim_job", lambda: self._store.claim_job(now, lease))

    async def save_job(self, user: str, token: int, progress: bytes, leased_until: float) -> bool:
        return await self._call("save_job", lambda: self._store.save_job(user, token, progress, leased_until))

    async def finish_job(self, user: str, token: int) -> bool:
        return await self._call("finish_job", lambda: self._store.finish_job(user, token))

    async def count_jobs(self) -> int:
        return await self._call("count_jobs", self._store.count_jobs)

    async def reserve(
        self, account: str, period: int, calls: int, tokens: int, max_calls: int, max_tokens: int
    ) -> bool:
        return await self._call(
            "reserve", lambda: self._store.reserve(account, period, calls, tokens, max_calls, max_tokens)
        )

    async def settle(self, account: str, period: int, calls: int, tokens: int) -> None:
        await self._call("settle", lambda: self._store.settle(account, period, calls, tokens))

    async def spent(self, account: str, period: int) -> Spent:
        return await self._call("spent", lambda: self._store.spent(account, period))

    async def forget(self, user: str) -> tuple[str, ...]:
        return await self._call("forget", lambda: self._store.forget(user))

    async def users(self, place: int = 0) -> UserPage:
        return await self._call("users", lambda: self._store.users(place))

    async def shed(self) -> None: ...

    async def own_items(self, mailbox: bytes) -> list[str]:
        return await self._call("own_items", lambda: self._store.own_items(mailbox))

    async def close_own(self, mailbox: bytes) -> list[str]:
        return await self._call("close_own", lambda: self._store.close_own(mailbox))

    async def items_in(self, space: str, place: int = 0) -> ItemPage:
        return await self._call("items_in", lambda: self._store.items_in(space, place))

    async def drop_items(self, space: str, items: Collection[str]) -> None:
        await self._call("drop_items", lambda: self._store.drop_items(space, items))

    async def drop_words(self, space: str) -> None:
        await self._call("drop_words", lambda: self._store.drop_words(space))

    async def read_keys(self, mailboxes: Collection[bytes]) -> dict[bytes, tuple[bytes, ...]]:
        asked = tuple(mailboxes)
        return await self._call("read_keys", lambda: self._store.read_keys(asked))

    async def add_keys(self, keys: Mapping[bytes, Collection[bytes]]) -> dict[bytes, tuple[bytes, ...]]:
        added = dict(keys)
        return await self._call("add_keys", lambda: self._store.add_keys(added))

    async def destroy_keys(self, mailboxes: Collection[bytes], life: str) -> None:
        asked = tuple(mailboxes)
        _require(await self._call("destroy_keys", lambda: self._store.destroy_keys(asked, life)))

    async def close(self) -> None: ...


def _require(same_life: bool) -> None:
    if not same_life:
        raise StoreUnavailable("the store was lost in the middle of some work: that is done again")
