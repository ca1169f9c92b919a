"""What the suites of the store share: short makers of records, and the time at which they play."""

from collections.abc import Iterable

from workers.ports import CommitOutcome, ItemRecord, Outgoing, Store, UserCommit, UserRecord

SPACE = "minilm-1"
NOW = 1_790_000_000.25
COMMITTED, CONFLICT, FORGOTTEN = CommitOutcome.COMMITTED, CommitOutcome.CONFLICT, CommitOutcome.FORGOTTEN


def message(text: str = "hello") -> Outgoing:
    return Outgoing("attune.profile-embeddings", b"subject", text.encode())


def item(key: str, space: str = SPACE, title: str = "A title") -> ItemRecord:
    return ItemRecord(key, space, b"\x00\xff" * 384, title, ("sports", "women's football"), "hash-of-" + title)


async def user_of(store: Store, user: str) -> UserRecord | None:
    return (await store.read([user], [], SPACE)).users.get(user)


async def commit(store: Store, change: UserCommit) -> CommitOutcome:
    (outcome,) = await store.commit([change])
    return outcome


async def set_times(store: Store, name: str, times: Iterable[tuple[str, float | None]]) -> None:
    """Each user's next commit sets or clears the one time."""
    wanted = dict(times)
    known = (await store.read(wanted, [], SPACE)).users
    outcomes = await store.commit(
        [
            UserCommit(user, known.get(user, UserRecord()).revision, b"state", times={name: time})
            for user, time in wanted.items()
        ]
    )
    assert set(outcomes) <= {COMMITTED}
