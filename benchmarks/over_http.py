"""A whole service in a process of its own, spoken to over HTTP as applications do."""

import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import httpx

from benchmarks.servers import PARTITIONS
from benchmarks.service import Incomplete
from benchmarks.workload import interactions
from infra.cli.roles import Role
from infra.processes import ChildProcess, Launch, free_port
from infra.sample.catalog import sample_items

SEND_SECONDS = 0.02
"""Of a stream's events go in one request."""

IDLE_SECONDS = 120.0
_LOOK_SECONDS = 0.05

EMBEDDED = {"ATTUNE_BROKER": "embedded", "ATTUNE_STORE": "embedded"}

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Service:
    url: str
    pid: int
    metrics: tuple[str, ...] = ("/metrics",)
    """Addresses of the figures of every process of it; of the one at `url` without the host."""


@contextmanager
def serving(folder: Path, where: Mapping[str, str]) -> Iterator[Service]:
    """`attune up`. `where` are its broker and store, as `ATTUNE_*`; all else it has
    from this process's environment. Raises `ProcessError`."""
    port = free_port()
    with _role(("up",), folder, {**where, "ATTUNE_HTTP_PORT": str(port)}, port) as child:
        yield Service(f"http://127.0.0.1:{port}", child.pid)


@contextmanager
def serving_apart(folder: Path, where: Mapping[str, str]) -> Iterator[Service]:
    """As `serving`, the gateway and each role in a process of its own, as docker-compose.yml has them. The topics must
    be there. Raises `ProcessError`."""
    ports, port = {role: free_port() for role in get_args(Role)}, free_port()
    with ExitStack() as stack:
        for role, own in ports.items():
            env = {**where, "ATTUNE_METRICS_PORT": str(own)}
            stack.enter_context(_role(("worker", role), folder / role, env, own))
        env = {**where, "ATTUNE_HTTP_PORT": str(port), "ATTUNE_PROVIDER_URL": f"http://127.0.0.1:{ports['provider']}"}
        child = stack.enter_context(_role(("gateway",), folder / "gateway", env, port))
        metrics = tuple(f"http://127.0.0.1:{own}/metrics" for own in ports.values())
        yield Service(f"http://127.0.0.1:{port}", child.pid, ("/metrics", *metrics))


def _role(words: tuple[str, ...], folder: Path, env: Mapping[str, str], port: int) -> ChildProcess:
    home = {
        "ATTUNE_HTTP_HOST": "127.0.0.1",
        "ATTUNE_DATA_DIR": str(folder / "data"),
        "ATTUNE_PARTITIONS": str(PARTITIONS),
        **env,
    }
    command = (str(Path(sys.executable).parent / "attune"), *words)
    cure = "see its log in the folder"
    launch = Launch("attune", command, folder, cure, port, env=home, ready_seconds=180.0, stop_seconds=20.0)
    return ChildProcess(launch).begin()


async def fill(client: httpx.AsyncClient) -> None:
    """With the sample's catalog. Raises `Incomplete`."""
    items: defaultdict[str, list[Body]] = defaultdict(list)
    for item in map(dict, sample_items()):
        items[str(item.pop("provider"))].append(item)
    for provider, own in items.items():
        await post(client, f"/v1/providers/{provider}/items", {"items": own})
    await until_idle(client)


def events_of(people: int, events: int) -> Iterator[Body]:
    return (json.loads(message.value or b"{}") for message in interactions(people, events))


async def send_at(client: httpx.AsyncClient, events: Sequence[Body], rate: float) -> float:
    """At this rate a second, some in each request; the seconds it took until the last was answered. Raises
    `Incomplete`."""
    size = max(1, round(rate * SEND_SECONDS))
    start = time.perf_counter()
    try:
        async with asyncio.TaskGroup() as posting:
            for number in range(0, len(events), size):
                await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
                some = {"interactions": events[number : number + size]}
                posting.create_task(post(client, "/v1/interactions", some))
    except ExceptionGroup as refused:
        raise refused.exceptions[0] from None
    return time.perf_counter() - start


async def post(client: httpx.AsyncClient, path: str, body: Body) -> None:
    """Raises `Incomplete`."""
    answer = await _ask(client, "POST", path, body)
    if answer.status_code != 202 or answer.json().get("rejected"):
        told = answer.json().get("detail", "some were rejected")
        raise Incomplete(
            f"the service answered {answer.status_code} to a POST ({told}): lower the rate, or see its log"
        )


async def get(client: httpx.AsyncClient, path: str) -> Body:
    """Raises `Incomplete`."""
    answer = await _ask(client, "GET", path)
    if answer.status_code != 200:
        raise Incomplete(f"the service answered {answer.status_code} to a GET: see its log")
    return dict(answer.json())


async def _ask(client: httpx.AsyncClient, method: str, path: str, body: Body | None = None) -> httpx.Response:
    try:
        return await client.request(method, path, json=body)
    except httpx.HTTPError as error:
        raise Incomplete(
            f"the service did not answer ({type(error).__name__}): lower the rate, or see its log"
        ) from error


async def until_idle(client: httpx.AsyncClient, *stages: str) -> None:
    """These stages, or all where none is named. Raises `Incomplete`."""
    deadline = time.monotonic() + IDLE_SECONDS
    while await _lag(client, stages):
        if time.monotonic() > deadline:
            raise Incomplete(f"not everything came through within {IDLE_SECONDS:g} s: lower the rate")
        await asyncio.sleep(_LOOK_SECONDS)


async def _lag(client: httpx.AsyncClient, names: Sequence[str]) -> int:
    stages = (await get(client, "/v1/status"))["stages"]
    return sum(stages[name]["lag"] for name in names or stages)


async def refuse_letters(client: httpx.AsyncClient, metrics: Iterable[str] = ("/metrics",)) -> None:
    """Raises `Incomplete`."""
    lines = [line for place in metrics for line in (await client.get(place)).text.splitlines()]
    if sum(float(line.split()[-1]) for line in lines if line.startswith("attune_dead_letters_total{")):
        raise Incomplete("a message has become a dead-letter: see `attune dlq list`")
