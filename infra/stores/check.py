"""Whether a Redis keeps what it is given: asked at start-up, and by `attune doctor`."""

import re
from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

from workers.errors import StoreRefused

_OLDEST = (6, 2)

Info = Mapping[str, Any]


class TellsInfo(Protocol):
    """As much of a Redis client as is needed here."""

    def info(self) -> Awaitable[Any]: ...


async def check_redis(client: TellsInfo) -> None:
    """Raises `StoreRefused` with everything that is wrong, and the cure of each."""
    problems = await redis_problems(client)
    if problems:
        raise StoreRefused("\n".join(["the Redis in ATTUNE_STORE cannot keep Attune's state:", *problems]))


async def redis_problems(client: TellsInfo) -> list[str]:
    """One sentence for each thing wrong, with its cure; raises what the client raises. Asks INFO only, which managed
    services allow too where they forbid CONFIG."""
    info = await client.info()
    asked = (_append_only(info), _policy(info), _version(info), _role(info))
    return [problem for problem in asked if problem is not None]


def _append_only(info: Info) -> str | None:
    if info.get("aof_enabled") == 1:
        return None
    return "it keeps no append-only file, so a restart loses what was acknowledged: set `appendonly yes`"


def _policy(info: Info) -> str | None:
    policy = info.get("maxmemory_policy")
    if policy == "noeviction":
        return None
    return f"it deletes profiles when memory runs out ({policy}): set `maxmemory-policy noeviction`"


def _version(info: Info) -> str | None:
    version = str(info.get("redis_version"))
    if tuple(map(int, re.findall(r"\d+", version)[:2])) >= _OLDEST:
        return None
    return f"it is version {version}: install 6.2 or newer"


def _role(info: Info) -> str | None:
    if info.get("role") == "master":
        return None
    return "it is a replica, which takes no writes: point ATTUNE_STORE at the primary"
