"""What `workers.ports.Store` promises, in dicts: the stores are compared with it step by step."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from workers.mine import is_mine, owner_of
from workers.ports import (
    CommitOutcome,
    Due,
    ItemPage,
    ItemRecord,
    LeasedJob,
    Outgoing,
    Partition,
    Snapshot,
    Spent,
    UserCommit,
    UserPage,
    UserRecord,
)
from workers.sightings import Bounds, GrownPhrase, Sighting
from workers.standing import NONE, REMEMBERED_MS, comes_too_late, gives_way, gone_at, is_taken_away


@dataclass
class _Time:
    time: float
    hidden_until: float = float("-inf")


@dataclass
class _Job:
    place: int
    job: bytes
    lease: int = 0
    """Which lease of all; 0 while it waits. Stands for the token."""
    leased_until: float = float("-inf")
    progress: bytes | None = None


@dataclass
class _User:
    revision: int = 0
    state: bytes | None = None
    outbox: list[tuple[int, Outgoing]] = field(default_factory=list)
    times: dict[str, _Time] = field(default_factory=dict)
    waiting: _Job | None = None
    running: _Job | None = None


class StoreModel:
    def __init__(self) -> None:
        self._users: dict[str, _User] = {}
        self._gone: set[str] = set()
        self._items: dict[tuple[str, str], ItemRecord] = {}
        self._providers: set[str] = set()
        self._gone_items: dict[str, int] = {}
        self._places: dict[str, int] = {}
        self._marks: dict[Partition, int] = {}
        self._phrases: dict[tuple[str, str], bytes] = {}
        self._candidates: dict[str, dict[str, dict[str, Sighting]]] = {}
        """By space, then by phrase, those that were sighted longest ago first, then by item."""
        self._grown: dict[str, dict[str, GrownPhrase]] = {}
        self._spent: dict[tuple[str, int], Spent] = {}
        self._keys: dict[bytes, tuple[bytes, ...]] = {}
        self._closed: set[bytes] = set()
        self._count = 0
        self.losses = 0
        """How often it came back with less than it had confirmed."""

    def lose(self, user: str) -> None:
        """What no store does: for tests of what happens then."""
        self._users.pop(user, None)

    def read(
        self, users: Collection[str], items: Collection[str], space: str, partitions: Collection[Partition] = ()
    ) -> Snapshot:
        records = {
            name: UserRecord(user.revision, user.state, tuple(message for _, message in user.outbox))
            for name, user in self._users.items()
            if name in users
        }
        return Snapshot(
            users=records | {name: UserRecord(forgotten=True) for name in self._gone if name in users},
            items={item: self._items[item, space] for item in items if (item, space) in self._items},
            providers=tuple(sorted({item.split(":")[0] for item, _ in self._items if not is_mine(item)})),
            marks=self.marks(partitions),
        )

    def commit(
        self,
        commits: Sequence[UserCommit],
        marks: Mapping[Partition, int] | None = None,
        floors: Mapping[Partition, int] | None = None,
    ) -> list[CommitOutcome]:
        outcomes = [self._commit(commit) for commit in commits]
        self._raise(marks or {}, floors or {})
        return outcomes

    def trim(self, published: Mapping[str, int]) -> None:
        for name, revision in published.items():
            if user := self._users.get(name):
                user.outbox = [entry for entry in user.outbox if entry[0] > revision]

    def marks(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        return {partition: self._marks[partition] for partition in partitions if partition in self._marks}

    def life(self) -> str:
        return str(self.losses)

    def mark(self, marks: Mapping[Partition, int], floors: Mapping[Partition, int], life: str) -> bool:
        """Whether it is in that life."""
        if life == self.life():
            self._raise(marks, floors)
        return life == self.life()

    def pending(self) -> list[str]:
        return [name for name, user in self._users.items() if user.outbox]

    def put_items(self, records: Sequence[ItemRecord], deleted: Collection[str] = ()) -> set[str]:
        kept: set[str] = set()
        for record in records:
            place = record.key, record.space
            stored = self._items.get(place)
            owner = owner_of(record.key)
            late = comes_too_late(record.standing, self._gone_items.get(record.key))
            late = late or (owner is not None and (self._keys.get(owner) == () or owner in self._closed))
            if late or (stored is not None and not gives_way(stored.standing, record.standing)):
                kept.add(record.key)
            else:
                self._items[place] = record
                self._providers |= set() if is_mine(record.key) else {record.key.split(":")[0]}
        tombstones = deleted if isinstance(deleted, Mapping) else dict.fromkeys(deleted, NONE)
        times = {item: time for item, standing in tombstones.items() if (time := gone_at(standing)) is not None}
        self._gone_items |= {item: max(time, self._gone_items.get(item, 0)) for item, time in times.items()}
        since = max(times.values(), default=0) - REMEMBERED_MS
        self._gone_items = {item: time for item, time in self._gone_items.items() if time >= since}
        for place in [place for place in self._items if place[0] in tombstones]:
            if is_taken_away(self._items[place].standing, tombstones[place[0]]):
                del self._items[place]
            else:
                kept.add(place[0])
        return kept

    def put_phrases(self, space: str, vectors: Mapping[str, bytes]) -> None:
        self._phrases.update({(space, phrase): vector for phrase, vector in vectors.items()})

    def read_phrases(self, space: str, phrases: Collection[str]) -> dict[str, bytes]:
        return {phrase: self._phrases[space, phrase] for phrase in phrases if (space, phrase) in self._phrases}

    def replace_items(self, changes: Sequence[tuple[ItemRecord, ItemRecord]]) -> list[bool]:
        replaced = []
        for before, after in changes:
            place = before.key, before.space
            replaced.append(self._items.get(place) == before)
            if replaced[-1]:
                self._items[place] = after
        return replaced

    def sight(self, space: str, sightings: Sequence[Sighting], bounds: Bounds) -> dict[str, tuple[Sighting, ...]]:
        candidates, grown = self._candidates.setdefault(space, {}), self._grown.get(space, {})
        touched = [one for one in sightings if one.phrase not in grown]
        for one in touched:
            kept = candidates[one.phrase] = candidates.pop(one.phrase, {})
            if one.item in kept or len(kept) < bounds.each:
                kept[one.item] = one
        while len(candidates) > bounds.most:
            candidates.pop(next(iter(candidates)))
        asked = {one.phrase for one in touched if one.item in candidates.get(one.phrase, {})}
        told = {phrase: tuple(candidates[phrase].values()) for phrase in asked}
        return {phrase: kept for phrase, kept in told.items() if len(kept) >= bounds.least}

    def grow(self, space: str, phrases: Sequence[GrownPhrase], most: int) -> int:
        grown, before = self._grown.setdefault(space, {}), len(self._grown.get(space, {}))
        for one in phrases:
            if one.phrase not in grown and len(grown) < most:
                grown[one.phrase] = one
                self._candidates.get(space, {}).pop(one.phrase, None)
        return len(grown) - before

    def grown(self, space: str, after: int = 0) -> list[GrownPhrase]:
        return list(self._grown.get(space, {}).values())[after:]

    def items_in(self, space: str, place: int = 0) -> ItemPage:
        """Pages of three, in the order in which they were asked for first."""
        places = {self._places.setdefault(item, len(self._places) + 1): item for item, at in self._items if at == space}
        found = sorted(one for one in places if one > place)[:3]
        return ItemPage(tuple(places[one] for one in found), found[-1] if len(found) == 3 else 0)

    def drop_items(self, space: str, items: Collection[str]) -> None:
        for item in items:
            self._items.pop((item, space), None)

    def drop_words(self, space: str) -> None:
        self._phrases = {place: vector for place, vector in self._phrases.items() if place[0] != space}
        self._candidates.pop(space, None)
        self._grown.pop(space, None)

    def sample_items(self, space: str, count: int) -> list[str]:
        """Every so-manieth of them."""
        found = self.sampled_from(space)
        step = max(1, len(found) // max(1, count))
        return found[::step][:count]

    def sampled_from(self, space: str) -> list[str]:
        return sorted(item for item, where in self._items if where == space and owner_of(item) is None)

    def own_items(self, mailbox: bytes) -> list[str]:
        return sorted({item for item, _ in self._items if owner_of(item) == mailbox})

    def close_own(self, mailbox: bytes) -> list[str]:
        self._closed.add(mailbox)
        return self.own_items(mailbox)

    def claim_due(self, name: str, now: float, limit: int, lease: float) -> list[Due]:
        times = sorted((user.times[name].time, who) for who, user in self._users.items() if name in user.times)
        due = [who for time, who in times if time <= now and self._users[who].times[name].hidden_until <= now][:limit]
        for who in due:
            self._users[who].times[name].hidden_until = now + lease
        return [Due(who, self._users[who].times[name].time) for who in due]

    def count_times(self, name: str, edges: Sequence[float]) -> list[int]:
        counts = [0] * (len(edges) + 1)
        for user in self._users.values():
            if name in user.times:
                counts[bisect_right(edges, user.times[name].time)] += 1
        return counts

    def claim_job(self, now: float, lease: float) -> LeasedJob | None:
        free = [
            (job.place, name)
            for name, user in self._users.items()
            if (job := user.running or user.waiting) and job.leased_until <= now
        ]
        if not free:
            return None
        user = self._users[min(free)[1]]
        if user.running is None:
            user.running, user.waiting = user.waiting, None
        assert user.running is not None
        user.running.lease = self._next()
        user.running.leased_until = now + lease
        return LeasedJob(min(free)[1], user.running.job, user.running.lease, user.running.progress)

    def save_job(self, user: str, token: int, progress: bytes, leased_until: float) -> bool:
        running = self._leased(user, token)
        if running is None:
            return False
        running.progress, running.leased_until = progress, leased_until
        return True

    def finish_job(self, user: str, token: int) -> bool:
        if self._leased(user, token) is None:
            return False
        self._users[user].running = None
        return True

    def count_jobs(self) -> int:
        return sum(user.running is not None or user.waiting is not None for user in self._users.values())

    def reserve(self, account: str, period: int, calls: int, tokens: int, max_calls: int, max_tokens: int) -> bool:
        before = self.spent(account, period)
        after = Spent(before.calls + calls, before.tokens + tokens)
        if after.calls > max_calls or after.tokens > max_tokens:
            return False
        self._spent[account, period] = after
        return True

    def settle(self, account: str, period: int, calls: int, tokens: int) -> None:
        before = self.spent(account, period)
        self._spent[account, period] = Spent(max(0, before.calls + calls), max(0, before.tokens + tokens))

    def spent(self, account: str, period: int) -> Spent:
        return self._spent.get((account, period), Spent())

    def forget(self, user: str) -> tuple[str, ...]:
        self._gone.add(user)
        self._users.pop(user, None)
        return tuple(sorted(self._providers))

    def users(self, place: int = 0) -> UserPage:
        """Pages of three."""
        names = sorted(self._users)[place : place + 3]
        return UserPage(tuple(names), place + 3 if place + 3 < len(self._users) else 0)

    def read_keys(self, mailboxes: Collection[bytes]) -> dict[bytes, tuple[bytes, ...]]:
        return {mailbox: self._keys[mailbox] for mailbox in mailboxes if mailbox in self._keys}

    def add_keys(self, keys: Mapping[bytes, Collection[bytes]]) -> dict[bytes, tuple[bytes, ...]]:
        for mailbox, added in keys.items():
            held = self._keys.get(mailbox)
            if held != () and (held or added):
                self._keys[mailbox] = tuple(dict.fromkeys([*(held or ()), *added]))
        return self.read_keys(keys)

    def destroy_keys(self, mailboxes: Collection[bytes], life: str) -> bool:
        """As `mark`."""
        if life == self.life():
            self._keys |= dict.fromkeys(mailboxes, ())
            self._items = {place: one for place, one in self._items.items() if owner_of(place[0]) not in mailboxes}
        return life == self.life()

    def _leased(self, user: str, token: int) -> _Job | None:
        running = self._users[user].running if user in self._users else None
        return running if running is not None and running.lease == token else None

    def _commit(self, commit: UserCommit) -> CommitOutcome:
        if commit.user in self._gone:
            return CommitOutcome.FORGOTTEN
        user = self._users.get(commit.user, _User())
        if user.revision != commit.expected_revision:
            return CommitOutcome.CONFLICT
        self._users[commit.user] = user
        user.revision += 1
        user.state = commit.state
        user.outbox += [(user.revision, message) for message in commit.outbox]
        for name, time in (commit.times or {}).items():
            user.times.pop(name, None)
            if time is not None:
                user.times[name] = _Time(time)
        if commit.job is not None:
            place = user.waiting.place if user.waiting else self._next()
            user.waiting = _Job(place, commit.job)
        return CommitOutcome.COMMITTED

    def _raise(self, marks: Mapping[Partition, int], floors: Mapping[Partition, int]) -> None:
        for partition, offset in marks.items():
            if floors.get(partition, 0) <= self._marks.get(partition, 0) < offset:
                self._marks[partition] = offset

    def _next(self) -> int:
        self._count += 1
        return self._count
