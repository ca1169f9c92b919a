"""The calls that keep what accounts have spent, in Redis. An account's period is one key, which goes by itself."""

from infra.stores.redis_calls import RedisCalls, script
from infra.stores.redis_keys import budget_key
from workers.ports import Spent

_KEPT = b"%d" % (2 * 24 * 60 * 60)
"""Seconds after the last change: two periods, since a period is a day."""


async def reserve(calls: RedisCalls, account: str, period: int, wanted: Spent, most: Spent) -> bool:
    words = [b"%d" % figure for figure in (*wanted, *most)]
    return bool(await calls.call(script("reserve", [budget_key(account, period)], [*words, _KEPT])))


async def settle(calls: RedisCalls, account: str, period: int, correction: Spent) -> None:
    words = [b"%d" % figure for figure in correction]
    await calls.call(script("settle", [budget_key(account, period)], [*words, _KEPT]))


async def spent(calls: RedisCalls, account: str, period: int) -> Spent:
    figures = await calls.call((b"HMGET", budget_key(account, period), b"calls", b"tokens"))
    return Spent(*(int(figure or 0) for figure in figures))
