"""The store in Redis: `redis_keys` says where things lie, `lua/` what is done in one step."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

from infra.stores import (
    redis_bank,
    redis_budgets,
    redis_items,
    redis_leases,
    redis_marks,
    redis_own,
    redis_sealing,
    redis_shedding,
    redis_spaces,
    redis_users,
)
from infra.stores.check import check_redis
from infra.stores.codec import digest_of
from infra.stores.redis_calls import RedisCalls, connect
from infra.stores.redis_keys import (
    PROVIDER_WRITES,
    PROVIDERS,
    USER_BUCKETS,
    UserKey,
    grouped,
    item_bucket,
    readable_words_key,
    words_key,
)
from infra.stores.redis_security import NO_SECURITY, RedisSecurity
from workers.ports import (
    CommitOutcome,
    Due,
    ItemPage,
    ItemRecord,
    LeasedJob,
    Partition,
    Snapshot,
    Spent,
    UserCommit,
    UserPage,
    UserRecord,
)
from workers.sightings import Bounds, GrownPhrase, Sighting
from workers.standing import NONE


class RedisStore:
    """`workers.ports.Store` for a cluster. Every call ends within the timeout, with `StoreUnavailable` where Redis
    gives no answer or refuses for now, with `ConfigurationError` where it refuses for good."""

    def __init__(self, calls: RedisCalls) -> None:
        self._calls = calls
        self._names: set[str] = set()
        """The indexes by time that a `forget` of this process has met."""

    @classmethod
    async def open(cls, url: str, *, timeout: float, security: RedisSecurity = NO_SECURITY) -> Self:
        """Connects, checks the server and loads the scripts. `timeout` is of each call, in seconds. Raises
        `StoreRefused` where the server would lose data, `ConfigurationError` for a wrong address or password,
        `StoreUnavailable` where nothing answers."""
        client = connect(url, timeout, security)
        calls = RedisCalls(client, timeout)
        try:
            async with calls.deadline():
                await check_redis(client)
            await calls.load_scripts()
        except BaseException:
            await calls.close()
            raise
        return cls(calls)

    async def read(
        self, users: Collection[str], items: Collection[str], space: str, partitions: Collection[Partition] = ()
    ) -> Snapshot:
        user_groups = grouped(map(UserKey, dict.fromkeys(users)), lambda user: user.bucket)
        public, own = redis_own.parted(dict.fromkeys(items), str)
        item_groups = grouped(public, item_bucket)
        replies = iter(
            await self._calls.run(
                [
                    (b"SMEMBERS", PROVIDERS),
                    *([redis_marks.read_call(partitions)] if partitions else []),
                    *(redis_users.read_call(bucket, keys) for bucket, keys in user_groups.items()),
                    *(redis_items.read_call(bucket, keys, space) for bucket, keys in item_groups.items()),
                    *(redis_own.read_call(owner, keys, space) for owner, keys in own.items()),
                ]
            )
        )
        providers = redis_items.provider_names(next(replies))
        marks = redis_marks.found(partitions, next(replies)) if partitions else {}
        found_users: dict[str, UserRecord] = {}
        for keys in user_groups.values():
            found_users.update(redis_users.records(keys, next(replies)))
        found_items: dict[str, ItemRecord] = {}
        for names in item_groups.values():
            found_items.update(redis_items.records(names, space, next(replies)))
        for names in own.values():
            found_items.update(redis_own.records(names, space, next(replies)))
        return Snapshot(found_users, found_items, providers, marks)

    async def commit(
        self,
        commits: Sequence[UserCommit],
        marks: Mapping[Partition, int] | None = None,
        floors: Mapping[Partition, int] | None = None,
    ) -> list[CommitOutcome]:
        keyed = [(UserKey(commit.user), commit) for commit in commits]
        groups = grouped(range(len(keyed)), lambda place: keyed[place][0].bucket)
        calls = [
            redis_users.commit_call(bucket, [keyed[place] for place in places]) for bucket, places in groups.items()
        ]
        raised = [redis_marks.raise_call(marks, floors or {})] if marks else []
        replies = await self._calls.run([*calls, *raised])
        outcomes: dict[int, CommitOutcome] = {}
        for places, reply in zip(groups.values(), replies, strict=False):
            outcomes.update(zip(places, redis_users.outcomes(reply), strict=True))
        return [outcomes[place] for place in range(len(keyed))]

    async def trim(self, published: Mapping[str, int]) -> None:
        groups = grouped(map(UserKey, published), lambda user: user.bucket)
        await self._calls.run([redis_users.trim_call(bucket, keys, published) for bucket, keys in groups.items()])

    async def marks(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        reply = await self._calls.call(redis_marks.read_call(partitions)) if partitions else []
        return redis_marks.found(partitions, reply)

    async def life(self) -> str:
        return await redis_marks.life(self._calls)

    async def mark(self, marks: Mapping[Partition, int], floors: Mapping[Partition, int], life: str) -> None:
        await redis_marks.mark(self._calls, marks, floors, life)

    async def pending(self) -> list[str]:
        replies = await self._calls.run([(b"SMEMBERS", bucket.pending) for bucket in USER_BUCKETS])
        return [user.decode() for reply in replies for user in reply]

    async def put_items(self, records: Sequence[ItemRecord], deleted: Collection[str] = ()) -> set[str]:
        tombstones = deleted if isinstance(deleted, Mapping) else dict.fromkeys(deleted, NONE)
        public, own = redis_own.parted(records, lambda record: record.key)
        public_gone, own_gone = redis_own.parted(tombstones, str)
        kept = await redis_own.put(self._calls, own, own_gone, tombstones)
        return kept | await redis_items.put(self._calls, public, {key: tombstones[key] for key in public_gone})

    async def put_phrases(self, space: str, vectors: Mapping[str, bytes]) -> None:
        words = [word for phrase, vector in vectors.items() for word in (digest_of(phrase), vector)]
        await self._many(b"HSET", words_key(space), words)

    async def read_phrases(self, space: str, phrases: Collection[str]) -> dict[str, bytes]:
        found = await self._many(b"HMGET", words_key(space), [digest_of(phrase) for phrase in phrases])
        known = {phrase: vector for phrase, vector in zip(phrases, found, strict=True) if vector is not None}
        missing = [phrase for phrase in phrases if phrase not in known]
        found = await self._many(b"HMGET", readable_words_key(space), [phrase.encode() for phrase in missing])
        return known | {phrase: vector for phrase, vector in zip(missing, found, strict=True) if vector is not None}

    async def replace_items(self, changes: Sequence[tuple[ItemRecord, ItemRecord]]) -> list[bool]:
        return await redis_bank.replace_items(self._calls, changes)

    async def sight(self, space: str, sightings: Sequence[Sighting], bounds: Bounds) -> dict[str, tuple[Sighting, ...]]:
        return await redis_bank.sight(self._calls, space, sightings, bounds)

    async def grow(self, space: str, phrases: Sequence[GrownPhrase], most: int) -> int:
        return await redis_bank.grow(self._calls, space, phrases, most)

    async def grown(self, space: str, after: int = 0) -> list[GrownPhrase]:
        return await redis_bank.grown(self._calls, space, after)

    async def sample_items(self, space: str, count: int) -> list[str]:
        return await redis_items.sample(self._calls, space, count)

    async def items_in(self, space: str, place: int = 0) -> ItemPage:
        async with self._calls.deadline():
            return await redis_spaces.items_in(self._calls, space, place)

    async def drop_items(self, space: str, items: Collection[str]) -> None:
        await redis_spaces.drop_items(self._calls, space, items)

    async def drop_words(self, space: str) -> None:
        await redis_spaces.drop_words(self._calls, space)

    async def own_items(self, mailbox: bytes) -> list[str]:
        return await redis_own.keys_of(self._calls, mailbox)

    async def close_own(self, mailbox: bytes) -> list[str]:
        return await redis_own.close(self._calls, mailbox)

    async def claim_due(self, name: str, now: float, limit: int, lease: float) -> list[Due]:
        async with self._calls.deadline():
            return await redis_leases.claim_due(self._calls, name, now, limit, lease)

    async def count_times(self, name: str, edges: Sequence[float]) -> list[int]:
        return await redis_leases.count_times(self._calls, name, edges)

    async def claim_job(self, now: float, lease: float) -> LeasedJob | None:
        async with self._calls.deadline():
            return await redis_leases.claim_job(self._calls, now, lease)

    async def save_job(self, user: str, token: int, progress: bytes, leased_until: float) -> bool:
        return await redis_leases.save_job(self._calls, user, token, progress, leased_until)

    async def finish_job(self, user: str, token: int) -> bool:
        return await redis_leases.finish_job(self._calls, user, token)

    async def count_jobs(self) -> int:
        return await redis_leases.count_jobs(self._calls)

    async def reserve(
        self, account: str, period: int, calls: int, tokens: int, max_calls: int, max_tokens: int
    ) -> bool:
        wanted, most = Spent(calls, tokens), Spent(max_calls, max_tokens)
        return await redis_budgets.reserve(self._calls, account, period, wanted, most)

    async def settle(self, account: str, period: int, calls: int, tokens: int) -> None:
        await redis_budgets.settle(self._calls, account, period, Spent(calls, tokens))

    async def spent(self, account: str, period: int) -> Spent:
        return await redis_budgets.spent(self._calls, account, period)

    async def forget(self, user: str) -> tuple[str, ...]:
        """One step in Redis; asked twice where an index by time is new to this process."""
        key = UserKey(user)
        async with self._calls.deadline():
            await redis_shedding.note(self._calls)
            while names := await self._calls.call(redis_users.forget_call(key, self._names)):
                self._names.update(name.decode() for name in names)
            return await self.providers()

    async def users(self, place: int = 0) -> UserPage:
        return await redis_users.page(self._calls, place)

    async def shed(self) -> None:
        await redis_shedding.shed(self._calls)

    async def providers(self) -> tuple[str, ...]:
        """Every one that has or ever had an item, or sent one if only too late, as `forget` gives them."""
        return redis_items.provider_names(await self._calls.call((b"HKEYS", PROVIDER_WRITES)))

    async def read_keys(self, mailboxes: Collection[bytes]) -> dict[bytes, tuple[bytes, ...]]:
        return await redis_sealing.read_keys(self._calls, mailboxes)

    async def add_keys(self, keys: Mapping[bytes, Collection[bytes]]) -> dict[bytes, tuple[bytes, ...]]:
        return await redis_sealing.add_keys(self._calls, keys)

    async def destroy_keys(self, mailboxes: Collection[bytes], life: str) -> None:
        await redis_shedding.note(self._calls)
        await redis_sealing.destroy_keys(self._calls, mailboxes, life)

    async def close(self) -> None:
        await self._calls.close()

    async def _many(self, command: bytes, key: bytes, words: Sequence[bytes]) -> Any:
        """A command on one hash; Redis refuses one with no fields, and there is nothing to do for it."""
        return await self._calls.call((command, key, *words)) if words else []
