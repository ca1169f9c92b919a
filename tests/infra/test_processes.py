"""The real servers that other tests stand on: they start, survive a kill, end, and say what is wrong."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiokafka
import pytest
import redis
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra.processes import ChildProcess, KafkaBroker, Launch, ProcessError, RedisServer, free_ports
from infra.processes.kafka_jars import kafka_jars
from infra.processes.ports import is_free, is_listening
from infra.processes.records import Record
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
CURE = "Water it daily."
LOG_APPEND_TIME = 1

# A shell whose child outlives it unless the whole group is ended; the child's number goes to the log.
FAMILY = ("sh", "-c", "sleep 60 & echo $!; wait")


def launch(directory: Path, *command: str, ready_seconds: float = PATIENCE, stop_seconds: float = 5.0) -> Launch:
    """Ready with its first line of output."""
    log = directory / "plant.log"
    return Launch(
        "plant",
        command,
        directory,
        CURE,
        ready=lambda: "\n" in log.read_text(),
        ready_seconds=ready_seconds,
        stop_seconds=stop_seconds,
    )


def lives(pid: int) -> bool:
    try:
        return Record.of(pid, 0, "").running
    except ProcessError:
        return False


def wait_until_gone(pid: int) -> None:
    until(lambda: not lives(pid))


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def python(*arguments: str, timeout: float = 4 * PATIENCE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, *arguments), cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
    )


def executable(file: Path, text: str) -> Path:
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


# --- ports


def test_free_ports_differ_and_are_never_given_to_outgoing_connections() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert max(ports) < 32_768


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        assert is_listening(port)
    assert not is_listening(port)


# --- any process


def test_a_missing_binary_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match=rf"plant cannot be started: .*no-such-binary(.|\n)*{CURE}"):
        ChildProcess(launch(tmp_path, "no-such-binary")).begin()


def test_an_early_end_shows_the_last_log_lines_and_the_cure(tmp_path: Path) -> None:
    child = ChildProcess(launch(tmp_path, "sh", "-c", "printf 'too dry'; exit 3"))
    with pytest.raises(ProcessError, match=rf"exit code 3(.|\n)*too dry(.|\n)*{CURE}"):
        child.begin()
    assert child.exit_code == 3


def test_what_is_not_ready_in_time_is_killed_and_reported(tmp_path: Path) -> None:
    child = ChildProcess(launch(tmp_path, "sh", "-c", "printf $$; sleep 60", ready_seconds=2.0))
    with pytest.raises(ProcessError, match=rf"not ready within 2 s(.|\n)*{CURE}"):
        child.begin()
    wait_until_gone(int(child.log.read_text()))


def test_kill_ends_the_whole_group(tmp_path: Path) -> None:
    child = ChildProcess(launch(tmp_path, *FAMILY)).begin()
    grandchild = int(child.log.read_text())
    child.kill()
    assert child.exit_code == -signal.SIGKILL
    wait_until_gone(grandchild)


def test_stop_kills_what_does_not_heed_sigterm(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; echo up; while :; do sleep 1; done"
    child = ChildProcess(launch(tmp_path, "sh", "-c", stubborn, stop_seconds=0.5)).begin()
    child.stop()
    assert child.exit_code == -signal.SIGKILL


def test_a_paused_process_does_nothing_and_can_be_stopped(tmp_path: Path) -> None:
    # With a handler of its own, as servers have: SIGTERM would end a paused process that has none.
    ticking = "trap 'exit 7' TERM; while echo tick; do sleep 0.01; done"
    with ChildProcess(launch(tmp_path, "sh", "-c", ticking)).begin() as child:
        child.pause()
        time.sleep(0.1)
        size = child.log.stat().st_size
        time.sleep(0.3)
        assert child.log.stat().st_size == size
        child.resume()
        until(lambda: child.log.stat().st_size > size)
        child.pause()
    assert child.exit_code == 7


def test_a_child_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    child = ChildProcess(launch(tmp_path, *FAMILY))
    thread = threading.Thread(target=child.begin)
    thread.start()
    thread.join()
    time.sleep(0.3)
    with child:
        assert child.running


def test_children_die_with_the_process_that_started_them(tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from infra.processes import ChildProcess, Launch
ChildProcess(Launch("plant", {FAMILY!r}, Path({str(tmp_path)!r}), "")).begin()
while not Path({str(tmp_path / "plant.log")!r}).read_text().endswith("\\n"):
    pass
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert python("-c", program).returncode == -signal.SIGKILL
    wait_until_gone(int((tmp_path / "plant.log").read_text()))


def test_missing_servers_name_the_debian_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProcessError, match=r"apt-get install .* redis-server"):
        RedisServer.start(tmp_path / "redis")
    for libs in (tmp_path / "none-yet", tmp_path):  # without mvn the one, without java the other
        monkeypatch.setenv("KAFKA_LIBS", str(libs))
        with pytest.raises(ProcessError, match=r"apt-get install .* default-jre-headless maven"):
            KafkaBroker.start(tmp_path / "kafka")


# --- Redis


@pytest.mark.redis
def test_redis_keeps_what_it_acknowledged_and_refuses_to_evict(tmp_path: Path) -> None:
    with RedisServer.start(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        assert client.config_get("append*")["appendonly"] == "yes"
        assert client.config_get("append*")["appendfsync"] == "everysec"
        assert client.config_get("maxmemory*")["maxmemory-policy"] == "noeviction"
        assert client.config_get("maxmemory*")["maxmemory"] == str(512 * 2**20)
        client.set("interest", "jazz")
        server.kill()
        assert not is_listening(server.port)
        server.restart()
        assert client.get("interest") == b"jazz"
        server.wipe()
        assert client.get("interest") is None
    assert is_free(server.port)


@pytest.mark.redis
def test_redis_can_be_started_wrong_on_purpose(tmp_path: Path) -> None:
    wrong = RedisServer.start(tmp_path, policy="allkeys-lru", appendonly=False)
    with wrong as server, redis.Redis.from_url(server.url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
        client.set("interest", "jazz")
        server.kill()
        server.restart()
        assert client.get("interest") is None


@pytest.mark.redis
def test_a_stranger_on_its_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    with RedisServer.start(tmp_path / "first") as first:
        with pytest.raises(ProcessError, match=f"redis needs port {first.port}, and somebody listens"):
            RedisServer.start(tmp_path / "second", first.port)
        first.wipe()  # it still answers


# --- Kafka


async def send(bootstrap: str, values: list[bytes]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("plants", 1, 1)])
    await admin.close()
    async with aiokafka.AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for value in values:
            await producer.send_and_wait("plants", value, timestamp_ms=1)


async def receive(bootstrap: str, count: int) -> list[aiokafka.ConsumerRecord]:
    consumer = aiokafka.AIOKafkaConsumer("plants", bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    async with consumer:
        return [await asyncio.wait_for(consumer.getone(), PATIENCE) for _ in range(count)]


@pytest.mark.kafka
def test_kafka_keeps_what_it_acknowledged_over_a_kill(tmp_path: Path) -> None:
    began = time.monotonic()
    with KafkaBroker.start(tmp_path) as broker:
        # Under 3 s where nothing else runs; the rest is for machines that are busy with other tests.
        assert time.monotonic() - began < 2 * PATIENCE
        port, values = broker.port, [b"fern", b"moss"]
        asyncio.run(send(broker.bootstrap, values))
        broker.kill()
        assert not is_listening(port)
        broker.restart()
        assert broker.port == port
        records = asyncio.run(receive(broker.bootstrap, len(values)))
        assert [record.value for record in records] == values
        assert {record.timestamp_type for record in records} == {LOG_APPEND_TIME}
        pid = broker.pid
    assert not lives(pid)
    assert is_free(port)


@pytest.mark.kafka
def test_kafka_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match=r"Invalid value none(.|\n)*Java 17"):
        KafkaBroker.start(tmp_path, settings={"num.network.threads": "none"})


def fake_maven(directory: Path, monkeypatch: pytest.MonkeyPatch, then: str) -> Path:
    """Puts a `mvn` first on PATH that notes each call in the file returned, then does `then`."""
    calls = directory / "calls"
    executable(directory / "mvn", f'echo called >> {calls}; for word in "$@"; do last=$word; done; {then}')
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    monkeypatch.setenv("KAFKA_LIBS", str(directory / "libs"))
    return calls


def test_jars_are_fetched_once_by_two_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill = 'folder=${last#*=}; mkdir "$folder"; sleep 0.3; touch "$folder/kafka.jar"'
    calls = fake_maven(tmp_path, monkeypatch, fill)
    with ThreadPoolExecutor() as pool:
        for found in [pool.submit(kafka_jars) for _ in range(2)]:
            assert (found.result() / "kafka.jar").exists()
    assert calls.read_text() == "called\n"


def test_a_failed_fetch_shows_why_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_maven(tmp_path, monkeypatch, "mkdir ${last#*=}; echo unknown host; exit 1")
    with pytest.raises(ProcessError, match=r"unknown host(.|\n)*KAFKA_LIBS"):
        kafka_jars()
    assert not (tmp_path / "libs").exists()


# --- services


def services(command: str, directory: Path) -> subprocess.CompletedProcess[str]:
    return python("-m", "infra.processes.services", command, "--dir", str(directory))


@pytest.mark.kafka
@pytest.mark.redis
def test_services_outlive_the_command_and_start_once(tmp_path: Path) -> None:
    assert services("status", tmp_path).returncode == 1
    try:
        with ThreadPoolExecutor() as pool:  # two at once: one starts, the other finds it done
            first, other = pool.map(services, ("start", "start"), (tmp_path, tmp_path))
        assert first.returncode == 0, first.stderr
        assert other.stdout == first.stdout
        broker, store = first.stdout.splitlines()
        assert broker.startswith("ATTUNE_BROKER=kafka://127.0.0.1:")
        with redis.Redis.from_url(store.removeprefix("ATTUNE_STORE=")) as client:
            assert client.ping()
        assert services("start", tmp_path).stdout == first.stdout
        assert services("status", tmp_path).stdout == first.stdout
        records = [Record.read(tmp_path / f"{name}.pid") for name in ("kafka", "redis")]
    finally:
        stopped = services("stop", tmp_path)
    assert stopped.returncode == 0
    assert services("status", tmp_path).stdout == ""
    for record in records:
        assert record is not None
        assert not record.running
        assert is_free(record.port)


def test_a_record_of_a_number_that_was_given_anew_is_not_running() -> None:
    own = Record.of(os.getpid(), 0, "")
    assert own.running
    former = Record(own.pid, own.started - 1, 0, "")
    assert not former.running
    former.stop(1)  # and so this test survives


# --- scripts/system-packages.sh


def system_packages(mode: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ("bash", str(ROOT / "scripts" / "system-packages.sh"), mode),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_system_packages_says_nothing_when_all_is_there() -> None:
    done = system_packages("up", PYTHON=sys.executable)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_system_packages_refuses_an_old_python(tmp_path: Path) -> None:
    old = executable(tmp_path / "python3", '[ "$1" = --version ] && echo Python 3.9.2; exit 1')
    done = system_packages("up", PYTHON=str(old))
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "Python 3.9.2" in done.stderr


def test_system_packages_tells_who_is_not_root_what_to_install(tmp_path: Path) -> None:
    for tool in ("cut", "head", "paste", "sed"):
        (tmp_path / tool).symlink_to(Path("/usr/bin") / tool)
    executable(tmp_path / "id", "echo 1000")
    executable(tmp_path / "apt-get", "exit 1")
    executable(tmp_path / "java", "echo 'openjdk version \"11.0.2\"' >&2")
    executable(tmp_path / "mvn", "exit 0")
    done = subprocess.run(
        ("/bin/bash", str(ROOT / "scripts" / "system-packages.sh"), "test"),
        env={"PATH": str(tmp_path), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    packages = "default-jre-headless redis-server prometheus chromium docker-compose"
    assert done.returncode == 1
    assert f"apt-get install -y --no-install-recommends {packages}\n" in done.stderr
