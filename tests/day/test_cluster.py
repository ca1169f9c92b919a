"""Every role in a process of its own, on a real Kafka and a real Redis."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from infra.exits import Exit
from infra.processes import ChildProcess, KafkaBroker, Launch, RedisServer, free_port
from infra.sample.catalog import sample_items
from tests.day.service import ATTUNE, READY_SECONDS, Service, eventually, interaction, run_attune, send_items
from tests.patience import PATIENCE

pytestmark = [pytest.mark.timeout(300), pytest.mark.kafka, pytest.mark.redis]

ROLES = ("agents", "embedder", "provider", "control", "refiner")
STOPPED = 15.0
"""Seconds: the deadline is 8 s from when it has heard the signal. Without a deadline it would be killed after 20 s."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with (
        KafkaBroker.start(tmp_path_factory.mktemp("kafka")) as kafka,
        RedisServer.start(tmp_path_factory.mktemp("redis")) as redis,
    ):
        yield {
            "ATTUNE_BROKER": f"kafka://{kafka.bootstrap}",
            "ATTUNE_STORE": f"redis://127.0.0.1:{redis.port}/0",
            "ATTUNE_SECRET": "a secret for tests",
            "ATTUNE_PARTITIONS": "4",
            "ATTUNE_SESSION_TIMEOUT": "6",
        }


@pytest.fixture(scope="module")
def cluster(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    created = run_attune("topics", "create", env=settings)
    assert created.returncode == 0, created.stderr
    with contextlib.ExitStack() as stack:
        metrics = {role: free_port() for role in ROLES}
        for role in ROLES:
            stack.enter_context(worker(role, metrics[role], settings, tmp_path_factory.mktemp(role)))
        env = {**settings, "ATTUNE_PROVIDER_URL": f"http://127.0.0.1:{metrics['provider']}"}
        gateway = stack.enter_context(Service(tmp_path_factory.mktemp("gateway"), "gateway", env=env))
        gateway.roles = {role: f"http://127.0.0.1:{port}" for role, port in metrics.items()}
        yield gateway


def worker(role: str, port: int, settings: dict[str, str], folder: Path) -> ChildProcess:
    env = {**settings, "ATTUNE_METRICS_PORT": str(port), "ATTUNE_DATA_DIR": str(folder)}
    launch = Launch(role, (ATTUNE, "worker", role), folder, "read its log", port=port, env=env)
    return ChildProcess(replace(launch, ready_seconds=READY_SECONDS, stop_seconds=20.0)).begin()


def figure(cluster: Service, role: str, name: str) -> float:
    return Service.sum_of(httpx.get(f"{cluster.roles[role]}/metrics", timeout=PATIENCE).text, name)


def test_an_event_goes_from_http_to_faiss(cluster: Service) -> None:
    jazz = [item for item in sample_items() if item["category"] == "jazz"]
    send_items(cluster, [item for item in sample_items() if item["category"] in {"jazz", "cooking"}])
    events = [interaction("ann", str(i["provider"]), str(i["item"]), n=n) for n, i in enumerate(jazz[:10])]
    assert cluster.post("/v1/interactions", {"interactions": events}).status_code == 202

    eventually(lambda: [i["text"] for i in cluster.profile("ann")["interests"]][:1] == ["jazz"])
    eventually(lambda: figure(cluster, "agents", "attune_events_applied_total") == 10)
    found = cluster.get("/v1/users/ann/recommendations", k=10)["items"]
    assert sum(item["category"] == "jazz" for item in found) >= 8


def test_what_is_left_unfitted_is_fitted_by_age(cluster: Service) -> None:
    """Control claims what is due in the store and sends it as a command. Three more clicks trigger nothing else."""
    item = next(i for i in sample_items() if i["category"] == "cooking")
    cluster.post("/v1/interactions", interaction("bea", str(item["provider"]), str(item["item"]), n=0))
    eventually(lambda: cluster.profile("bea")["version"] == 1)
    others = [i for i in sample_items() if i["category"] == "jazz"][:3]
    events = [interaction("bea", str(i["provider"]), str(i["item"]), n=n) for n, i in enumerate(others, start=1)]
    cluster.post("/v1/interactions", {"interactions": events})
    eventually(lambda: cluster.profile("bea")["version"] == 2)
    interests = cluster.profile("bea")["interests"]
    assert "jazz" in [one["text"] for one in interests]
    assert {event for one in interests for event in one["evidence"]} == {f"bea-{n}" for n in range(4)}
    eventually(lambda: figure(cluster, "control", "attune_fleet_versions_total") >= 2)
    assert figure(cluster, "control", "attune_due_claimed_total") >= 1


def test_texts_are_refined_on_demand_and_the_agent_judges_the_result(cluster: Service) -> None:
    chosen = [item for item in sample_items() if item["category"] in {"jazz", "cooking"}][::2][:24]
    events = [interaction("dot", str(i["provider"]), str(i["item"]), n=n) for n, i in enumerate(chosen)]
    cluster.post("/v1/interactions", {"interactions": events})
    cluster.settle()
    assert cluster.post("/v1/users/dot/refresh", {"what": "texts"}).status_code == 202
    eventually(lambda: figure(cluster, "agents", "attune_refinements_total") == 1)
    assert figure(cluster, "refiner", "attune_refiner_jobs_total") == 1
    assert cluster.get("/v1/status")["stages"]["refiner"]["lag"] == 0
    assert httpx.get(f"{cluster.roles['refiner']}/healthz", timeout=PATIENCE).status_code == 200


def test_a_message_that_nobody_can_read_is_listed_and_the_next_is_served(cluster: Service) -> None:
    item = next(i for i in sample_items() if i["category"] == "jazz")
    event = interaction("cal", "nobody", "no-such-item", n=0)
    cluster.post("/v1/interactions", event)
    cluster.post("/v1/interactions", interaction("cal", str(item["provider"]), str(item["item"]), n=1))
    eventually(lambda: cluster.profile("cal")["version"] == 1)


def test_agents_stopped_by_sigterm_leave_in_time_and_come_back(
    cluster: Service, settings: dict[str, str], tmp_path: Path
) -> None:
    second = worker("agents", free_port(), settings, tmp_path)
    time.sleep(2.0)
    start = time.monotonic()
    second.stop()
    assert time.monotonic() - start < STOPPED
    assert second.exit_code == 0


def test_doctor_finds_nothing_wrong(cluster: Service, settings: dict[str, str]) -> None:
    result = run_attune("doctor", env={**settings, **cluster.env})
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("broken", "said"),
    [("store", "redis"), ("broker", "Kafka"), ("eviction", "noeviction")],
)
def test_doctor_names_what_is_wrong_and_the_role_waits_for_it_or_refuses_to_start(
    broken: str, said: str, settings: dict[str, str], tmp_path: Path
) -> None:
    """A server that is away may come; one that is set up wrongly will not change by itself."""
    env = {**settings, "ATTUNE_DATA_DIR": str(tmp_path)}
    with contextlib.ExitStack() as stack:
        if broken == "store":
            env["ATTUNE_STORE"] = f"redis://127.0.0.1:{free_port()}/0"
        elif broken == "broker":
            env["ATTUNE_BROKER"] = f"kafka://127.0.0.1:{free_port()}"
        else:
            evicting = stack.enter_context(RedisServer.start(tmp_path / "redis", policy="allkeys-lru"))
            env["ATTUNE_STORE"] = f"redis://127.0.0.1:{evicting.port}/0"
        doctor = run_attune("doctor", env=env)
        assert doctor.returncode == 1
        assert said.lower() in (doctor.stdout + doctor.stderr).lower()
        launch = Launch("agents", (ATTUNE, "worker", "agents"), tmp_path, "read its log", ready=lambda: True, env=env)
        agents = stack.enter_context(ChildProcess(launch).begin())
        if broken == "eviction":
            assert agents.wait(60)
        else:
            eventually(lambda: "waiting to begin" in agents.log.read_text())
        agents.stop()
        assert agents.exit_code == (Exit.CONFIGURATION if broken == "eviction" else Exit.DONE)
        assert said.lower() in agents.log.read_text().lower()
        assert "Traceback" not in agents.log.read_text()
