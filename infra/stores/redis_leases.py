"""Handing out what is due and what waits, in Redis. Every bucket has an index of its own, so the earliest of all is
found in two steps: look at the front of each, then claim from those that have it."""

from collections import Counter
from collections.abc import Sequence
from heapq import nsmallest

from infra.stores.redis_calls import RedisCalls, Words, script
from infra.stores.redis_keys import USER_BUCKETS, Index, UserBucket, UserKey
from infra.stores.redis_users import number
from workers.ports import Due, LeasedJob


async def claim_due(calls: RedisCalls, name: str, now: float, limit: int, lease: float) -> list[Due]:
    """At most two round trips. Where another claims at the same time, a bucket gives what comes next in it."""
    indexes = [bucket.times(name) for bucket in USER_BUCKETS]
    fronts = await calls.run([_peek(index, now, number(now), limit) for index in indexes])
    shares = _shares([times for times, _ in fronts], limit)
    ends = number(now + lease)
    claims = [script("claim_due", indexes[at], [number(now), b"%d" % share, ends]) for at, share in shares.items()]
    replies = await calls.run(claims) if claims else []
    due = [
        Due(user.decode(), float(time)) for reply in replies for user, time in zip(reply[::2], reply[1::2], strict=True)
    ]
    return sorted(due, key=lambda one: (one.due, one.user))


async def count_times(calls: RedisCalls, name: str, edges: Sequence[float]) -> list[int]:
    bounds = list(map(number, edges))
    indexes = [bucket.times(name) for bucket in USER_BUCKETS]
    replies = await calls.run([script("count_times", [index.ready, index.origin], bounds) for index in indexes])
    return [sum(counts) for counts in zip(*replies, strict=True)]


async def claim_job(calls: RedisCalls, now: float, lease: float) -> LeasedJob | None:
    """Looks again as long as another is quicker: each time round somebody has got a job."""
    while True:
        fronts = await calls.run([_peek(bucket.jobs, now, b"+inf", 1) for bucket in USER_BUCKETS])
        waiting = [(float(times), at, user) for at, (times, user) in enumerate(fronts) if times]
        if not waiting:
            return None
        _, at, name = min(waiting)
        claimed = await calls.call(_claim(USER_BUCKETS[at], name, now + lease))
        if claimed is not None:
            token, job, progress = claimed
            return LeasedJob(name.decode(), job, int(token), progress)


async def save_job(calls: RedisCalls, user: str, token: int, progress: bytes, leased_until: float) -> bool:
    key = UserKey(user)
    keys = USER_BUCKETS[key.bucket]
    words = [key.name, b"%d" % token, progress, number(leased_until)]
    return bool(await calls.call(script("save_job", [keys.record(key.name), *keys.jobs], words)))


async def finish_job(calls: RedisCalls, user: str, token: int) -> bool:
    key = UserKey(user)
    keys = USER_BUCKETS[key.bucket]
    ended = await calls.call(script("finish_job", [keys.record(key.name), *keys.jobs], [key.name, b"%d" % token]))
    return bool(ended)


async def count_jobs(calls: RedisCalls) -> int:
    """A user is in one of the two keys of a bucket, whether one job waits or another runs before it."""
    keys = [key for bucket in USER_BUCKETS for key in (bucket.jobs.ready, bucket.jobs.leased)]
    return sum(await calls.run([(b"ZCARD", key) for key in keys]))


def _peek(index: Index, now: float, latest: bytes, limit: int) -> Words:
    return script("peek", index, [number(now), latest, b"%d" % limit])


def _claim(keys: UserBucket, name: bytes, ends: float) -> Words:
    return script("claim_job", [keys.record(name), *keys.jobs, keys.token], [name, number(ends)])


def _shares(fronts: Sequence[bytes], limit: int) -> Counter[int]:
    """How many of the `limit` earliest lie in which bucket."""
    times = ((float(time), bucket) for bucket, front in enumerate(fronts) for time in front.split())
    return Counter(bucket for _, bucket in nsmallest(limit, times))
