"""What persons brought, in Redis: one hash a person, in the bucket of their mailbox's keys. A call is of one person."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from infra.stores.codec import pack_item, unpack_item
from infra.stores.redis_calls import RedisCalls, Words, script
from infra.stores.redis_keys import KEY_BUCKETS, KeyBucket, key_bucket
from schemas.catalog import embedding_key, split_embedding_key
from workers.mine import owner_of
from workers.ports import ItemRecord

T = TypeVar("T")

_PAGE = b"8"
"""Persons whose items are looked at together: of 2,048 items each, ten milliseconds."""


def parted(values: Iterable[T], key_of: Callable[[T], str]) -> tuple[list[T], dict[bytes, list[T]]]:
    """What is everybody's, and what is whose."""
    everybodys: list[T] = []
    own: dict[bytes, list[T]] = {}
    for value in values:
        owner = owner_of(key_of(value))
        (everybodys if owner is None else own.setdefault(owner, [])).append(value)
    return everybodys, own


def read_call(owner: bytes, items: Sequence[str], space: str) -> Words:
    return (b"HMGET", _bucket(owner).own(owner), *(_field(item, space) for item in items))


def records(items: Sequence[str], space: str, reply: Sequence[bytes | None]) -> Iterator[tuple[str, ItemRecord]]:
    """Those that the store knows in this space."""
    for item, stored in zip(items, reply, strict=True):
        if stored is not None:
            yield item, unpack_item(item, space, stored.partition(b"\n")[2])


async def put(
    calls: RedisCalls,
    written: Mapping[bytes, Sequence[ItemRecord]],
    deleted: Mapping[bytes, Sequence[str]],
    tombstones: Mapping[str, str],
) -> set[str]:
    """By owner. Returns the keys of which something stayed as it was."""
    puts = [
        _put_call(one, written.get(one, ()), {key: tombstones[key] for key in deleted.get(one, ())})
        for one in sorted({*written, *deleted})
    ]
    return {key.decode() for reply in (await calls.run(puts) if puts else []) for key in reply}


def _put_call(owner: bytes, written: Sequence[ItemRecord], deleted: Mapping[str, str]) -> Words:
    bucket = _bucket(owner)
    return script(
        "put_own_items",
        [bucket.own(owner), bucket.owners, bucket.gone],
        [
            owner,
            b"%d" % len(written),
            *(word for record in written for word in _put_words(record)),
            *(word.encode() for one in deleted.items() for word in one),
        ],
    )


def _put_words(record: ItemRecord) -> tuple[bytes, ...]:
    return record.key.encode(), record.space.encode(), record.standing.encode(), pack_item(record)


async def keys_of(calls: RedisCalls, owner: bytes) -> list[str]:
    """In whatever space."""
    return _keys_in(await calls.call((b"HKEYS", _bucket(owner).own(owner))))


async def close(calls: RedisCalls, owner: bytes) -> list[str]:
    """The keys of what there is."""
    bucket = _bucket(owner)
    call = script("close_own_items", [bucket.own(owner), bucket.owners, bucket.gone], [owner])
    return _keys_in(await calls.call(call))


def _keys_in(fields: Iterable[bytes]) -> list[str]:
    return sorted({split_embedding_key(field.decode())[1] for field in fields if field})


async def in_space(calls: RedisCalls, space: str, cursor: int, bucket: int) -> tuple[list[str], int]:
    """Those of some persons of one bucket, and the cursor to go on with: 0 after the last."""
    keys = KEY_BUCKETS[bucket]
    after, owners = await calls.call((b"SSCAN", keys.owners, b"%d" % cursor, b"COUNT", _PAGE))
    replies = await calls.run([(b"HKEYS", keys.own(owner)) for owner in owners]) if owners else []
    parts = (split_embedding_key(field.decode()) for reply in replies for field in reply)
    return [item for where, item in parts if where == space], int(after)


def drop_call(owner: bytes, items: Sequence[str], space: str) -> Words:
    """Whose last item it was stays among the owners, and is looked at in vain."""
    return (b"HDEL", _bucket(owner).own(owner), *(_field(item, space) for item in items))


def _field(item: str, space: str) -> bytes:
    return embedding_key(space, item).encode()


def _bucket(owner: bytes) -> KeyBucket:
    return KEY_BUCKETS[key_bucket(owner)]
