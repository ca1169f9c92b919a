"""Every key of Redis, and every value of every type."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from infra.audit.needles import Needles
from infra.audit.report import Report
from infra.settings import Settings
from infra.stores.redis_calls import connect

_COUNT = 500

_WALKS = {b"hash": "HSCAN", b"set": "SSCAN", b"zset": "ZSCAN"}


async def look_into_redis(settings: Settings, needles: Needles, report: Report) -> None:
    """Redis goes on meanwhile: what is written behind the walk is not seen."""
    client: Any = connect(settings.store, settings.store_timeout, settings.redis)
    place = report.place("redis", "keys")
    try:
        cursor = 0
        while True:
            cursor, keys = await client.execute_command("SCAN", cursor, "COUNT", _COUNT)
            for key in keys:
                where = needles.hidden(key.decode(errors="replace"))
                place.look(needles.are_in(key), f"the key {where}")
                async for value in _values(client, key):
                    if needles.are_in(value):
                        place.add(f"in {where}")
                        break
            if not int(cursor):
                return
    finally:
        await client.aclose()
        await client.connection_pool.disconnect()


async def _values(client: Any, key: bytes) -> AsyncIterator[bytes]:
    kind = await client.execute_command("TYPE", key)
    if kind in _WALKS:
        cursor = 0
        while True:
            cursor, found = await client.execute_command(_WALKS[kind], key, cursor, "COUNT", _COUNT)
            for one in _flat(found):
                yield one
            if not int(cursor):
                return
    elif kind == b"string":
        yield await client.execute_command("GET", key) or b""
    elif kind == b"list":
        for start in range(0, await client.execute_command("LLEN", key), _COUNT):
            for one in await client.execute_command("LRANGE", key, start, start + _COUNT - 1):
                yield one
    elif kind != b"none":  # gone since
        yield await client.execute_command("DUMP", key) or b""


def _flat(found: Any) -> Iterator[bytes]:
    """The client makes a mapping of fields and values, and pairs of members and scores."""
    for one in found.items() if isinstance(found, dict) else found:
        if isinstance(one, tuple):
            yield from (part for part in one if isinstance(part, bytes))
        else:
            yield one
