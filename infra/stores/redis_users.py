"""The calls that read and write users in Redis, and what their replies mean. One call is for one bucket."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from infra.stores.codec import pack_outbox, unpack_outbox
from infra.stores.redis_calls import RedisCalls, Words, script
from infra.stores.redis_keys import RECORD, USER_BUCKETS, USER_RECORDS, UserKey
from workers.ports import CommitOutcome, UserCommit, UserPage, UserRecord

_OUTCOMES = {
    ord("c"): CommitOutcome.COMMITTED,
    ord("x"): CommitOutcome.CONFLICT,
    ord("f"): CommitOutcome.FORGOTTEN,
}


_PAGE = b"1000"
"""Keys looked at in one step: half a millisecond of Redis."""


def number(value: float) -> bytes:
    """The shortest text that reads back as the same number."""
    return repr(float(value)).encode()


def read_call(bucket: int, users: Sequence[UserKey]) -> Words:
    keys = USER_BUCKETS[bucket]
    both = (key for user in users for key in (keys.record(user.name), keys.outbox(user.name)))
    return script("read_users", [keys.gone, *both], [user.digest for user in users])


def records(users: Iterable[UserKey], reply: Sequence[bytes]) -> Iterator[tuple[str, UserRecord]]:
    """Those that the store knows."""
    summary, *announced = reply
    following = iter(announced)
    for user, word in zip(users, summary.split(), strict=True):
        if word == b"gone":
            yield user.user, UserRecord(forgotten=True)
        elif word != b"-":
            revision, entries = map(int, word.split(b":"))
            state = next(following)
            outbox = tuple(message for _ in range(entries) for message in unpack_outbox(next(following)))
            yield user.user, UserRecord(revision, state, outbox)


def commit_call(bucket: int, commits: Sequence[tuple[UserKey, UserCommit]]) -> Words:
    keys = USER_BUCKETS[bucket]
    names = sorted({name for _, commit in commits for name in commit.times or ()})
    places = {name: b"%d" % place for place, name in enumerate(names, start=1)}
    return script(
        "commit_users",
        [
            keys.gone,
            keys.pending,
            keys.names,
            keys.jobs.ready,
            *(key for name in names for key in keys.times(name)),
            *(key for user, _ in commits for key in (keys.record(user.name), keys.outbox(user.name))),
        ],
        [
            b"%d" % len(names),
            *(name.encode() for name in names),
            *(word for user, commit in commits for word in _commit_words(user, commit, places)),
        ],
    )


def outcomes(reply: bytes) -> list[CommitOutcome]:
    return [_OUTCOMES[letter] for letter in reply]


def trim_call(bucket: int, users: Sequence[UserKey], published: Mapping[str, int]) -> Words:
    keys = USER_BUCKETS[bucket]
    words = (word for user in users for word in (user.name, b"%d" % published[user.user]))
    return script("trim_users", [keys.pending, *(keys.outbox(user.name) for user in users)], list(words))


def forget_call(user: UserKey, names: Iterable[str]) -> Words:
    keys = USER_BUCKETS[user.bucket]
    known = sorted(names)
    return script(
        "forget_user",
        [
            keys.gone,
            keys.pending,
            keys.names,
            keys.record(user.name),
            keys.outbox(user.name),
            *keys.jobs,
            *(key for name in known for key in keys.times(name)),
        ],
        [user.digest, user.name, *(name.encode() for name in known)],
    )


async def page(calls: RedisCalls, place: int) -> UserPage:
    """Of one step of Redis's walk over all of its keys, which meets every key that is there all the while."""
    found = (b"%d" % place, b"MATCH", USER_RECORDS + b"*", b"COUNT", _PAGE)
    after, keys = await calls.call((b"SCAN", *found))
    users = (key.partition(RECORD)[2].decode() for key in keys)
    return UserPage(tuple(dict.fromkeys(users)), int(after))


def _commit_words(user: UserKey, commit: UserCommit, places: Mapping[str, bytes]) -> list[bytes]:
    revision = commit.expected_revision + 1
    words = [
        user.digest,
        user.name,
        b"%d" % commit.expected_revision,
        b"%d" % revision,
        commit.state,
        pack_outbox(revision, commit.outbox) if commit.outbox else b"",
    ]
    words += (b"0",) if commit.job is None else (b"1", commit.job)
    times = commit.times or {}
    words.append(b"%d" % len(times))
    for name, time in times.items():
        words += (places[name], b"" if time is None else number(time))
    return words
