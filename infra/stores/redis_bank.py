"""The calls that keep what the bank of a space grows by, in Redis, and those that change an item only as it was read.
All keys of a space's bank share a hash tag."""

from collections.abc import Sequence

from infra.stores.bank_codec import head_of, line_of, pack_grown, sightings_of, unpack_grown
from infra.stores.codec import pack_item
from infra.stores.redis_calls import RedisCalls, Words, script
from infra.stores.redis_keys import ITEM_BUCKETS, BankKeys, grouped, item_bucket
from workers.ports import ItemRecord
from workers.sightings import Bounds, GrownPhrase, Sighting

_AT_ONCE = 100
"""Sightings in one script, which nobody else's call can interrupt: 2 ms (500 took 11)."""


async def sight(
    calls: RedisCalls, space: str, sightings: Sequence[Sighting], bounds: Bounds
) -> dict[str, tuple[Sighting, ...]]:
    replies = await calls.run(
        [
            _sight_call(space, sightings[start : start + _AT_ONCE], bounds)
            for start in range(0, len(sightings), _AT_ONCE)
        ]
    )
    told: dict[str, tuple[Sighting, ...]] = {}
    for reply in replies:
        words = [word.decode() for word in reply]
        told |= {phrase: sightings_of(phrase, lines) for phrase, lines in zip(words[::2], words[1::2], strict=True)}
    return told


async def grow(calls: RedisCalls, space: str, phrases: Sequence[GrownPhrase], most: int) -> int:
    keys = BankKeys(space)
    words = [word.encode() for one in phrases for word in (one.phrase, pack_grown(one))]
    call = script("grow", [keys.sightings, keys.touched, keys.grown, keys.list], [b"%d" % most, *words])
    return int(await calls.call(call))


async def grown(calls: RedisCalls, space: str, after: int) -> list[GrownPhrase]:
    return unpack_grown(await calls.call((b"LRANGE", BankKeys(space).list, b"%d" % after, b"-1")))


async def replace_items(calls: RedisCalls, changes: Sequence[tuple[ItemRecord, ItemRecord]]) -> list[bool]:
    groups = grouped(range(len(changes)), lambda place: item_bucket(changes[place][0].key))
    replies = await calls.run(
        [_replace_call(bucket, [changes[place] for place in places]) for bucket, places in groups.items()]
    )
    replaced: dict[int, bool] = {}
    for places, reply in zip(groups.values(), replies, strict=True):
        replaced |= zip(places, map(bool, reply), strict=True)
    return [replaced[place] for place in range(len(changes))]


def _sight_call(space: str, sightings: Sequence[Sighting], bounds: Bounds) -> Words:
    keys = BankKeys(space)
    words = [word.encode() for one in sightings for word in (one.phrase, head_of(one.item), line_of(one))]
    figures = [b"%d" % figure for figure in bounds]
    return script("sight", [keys.sightings, keys.touched, keys.grown, keys.clock], [*figures, *words])


def _replace_call(bucket: int, changes: Sequence[tuple[ItemRecord, ItemRecord]]) -> Words:
    return script(
        "replace_items",
        [ITEM_BUCKETS[bucket].item(before.key) for before, _ in changes],
        [word for pair in changes for word in (pair[0].space.encode(), *map(pack_item, pair))],
    )
