"""`attune doctor`: each thing that can be set up wrongly is named with its cure, and nothing is waited for long."""

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.doctor import Disk, Finding, bounded, examine, look_at_folder, unreadable, wrong
from infra.processes import KafkaBroker, RedisServer, free_port
from infra.settings import Settings
from streams.kafka_admin import create_topics
from streams.topics import TOPICS
from tests.infra.fake_gateway import FakeGateway, problem, serving
from tests.patience import AT_ONCE, LONG
from workers.errors import ConfigurationError, StoreUnavailable

SECRET = "a secret of the tests"


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serving(FakeGateway()) as fake:
        yield fake


def settings(tmp_path: Path, **given: Any) -> Settings:
    """An embedded service that is not running, but for what is given."""
    return Settings(**{"data_dir": tmp_path / "data", "http_port": free_port(), **given})


async def named(name: str, chosen: Settings) -> list[Finding]:
    return [finding for finding in await examine(chosen) if finding.name == name]


async def only(name: str, chosen: Settings) -> Finding:
    (finding,) = await named(name, chosen)
    return finding


class TestEmbedded:
    async def test_a_fresh_machine_is_well(self, tmp_path: Path) -> None:
        findings = await examine(settings(tmp_path))
        assert [finding for finding in findings if not finding.ok] == []
        assert [finding.name for finding in findings] == [
            "settings",
            "data folder",
            "model",
            "broker",
            "store",
            "gateway",
        ]
        assert not (tmp_path / "data").exists()

    async def test_a_data_folder_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        for folder in (tmp_path / "file", tmp_path / "file" / "data"):
            finding = await only("data folder", settings(tmp_path, data_dir=folder))
            assert not finding.ok
            assert "is no folder" in finding.detail
            assert "ATTUNE_DATA_DIR" in finding.cure

    def test_a_data_folder_that_cannot_be_written_to(self, tmp_path: Path) -> None:
        finding = look_at_folder(tmp_path / "data", Disk(writable=lambda folder: folder != tmp_path))
        assert (finding.ok, finding.detail) == (False, f"{tmp_path} cannot be written to")
        assert "ATTUNE_DATA_DIR" in finding.cure

    def test_a_disk_that_is_nearly_full(self, tmp_path: Path) -> None:
        finding = look_at_folder(tmp_path, Disk(free=lambda folder: 3 * 1024**2))
        assert (finding.ok, finding.cure) == (False, "make room there")
        assert "3 MB are left" in finding.detail

    async def test_a_model_that_is_not_there(self, tmp_path: Path) -> None:
        finding = await only("model", settings(tmp_path, model=str(tmp_path)))
        assert not finding.ok
        assert "ATTUNE_MODEL" in finding.cure


class TestGateway:
    async def test_one_that_is_ready(self, gateway: FakeGateway, tmp_path: Path) -> None:
        finding = await only("gateway", settings(tmp_path, gateway_url=gateway.url))
        assert finding == Finding("gateway", True, f"ready at {gateway.url}")

    async def test_one_that_is_not_ready_says_why(self, gateway: FakeGateway, tmp_path: Path) -> None:
        gateway.answers["GET /readyz"] = (503, {"status": "failing", "problems": ["Redis is gone: start it"]})
        finding = await only("gateway", settings(tmp_path, gateway_url=gateway.url))
        assert finding == Finding("gateway", False, "Redis is gone", "start it")

    async def test_one_that_should_be_there_and_is_not(self, tmp_path: Path) -> None:
        finding = await only("gateway", settings(tmp_path, gateway_url=f"http://127.0.0.1:{free_port()}"))
        assert not finding.ok
        assert "ATTUNE_GATEWAY_URL" in finding.cure

    async def test_another_service_on_its_port(self, gateway: FakeGateway, tmp_path: Path) -> None:
        gateway.answers["GET /readyz"] = problem(404, "Not Found", "Nothing here.")
        finding = await only("gateway", settings(tmp_path, http_port=int(gateway.url.rpartition(":")[2])))
        assert not finding.ok
        assert "something else than Attune" in finding.detail
        assert "ATTUNE_HTTP_PORT" in finding.cure

    async def test_a_port_that_is_taken_by_what_speaks_no_http(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            answering = asyncio.create_task(self._greet(server))
            finding = await only("gateway", settings(tmp_path, http_port=server.getsockname()[1]))
            await answering
        assert not finding.ok
        assert "cannot be listened on" in finding.detail
        assert "ATTUNE_HTTP_PORT" in finding.cure

    async def _greet(self, server: socket.socket) -> None:
        server.setblocking(False)
        connection, _ = await asyncio.get_running_loop().sock_accept(server)
        await asyncio.get_running_loop().sock_sendall(connection, b"220 mail\r\n")
        connection.close()


class TestCluster:
    def cluster(self, tmp_path: Path, **given: Any) -> Settings:
        """Nobody listens at either address."""
        away = {"broker": f"kafka://127.0.0.1:{free_port()}", "store": f"redis://127.0.0.1:{free_port()}/0"}
        return settings(tmp_path, **{**away, "secret": SECRET, **given})

    async def test_no_kafka_and_no_redis_are_named_within_the_time(self, tmp_path: Path) -> None:
        begin = time.monotonic()
        findings = {finding.name: finding for finding in await examine(self.cluster(tmp_path))}
        assert time.monotonic() - begin < AT_ONCE
        assert not findings["broker"].ok
        assert "ATTUNE_BROKER" in findings["broker"].cure
        assert not findings["store"].ok
        assert "ATTUNE_STORE" in findings["store"].detail + findings["store"].cure
        assert findings["model"].ok
        assert "data folder" not in findings

    async def test_the_roles_need_one_secret(self, tmp_path: Path) -> None:
        finding = await only("secret", self.cluster(tmp_path, secret=None))
        assert not finding.ok
        assert "ATTUNE_SECRET" in finding.cure
        assert await named("secret", self.cluster(tmp_path)) == []

    @pytest.mark.redis
    async def test_a_redis_as_it_should_be(self, tmp_path: Path) -> None:
        with await asyncio.to_thread(RedisServer.start, tmp_path / "redis") as server:
            findings = await named("store", self.cluster(tmp_path, store=server.url))
        assert [finding.ok for finding in findings] == [True]

    @pytest.mark.redis
    async def test_a_redis_that_loses_data_is_named_with_both_cures(self, tmp_path: Path) -> None:
        start = lambda: RedisServer.start(tmp_path / "redis", policy="allkeys-lru", appendonly=False)  # noqa: E731
        with await asyncio.to_thread(start) as server:
            findings = await named("store", self.cluster(tmp_path, store=server.url))
        assert [finding.ok for finding in findings] == [True, False, False]
        cures = " ".join(finding.cure for finding in findings)
        assert "appendonly yes" in cures
        assert "maxmemory-policy noeviction" in cures

    @pytest.mark.kafka
    async def test_missing_and_wrong_topics_are_named_and_none_is_made(self, tmp_path: Path) -> None:
        with await asyncio.to_thread(KafkaBroker.start, tmp_path / "kafka") as broker:
            chosen = self.cluster(tmp_path, broker=broker.url, partitions=2)
            reached, *missing = [one for one in await examine(chosen) if one.name in {"broker", "topics"}]
            await create_topics(broker.bootstrap, partitions=2, replication=1)
            fine = await named("topics", chosen)
            differing = await named("topics", self.cluster(tmp_path, broker=broker.url, partitions=3))
        assert reached.ok
        assert len(missing) == len(TOPICS)
        assert {finding.cure for finding in missing} == {"run `attune topics create`"}
        assert fine == []
        assert "set ATTUNE_PARTITIONS=2" in differing[0].cure


class TestProbes:
    async def test_one_that_hangs_is_a_finding(self, tmp_path: Path) -> None:
        async def hang(chosen: Settings) -> Sequence[Finding]:
            await asyncio.sleep(LONG)
            return []

        (finding,) = await bounded("store", hang, settings(tmp_path), seconds=0.05)
        assert (finding.name, finding.ok) == ("store", False)
        assert "0.05 s" in finding.detail

    async def test_an_error_of_ours_is_a_finding(self, tmp_path: Path) -> None:
        async def fail(chosen: Settings) -> Sequence[Finding]:
            raise StoreUnavailable("Redis is loading: wait")

        assert await bounded("store", fail, settings(tmp_path)) == [Finding("store", False, "Redis is loading", "wait")]

    def test_every_wrong_finding_has_a_cure(self) -> None:
        assert wrong("store", "odd").cure
        assert unreadable(ConfigurationError("ATTUNE_BROKER: odd")).cure
