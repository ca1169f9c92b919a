"""The keys that seal, in Redis: each call is for the mailboxes of one bucket, all of them go in one round trip."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from infra.stores import redis_marks
from infra.stores.redis_calls import RedisCalls, Words, script
from infra.stores.redis_keys import KEY_BUCKETS, KeyBucket, grouped, key_bucket

Wrapped = dict[bytes, tuple[bytes, ...]]


async def read_keys(calls: RedisCalls, mailboxes: Collection[bytes]) -> Wrapped:
    groups = grouped(dict.fromkeys(mailboxes), key_bucket)
    replies = await calls.run([_call("read_keys", bucket, names) for bucket, names in groups.items()])
    return dict(_found(groups.values(), replies))


async def add_keys(calls: RedisCalls, keys: Mapping[bytes, Collection[bytes]]) -> Wrapped:
    groups = grouped(keys, key_bucket)
    replies = await calls.run([_call("add_keys", at, _words(keys, names)) for at, names in groups.items()])
    return dict(_found(groups.values(), replies))


async def destroy_keys(calls: RedisCalls, mailboxes: Collection[bytes], life: str) -> None:
    """A wipe leaves nobody who would have to be erased before this: the server's own part of the life will do."""
    groups, history = grouped(dict.fromkeys(mailboxes), key_bucket), life.partition(":")[0].encode()
    done = await calls.run([_destroy_call(KEY_BUCKETS[bucket], history, names) for bucket, names in groups.items()])
    redis_marks.require(all(done))


def _destroy_call(bucket: KeyBucket, history: bytes, mailboxes: Sequence[bytes]) -> Words:
    keys = [bucket.keys, bucket.gone, bucket.owners, *map(bucket.own, mailboxes)]
    return script("destroy_keys", keys, [history, *mailboxes])


def _call(name: str, bucket: int, words: Iterable[bytes]) -> list[bytes]:
    keys = KEY_BUCKETS[bucket]
    return list(script(name, [keys.keys, keys.gone], list(words)))


def _words(keys: Mapping[bytes, Collection[bytes]], mailboxes: Iterable[bytes]) -> Iterator[bytes]:
    for mailbox in mailboxes:
        yield mailbox
        yield b"%d" % len(keys[mailbox])
        yield from keys[mailbox]


def _found(
    groups: Iterable[Collection[bytes]], replies: Iterable[Iterable[bytes | None]]
) -> Iterator[tuple[bytes, tuple[bytes, ...]]]:
    for mailboxes, reply in zip(groups, replies, strict=True):
        for mailbox, held in zip(mailboxes, reply, strict=True):
            if held != b"":
                yield mailbox, tuple(_unpacked(held or b""))


def _unpacked(held: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(held):
        end = at + 1 + held[at]
        yield held[at + 1 : end]
        at = end
