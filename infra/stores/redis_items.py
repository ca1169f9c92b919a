"""The calls that read and write items in Redis, and what their replies mean.

The list of providers lies in another slot than the items, so no script can keep both. It is kept by an order instead:

1. Who writes items counts that write and lists their provider after the items, in the same round trip.
2. Who deletes a provider's last item of a bucket, or whose item came too late where the bucket has none of the
   provider, looks how often it was written, then whether any bucket has an item.
3. Where none has, the provider is taken off the list, unless the count of writes has moved since 2.

A write that is counted before 2 shows its item in 2; one between 2 and 3 is seen in 3; one after 3 lists the provider
again.
"""

import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from infra.stores.codec import pack_item, provider_of, unpack_item
from infra.stores.redis_calls import RedisCalls, Words, script
from infra.stores.redis_keys import BUCKETS, ITEM_BUCKETS, PROVIDER_WRITES, PROVIDERS, grouped, item_bucket
from workers.mine import is_mine
from workers.ports import ItemRecord
from workers.standing import NONE, REMEMBERED_MS


def read_call(bucket: int, items: Sequence[str], space: str) -> Words:
    return script("read_items", [ITEM_BUCKETS[bucket].item(item) for item in items], [space.encode()])


def records(items: Sequence[str], space: str, reply: Sequence[bytes | None]) -> Iterator[tuple[str, ItemRecord]]:
    """Those that the store knows in this space."""
    for item, packed in zip(items, reply, strict=True):
        if packed is not None:
            yield item, unpack_item(item, space, packed)


async def sample(calls: RedisCalls, space: str, count: int) -> list[str]:
    """Two round trips: members of every bucket, then which of those drawn are in the space. Twice as many are drawn as
    wanted, since buckets are not equally full and a new space is not complete at first."""
    share = b"%d" % (2 * count // BUCKETS + 1)
    members = await calls.run([(b"SRANDMEMBER", bucket.keys, share) for bucket in ITEM_BUCKETS])
    drawn = [key.decode() for keys in members for key in keys]
    random.shuffle(drawn)
    drawn = drawn[: 2 * count]
    exist = await calls.run([(b"HEXISTS", ITEM_BUCKETS[item_bucket(key)].item(key), space.encode()) for key in drawn])
    return [key for key, exists in zip(drawn, exist, strict=True) if exists][:count]


async def put(calls: RedisCalls, written: Sequence[ItemRecord], deleted: Collection[str]) -> set[str]:
    """Returns the keys of which something stayed as it was."""
    puts = _put_calls(written, deleted if isinstance(deleted, Mapping) else dict.fromkeys(deleted, NONE))
    replies = (await calls.run([*puts, *_list_calls(written)]))[: len(puts)]  # 1
    await unlist(calls, {provider for emptied, _ in replies for provider in emptied})
    return {key.decode() for _, kept in replies for key in kept}


async def unlist(calls: RedisCalls, emptied: Collection[bytes]) -> None:
    """Takes those that have no item any more, or got none, off the list; some bucket has none of theirs."""
    if emptied:
        await _retire(calls, sorted(emptied))


async def _retire(calls: RedisCalls, providers: Sequence[bytes]) -> None:
    writes, *buckets = await calls.run(  # 2
        [
            (b"HMGET", PROVIDER_WRITES, *providers),
            *((b"HMGET", bucket.providers, *providers) for bucket in ITEM_BUCKETS),
        ]
    )
    gone = [
        word
        for provider, count, *items in zip(providers, writes, *buckets, strict=True)
        if not any(items)
        for word in (provider, count or b"0")
    ]
    await calls.call(script("retire_providers", [PROVIDERS, PROVIDER_WRITES], gone))  # 3


def _put_calls(written: Sequence[ItemRecord], deleted: Mapping[str, str]) -> list[Words]:
    written_in = grouped(written, lambda record: item_bucket(record.key))
    deleted_in = grouped(deleted.items(), lambda one: item_bucket(one[0]))
    return [
        _put_call(bucket, written_in.get(bucket, []), deleted_in.get(bucket, []))
        for bucket in sorted({*written_in, *deleted_in})
    ]


def _put_call(bucket: int, written: Sequence[ItemRecord], deleted: Sequence[tuple[str, str]]) -> Words:
    keys = ITEM_BUCKETS[bucket]
    return script(
        "put_items",
        [
            keys.providers,
            keys.keys,
            keys.gone,
            *(keys.item(record.key) for record in written),
            *(keys.item(item) for item, _ in deleted),
        ],
        [
            b"%d" % len(written),
            b"%d" % REMEMBERED_MS,
            *(word for record in written for word in _put_words(record)),
            *(word for item, standing in deleted for word in _delete_words(item, standing)),
        ],
    )


def _put_words(record: ItemRecord) -> tuple[bytes, ...]:
    named = record.key.encode(), provider_of(record.key).encode(), record.space.encode()
    return *named, record.standing.encode(), pack_item(record)


def _delete_words(item: str, standing: str) -> tuple[bytes, ...]:
    return item.encode(), provider_of(item).encode(), standing.encode()


def _list_calls(written: Sequence[ItemRecord]) -> list[Words]:
    providers = sorted({provider_of(record.key).encode() for record in written})
    counts: list[Words] = [(b"HINCRBY", PROVIDER_WRITES, provider, b"1") for provider in providers]
    return [*counts, (b"SADD", PROVIDERS, *providers)] if providers else []


def provider_names(reply: Iterable[bytes]) -> tuple[str, ...]:
    """Sorted; none of `workers.mine`."""
    return tuple(sorted(name for name in (raw.decode() for raw in reply) if not is_mine(name)))
