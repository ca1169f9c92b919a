"""A person's edit: how long until what is recommended shows it, while other people's events stream in.

1. `attune up` in a process of its own, with the sample's catalog in it and the model loaded, embedded; and on a Kafka
   and a Redis of its own the gateway and each role in a process of its own, as docker-compose.yml has them.
2. Some people have a past and edit their profiles. Edits come at even distances, whatever became of other people's. A
   person adds an interest in words that nobody has typed before (`add`), takes it out
   again (`remove`), avoids what stands first (`avoid`), and takes that back (`allow`).
3. The time is from before the POST until the first answer of GET .../recommendations that is of a newer version and
   shows the edit: an item that the new interest brought, none of it any more, the avoided item gone, the item there
   again. The person looks again 100 ms after each answer, so a time is up to that much too long.
4. Quiet and busy turns take turns at the same service, so that what slows the machine slows both. In the busy ones
   other people's events come in over HTTP, 20 ms of them in a request.
5. In the end nothing waits, and nothing has become a dead-letter.
"""

import asyncio
import itertools
import json
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.editing import AT_ONCE, KINDS, SHOW_SECONDS, Desk, texts
from benchmarks.figures import Figures, latencies, machine, say
from benchmarks.over_http import (
    EMBEDDED,
    Body,
    Service,
    events_of,
    fill,
    post,
    refuse_letters,
    send_at,
    serving,
    serving_apart,
    until_idle,
)
from benchmarks.servers import start_servers
from benchmarks.travel import PAST, TURNS
from workers.errors import ConfigurationError

LIMIT_MS = 1000.0
"""Of the 99th percentile while busy."""

LEAD_SECONDS = 1.0
"""Of a turn before its first edit: the stream is there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`rate` events a second of `others` people while busy; an edit every `1 / pace` seconds of `editors` people, each
    turn `seconds` long."""

    rate: float
    seconds: float
    pace: float
    editors: int
    others: int

    def __post_init__(self) -> None:
        """Raises `ConfigurationError`."""
        round_ = AT_ONCE * len(KINDS)
        if self.edits < round_ or self.editors < AT_ONCE or self.others < 1 or self.events < 1:
            raise ConfigurationError(
                f"it needs {AT_ONCE} who edit, and a rate, a pace and a time that make {round_} edits"
            )

    @property
    def edits(self) -> int:
        """Of a turn: whole rounds."""
        return int(self.pace * self.seconds) // (AT_ONCE * len(KINDS)) * AT_ONCE * len(KINDS)

    @property
    def events(self) -> int:
        """Of a busy turn."""
        return int(self.rate * (self.seconds + LEAD_SECONDS))


@dataclass
class Taken:
    """Seconds by kind of edit, and what became of the stream."""

    edits: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    events: int = 0
    sending: float = 0.0
    behind: float = 0.0
    """Seconds that the service needed after the stream to come to an end, the longest."""

    def told(self) -> Figures:
        every = list(itertools.chain.from_iterable(self.edits.values()))
        return {**latencies(every), **{kind: latencies(self.edits[kind]) for kind in KINDS if self.edits[kind]}}


def run(
    *,
    rate: float = 500.0,
    seconds: float = 32.0,
    pace: float = 2.0,
    editors: int = 20,
    others: int = 500,
    kafka: bool = True,
    fast: bool = False,
    progress: Callable[[str], None] = say,
) -> Figures:
    """Figures ready for JSON; `ratio` is of the busy turns' percentiles over the quiet ones'. The service has the
    settings of this process's environment, but for where it is. `kafka` False: the embedded service only; `fast`: a
    broker for tests. Takes four times `seconds` for each of the two services, and a minute. Raises
    `ConfigurationError`, `ProcessError`, and `Incomplete` where an edit or an event was lost."""
    plan = Plan(rate, seconds, pace, editors, others)
    progress(f"{pace:g} edits/s for {seconds:g} s, {TURNS} times quiet and {TURNS} times with {rate:g} events/s")
    services: dict[str, Figures] = {}
    with TemporaryDirectory(prefix="attune-benchmark-") as folder:
        services["embedded"] = _on(serving(Path(folder), EMBEDDED), plan, progress)
    if kafka:
        with start_servers(fast) as servers:
            asyncio.run(servers.prepare())
            there = {
                "ATTUNE_BROKER": servers.kafka.url,
                "ATTUNE_STORE": servers.redis.url,
                "ATTUNE_SECRET": secrets.token_hex(32),
            }
            services["kafka"] = _on(serving_apart(servers.folder / "service", there), plan, progress)
    return {
        "bench": "edits",
        "rate": rate,
        "seconds": seconds,
        "pace": pace,
        "editors": editors,
        "others": others,
        "machine": machine(),
        "limit_p99_ms": LIMIT_MS,
        **services,
    }


def _on(started: AbstractContextManager[Service], plan: Plan, progress: Callable[[str], None]) -> Figures:
    with started as service:
        return asyncio.run(_measured_at(service, plan, progress))


async def _measured_at(service: Service, plan: Plan, progress: Callable[[str], None]) -> Figures:
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(base_url=service.url, timeout=SHOW_SECONDS, limits=limits) as client:
        await fill(client)
        figures = await measure(client, plan, progress)
        await refuse_letters(client, service.metrics)
        return figures


async def measure(client: httpx.AsyncClient, plan: Plan, progress: Callable[[str], None]) -> Figures:
    """2 to 5 at one service that has its catalog."""
    editors = [f"editor-{number}" for number in range(plan.editors)]
    await live(client, editors)
    stream = events_of(plan.others, TURNS * plan.events)
    desk = Desk(client, editors, texts())
    taken = {"quiet": Taken(), "busy": Taken()}
    for turn in range(1, TURNS + 1):
        for name, here in taken.items():
            async with _streaming(client, stream if name == "busy" else iter(()), plan, here):
                await asyncio.sleep(LEAD_SECONDS)
                await desk.edit(plan.edits, plan.pace, here.edits)
            told = "p50 {p50_ms} ms, p90 {p90_ms} ms, p99 {p99_ms} ms of {samples}".format(**here.told())
            progress(f"{name}, up to turn {turn}: {told}")
    return _report(taken["quiet"], taken["busy"])


def _report(quiet: Taken, busy: Taken) -> Figures:
    calm, loaded = quiet.told(), busy.told()
    return {
        "quiet": calm,
        "busy": loaded,
        "ratio": {name: round(loaded[f"{name}_ms"] / calm[f"{name}_ms"], 2) for name in ("p50", "p90", "p99")},
        "events": busy.events,
        "events_per_s": round(busy.events / busy.sending, 1),
        "behind_s": round(busy.behind, 2),
        "within_limit": loaded["p99_ms"] < LIMIT_MS,
    }


async def live(client: httpx.AsyncClient, editors: Sequence[str]) -> None:
    """2. Everybody has a past that makes a profile."""
    by_user: defaultdict[str, list[Body]] = defaultdict(list)
    for event in events_of(2 * len(editors), 2 * len(editors) * PAST):
        by_user[event["user"]].append(event)
    busiest = sorted(by_user.values(), key=len, reverse=True)  # of so few events, some people have none
    for editor, events in zip(editors, busiest, strict=False):
        own = [{**event, "user": editor, "event_id": f"{editor}-{event['event_id']}"} for event in events]
        await post(client, "/v1/interactions", {"interactions": own})
    await until_idle(client)


@asynccontextmanager
async def _streaming(
    client: httpx.AsyncClient, stream: Iterator[Body], plan: Plan, taken: Taken
) -> AsyncIterator[None]:
    """4. The stream's next events come in meanwhile; it ends when all that came of them is done."""
    events = list(itertools.islice(stream, plan.events))
    sending = asyncio.create_task(send_at(client, events, plan.rate))
    try:
        yield
        taken.sending += await sending
        taken.events += len(events)
    finally:
        sending.cancel()  # no more than a word where it is done
        await asyncio.gather(sending, return_exceptions=True)
    began = time.perf_counter()
    await until_idle(client)
    taken.behind = max(taken.behind, time.perf_counter() - began)


if __name__ == "__main__":
    print(json.dumps(run()))
