"""High-water marks in Redis, and the life in which what they stand for was written."""

from collections.abc import Collection, Mapping, Sequence
from uuid import uuid4

from infra.stores.redis_calls import RedisCalls, Words, script
from infra.stores.redis_keys import DATA_NAME, MARKS, mark_field
from workers.errors import StoreUnavailable
from workers.ports import Partition


def read_call(partitions: Collection[Partition]) -> Words:
    return (b"HMGET", MARKS, *map(mark_field, partitions))


def found(partitions: Collection[Partition], reply: Sequence[bytes | None]) -> dict[Partition, int]:
    return {partition: int(offset) for partition, offset in zip(partitions, reply, strict=True) if offset}


def raise_call(marks: Mapping[Partition, int], floors: Mapping[Partition, int], life: str = "") -> Words:
    words = [
        word
        for partition, offset in marks.items()
        for word in (mark_field(partition), b"%d" % offset, b"%d" % floors.get(partition, 0))
    ]
    return script("raise_marks", [MARKS, DATA_NAME], [life.encode(), *words])


async def life(calls: RedisCalls) -> str:
    named: bytes = await calls.call(script("life", [DATA_NAME], [uuid4().hex.encode()]))
    return named.decode()


async def mark(calls: RedisCalls, marks: Mapping[Partition, int], floors: Mapping[Partition, int], life: str) -> None:
    require(await calls.call(raise_call(marks, floors, life)))


def require(same_life: bool) -> None:
    if not same_life:
        raise StoreUnavailable("Redis was restarted or wiped in the middle of some work: that is done again")
