"""What is set up wrongly: every part that the settings name is asked once, all at the same time, nothing is changed.

A finding that is not ok says what is wrong and its cure. A service that is not running yet is nothing wrong.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from infra.settings import Settings
from infra.stores.check import redis_problems
from infra.stores.redis_calls import RedisCalls, connect
from streams.kafka_admin import topic_problems
from streams.tls import distrust
from workers.errors import AttuneError
from workers.space import describe_space

PROBE_SECONDS = 5.0
"""Of each probe. What is healthy answers within a tenth of a second; all run together, so this is of the whole too."""

_ASK_SECONDS = PROBE_SECONDS - 1
"""Of what a probe asks, so that the answer is the part's own error and not the probe's end."""

_LITTLE_DISK = 1024**3
"""Bytes. A log of a week at 100 events a second is about 20 GB; under 1 GB left somebody should know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `cure` is empty where it is ok."""

    name: str
    ok: bool
    detail: str
    cure: str = ""


Probe = Callable[[Settings], Awaitable[Sequence[Finding]]]


async def examine(settings: Settings) -> list[Finding]:
    """All findings, in a fixed order, within `PROBE_SECONDS`. Raises nothing for what is set up wrongly."""
    probes: dict[str, Probe] = {
        "data folder": _data_folder,
        "secret": _secret,
        "model": _model,
        "broker": _broker,
        "store": _store,
        "gateway": _gateway,
    }
    found = await asyncio.gather(*(bounded(name, probe, settings) for name, probe in probes.items()))
    return [_readable(settings), *(finding for findings in found for finding in findings)]


def unreadable(error: AttuneError) -> Finding:
    """Where the settings cannot be read, nothing else can be looked at."""
    return Finding("settings", False, str(error), "correct them in the environment or in the file of ATTUNE_CONFIG")


async def bounded(name: str, probe: Probe, settings: Settings, seconds: float = PROBE_SECONDS) -> Sequence[Finding]:
    """What the probe finds; its error, or that it took too long, as a finding."""
    try:
        async with asyncio.timeout(seconds):
            return await probe(settings)
    except TimeoutError:
        return [Finding(name, False, f"no answer within {seconds:g} s", "see whether it runs and can be reached")]
    except AttuneError as error:
        return [wrong(name, str(error))]


def wrong(name: str, message: str) -> Finding:
    """Our messages say what is wrong, then a colon and the cure."""
    detail, _, cure = message.rpartition(": ")
    return Finding(name, False, detail or cure, cure if detail else "see its log")


def _readable(settings: Settings) -> Finding:
    kind = "one process" if settings.embedded else "a cluster"
    return Finding("settings", True, f"readable; they describe {kind}")


async def _data_folder(settings: Settings) -> Sequence[Finding]:
    if not settings.embedded and settings.store != "embedded":
        return []
    return [await asyncio.to_thread(look_at_folder, settings.data_dir.absolute(), Disk())]


@dataclass(frozen=True, slots=True)
class Disk:
    """What is asked of the file system. `free` is in bytes."""

    writable: Callable[[Path], bool] = lambda folder: os.access(folder, os.W_OK | os.X_OK)
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free


def look_at_folder(folder: Path, disk: Disk) -> Finding:
    """Whether the service could keep its data there. A folder that is not there yet must be possible to make."""
    name, cure = "data folder", "name another folder in ATTUNE_DATA_DIR, or mend its permissions"
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    if not there.is_dir():
        return Finding(name, False, f"{there} is no folder", cure)
    if not disk.writable(there):
        return Finding(name, False, f"{there} cannot be written to", cure)
    if (free := disk.free(there)) < _LITTLE_DISK:
        return Finding(name, False, f"{free // 1024**2} MB are left on the disk of {folder}", "make room there")
    return Finding(name, True, f"{folder}{'' if there == folder else ' (not made yet)'}")


async def _secret(settings: Settings) -> Sequence[Finding]:
    if settings.embedded or settings.secret is not None:
        return []
    cure = "set ATTUNE_SECRET to the same long random text for every role"
    return [Finding("secret", False, "the roles of a cluster share no key for the providers' pseudonyms", cure)]


async def _model(settings: Settings) -> Sequence[Finding]:
    space = await asyncio.to_thread(describe_space, settings.model)
    return [Finding("model", True, f"space {space.id}, {space.dimension} dimensions")]


async def _broker(settings: Settings) -> Sequence[Finding]:
    if settings.embedded:
        return [Finding("broker", True, "embedded")]
    problems = await topic_problems(
        settings.bootstrap, settings.partitions, timeout=_ASK_SECONDS, security=settings.kafka
    )
    reached = Finding("broker", True, f"Kafka at {settings.bootstrap} answers")
    return [reached, *(wrong("topics", problem) for problem in problems)]


async def _store(settings: Settings) -> Sequence[Finding]:
    if settings.store == "embedded":
        return [Finding("store", True, "embedded")]
    client = connect(settings.store, _ASK_SECONDS, settings.redis)
    calls = RedisCalls(client, _ASK_SECONDS)
    try:
        async with calls.deadline():
            problems = await redis_problems(client)
    finally:
        await calls.close()
    reached = Finding("store", True, f"Redis at {urlsplit(settings.store).hostname} answers")
    return [reached, *(wrong("store", problem) for problem in problems)]


async def _gateway(settings: Settings) -> Sequence[Finding]:
    try:
        async with httpx.AsyncClient(timeout=_ASK_SECONDS, verify=settings.http_trust) as client:
            answer = await client.get(f"{settings.url}/readyz")
            problems = answer.json().get("problems", [])
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        if (why := distrust(error)) is not None:
            cure = "let ATTUNE_HTTP_CA name the CA that signed it, and ATTUNE_GATEWAY_URL the host that it was made for"
            return [Finding("gateway", False, f"{settings.url} shows a certificate that is not trusted ({why})", cure)]
        return [await asyncio.to_thread(_silent, settings, type(error).__name__)]
    except (ValueError, AttributeError):
        return [_stranger(settings)]
    if answer.is_success:
        return [Finding("gateway", True, f"ready at {settings.url}")]
    return [wrong("gateway", str(problem)) for problem in problems] or [_stranger(settings)]


def _stranger(settings: Settings) -> Finding:
    cure = "set ATTUNE_HTTP_PORT (or ATTUNE_GATEWAY_URL) to Attune's own address"
    return Finding("gateway", False, f"something else than Attune answers at {settings.url}", cure)


def _silent(settings: Settings, error: str) -> Finding:
    """Not running is well, as long as it could be started where it is looked for."""
    if settings.gateway_url is not None:
        cure = "start it there, or correct ATTUNE_GATEWAY_URL"
        return Finding("gateway", False, f"no answer from {settings.url} ({error})", cure)
    try:
        with socket.create_server((settings.http_host, settings.http_port)):
            return Finding("gateway", True, f"not running; port {settings.http_port} is free for it")
    except OSError as failure:
        detail = f"{settings.http_host}:{settings.http_port} cannot be listened on: {failure.strerror}"
        return Finding("gateway", False, detail, "end what listens there, or set ATTUNE_HTTP_PORT and ATTUNE_HTTP_HOST")
