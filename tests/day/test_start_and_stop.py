"""Roles as processes: in whatever order they are started, started twice, and stopped while a server is away."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from infra.exits import Exit
from infra.processes import ChildProcess, KafkaBroker, Launch, RedisServer, free_port
from infra.sample.catalog import sample_items
from streams.kafka_evictions import SETTLED
from tests.day.service import ATTUNE, Service, eventually, interaction, run_attune
from tests.patience import PATIENCE

pytestmark = [pytest.mark.timeout(300), pytest.mark.kafka, pytest.mark.redis]

ROLES = ("agents", "embedder", "provider", "control", "refiner")
STOP_SECONDS = 15.0
"""What docker-compose.yml gives a role before it is killed; the deadline is 8 s from when it has heard the signal."""


class Place:
    """Where Kafka and Redis will be, whether or not they are there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kafka_port, self.redis_port = free_port(), free_port()
        self.env = {
            "ATTUNE_BROKER": f"kafka://127.0.0.1:{self.kafka_port}",
            "ATTUNE_STORE": f"redis://127.0.0.1:{self.redis_port}/0",
            "ATTUNE_SECRET": "a secret for tests",
            "ATTUNE_PARTITIONS": "4",
            "ATTUNE_SESSION_TIMEOUT": "6",
        }

    @contextlib.contextmanager
    def servers(self) -> Iterator[tuple[KafkaBroker, RedisServer]]:
        with (
            KafkaBroker.start(self.folder / "kafka", self.kafka_port) as kafka,
            RedisServer.start(self.folder / "redis", self.redis_port) as redis,
        ):
            yield kafka, redis

    def role(self, *words: str, name: str = "", **env: str) -> "Started":
        return Started(self.folder / (name or words[-1]), words, {**self.env, **env})


class Started:
    """A role as a process, which may or may not have come so far as to listen."""

    def __init__(self, folder: Path, words: tuple[str, ...], env: dict[str, str]) -> None:
        self.port = free_port()
        ports = {"ATTUNE_METRICS_PORT": str(self.port), "ATTUNE_HTTP_PORT": str(self.port)}
        launch = Launch(
            words[-1],
            (ATTUNE, *words),
            folder,
            "read its log",
            ready=lambda: True,
            env={**env, **ports, "ATTUNE_DATA_DIR": str(folder)},
            stop_seconds=STOP_SECONDS + 5,
        )
        self.process = ChildProcess(launch).begin()

    @property
    def log(self) -> str:
        return self.process.log.read_text()

    def serves(self) -> bool:
        assert self.process.running, self.process.last_lines()
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz", timeout=PATIENCE).status_code == 200
        return False

    def figure(self, name: str) -> float:
        return Service.sum_of(httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=PATIENCE).text, name)

    def seconds_to_stop(self, signals: int = 1) -> float:
        """From the first SIGTERM to its end."""
        started = time.monotonic()
        for _ in range(signals):
            os.kill(self.process.pid, signal.SIGTERM)
            time.sleep(0.05)
        assert self.process.wait(STOP_SECONDS + 5), self.process.last_lines()
        return time.monotonic() - started

    def code(self) -> int | None:
        self.process.kill()
        return self.process.exit_code


@dataclass
class Town:
    """Every role as a process of its own; `place` is where more can be started."""

    place: Place
    kafka: KafkaBroker
    redis: RedisServer
    roles: dict[str, Started]
    early: dict[str, str]
    """What each had logged before there was anything to talk to."""

    def post(self, path: str, body: object) -> int:
        url = f"http://127.0.0.1:{self.roles['gateway'].port}{path}"
        return httpx.post(url, json=body, timeout=PATIENCE).status_code

    def applied(self, *more: Started) -> float:
        agents = [one for one in (self.roles["agents"], *more) if one.process.running]
        return sum(one.figure("attune_events_applied_total") for one in agents)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The roles are there before Kafka, Redis and the topics."""
    place = Place(tmp_path_factory.mktemp("place"))
    with contextlib.ExitStack() as stack:
        roles = {role: place.role("worker", role) for role in ROLES}
        provider = f"http://127.0.0.1:{roles['provider'].port}"
        roles["gateway"] = place.role("gateway", ATTUNE_PROVIDER_URL=provider)
        for one in roles.values():
            stack.callback(one.process.kill)
        eventually(lambda: all("waiting to begin" in one.log for one in roles.values()), 90)
        early = {name: one.log for name, one in roles.items()}
        kafka, redis = stack.enter_context(place.servers())
        created = run_attune("topics", "create", env=place.env)
        assert created.returncode == 0, created.stderr
        for one in roles.values():
            eventually(one.serves, 120)
        yield Town(place, kafka, redis, roles, early)


def test_it_does_not_matter_who_is_started_first(town: Town) -> None:
    for log in town.early.values():
        assert "Traceback" not in log
    items = [item for item in sample_items() if item["category"] == "jazz"][:5]
    bodies = [{name: value for name, value in item.items() if name != "provider"} for item in items]
    provider = str(items[0]["provider"])
    assert town.post(f"/v1/providers/{provider}/items", {"items": bodies}) == 202
    events = [interaction("ann", provider, str(item["item"]), n=n) for n, item in enumerate(items)]
    assert town.post("/v1/interactions", {"interactions": events}) == 202
    eventually(lambda: town.applied() == 5)


def test_a_second_role_with_another_name_shares_the_work_and_leaves_in_order(town: Town) -> None:
    second = town.place.role("worker", "agents", name="second", ATTUNE_INSTANCE="second")
    try:
        eventually(second.serves)
        before = town.applied(second)
        events = [interaction(f"user-{n}", "nobody", "no-such-item", n=n) for n in range(40)]
        assert town.post("/v1/interactions", {"interactions": [*events, *events]}) == 202
        assert town.post("/v1/interactions", {"interactions": events}) == 202
        assert town.applied(second) == before, "they wait for the item: nothing is applied twice either"
        assert second.seconds_to_stop() < STOP_SECONDS
        assert second.code() == Exit.DONE
    finally:
        second.process.kill()


def test_of_two_with_one_name_one_leaves_and_says_why(town: Town) -> None:
    """The one that came later. (Started again and again, it leaves again and again.)"""
    first = town.place.role("worker", "agents", name="first", ATTUNE_INSTANCE="twin")
    try:
        eventually(first.serves)
        time.sleep(SETTLED + 4)
        later = town.place.role("worker", "agents", name="later", ATTUNE_INSTANCE="twin")
        assert later.process.wait(60), later.log
        assert later.code() == Exit.FATAL, later.log
        assert "ATTUNE_INSTANCE of its own" in later.log
        time.sleep(3.0)
        eventually(first.serves)
        assert first.seconds_to_stop() < STOP_SECONDS
        assert first.code() == Exit.DONE, first.log
    finally:
        first.process.kill()


def test_sigterm_twice_while_it_embeds(town: Town) -> None:
    long = {"text": "All of it about " + "jazz and everything that belongs to it, " * 90}
    items = [{"item": f"long-{n}", "title": f"The {n}th of many", **long} for n in range(400)]
    assert town.post("/v1/providers/books/items", {"items": items}) == 202
    embedder = town.roles["embedder"]
    eventually(lambda: embedder.figure("attune_embed_seconds_count") > 0)
    assert embedder.seconds_to_stop(signals=2) < STOP_SECONDS, embedder.log
    # On a machine without a core to spare a piece of texts may outlast the deadline.
    assert embedder.code() in {Exit.DONE, Exit.FORCED}, embedder.log


def test_sigterm_while_redis_is_away(town: Town) -> None:
    town.redis.kill()
    time.sleep(1.0)
    for name in ("refiner", "agents"):
        assert town.roles[name].seconds_to_stop() < STOP_SECONDS
        assert town.roles[name].code() == Exit.DONE, town.roles[name].log
    town.redis.begin()


@pytest.mark.parametrize("name", ["control", "provider", "gateway"])
def test_sigterm_while_kafka_is_away(town: Town, name: str) -> None:
    if town.kafka.running:
        town.kafka.kill()
        time.sleep(1.0)
    assert town.roles[name].seconds_to_stop() < STOP_SECONDS
    assert town.roles[name].code() == Exit.DONE, town.roles[name].log


def test_sigterm_while_it_waits_to_begin(town: Town) -> None:
    """There is no Kafka any more."""
    waiting = town.place.role("worker", "agents", name="waiting")
    try:
        eventually(lambda: "waiting to begin" in waiting.log)
        assert waiting.seconds_to_stop() < STOP_SECONDS
        assert waiting.code() == Exit.DONE, waiting.log
    finally:
        waiting.process.kill()
