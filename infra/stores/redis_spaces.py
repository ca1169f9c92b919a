"""Giving up a space in Redis: its items page by page, then its words.

A page is what one SSCAN brings of one bucket, first of everybody's items and then of persons who brought some; its
place is the cursor times the number of all those buckets, plus the bucket. Redis promises that such a walk meets every
key that is there all the while, also when others are taken out meanwhile.
"""

from collections.abc import Collection

from infra.stores import redis_items, redis_own
from infra.stores.codec import provider_of
from infra.stores.redis_calls import RedisCalls, Words, script
from infra.stores.redis_keys import BUCKETS, ITEM_BUCKETS, BankKeys, grouped, item_bucket, readable_words_key, words_key
from workers.ports import ItemPage

_BUCKETS = 2 * BUCKETS
"""Those of items, and those of mailboxes."""

_PAGE = b"500"
"""Keys of one page: as many lookups take Redis a millisecond."""


async def items_in(calls: RedisCalls, space: str, place: int) -> ItemPage:
    """Two round trips: keys of a bucket, and which of them are in the space."""
    cursor, number = divmod(place, _BUCKETS)
    if number >= BUCKETS:
        own, after = await redis_own.in_space(calls, space, cursor, number - BUCKETS)
        return ItemPage(tuple(own), _after(after, number))
    bucket = ITEM_BUCKETS[number]
    raw_cursor, keys = await calls.call((b"SSCAN", bucket.keys, b"%d" % cursor, b"COUNT", _PAGE))
    names = [key.decode() for key in keys]
    exist = await calls.run([(b"HEXISTS", bucket.item(name), space.encode()) for name in names])
    found = tuple(name for name, exists in zip(names, exist, strict=True) if exists)
    return ItemPage(found, _after(int(raw_cursor), number))


def _after(cursor: int, bucket: int) -> int:
    """The place of the next page: of this bucket, of the next one, or 0 after the last."""
    return cursor * _BUCKETS + bucket if cursor else (bucket + 1) % _BUCKETS


async def drop_items(calls: RedisCalls, space: str, items: Collection[str]) -> None:
    public, own = redis_own.parted(dict.fromkeys(items), str)
    await calls.run([redis_own.drop_call(owner, names, space) for owner, names in own.items()])
    groups = grouped(public, item_bucket)
    replies = await calls.run([_drop_call(bucket, space, names) for bucket, names in groups.items()])
    await redis_items.unlist(calls, {provider for reply in replies for provider in reply})


def _drop_call(bucket: int, space: str, items: Collection[str]) -> Words:
    keys = ITEM_BUCKETS[bucket]
    words = [word for item in items for word in (item.encode(), provider_of(item).encode())]
    return script("drop_items", [keys.providers, keys.keys, *map(keys.item, items)], [space.encode(), *words])


async def drop_words(calls: RedisCalls, space: str) -> None:
    """Two steps for Redis, which frees the memory beside its work."""
    bank = BankKeys(space)
    await calls.run(
        [
            (b"UNLINK", words_key(space), readable_words_key(space)),
            (b"UNLINK", bank.sightings, bank.touched, bank.clock, bank.grown, bank.list),
        ]
    )
