"""A service that lets not everybody in, on servers that do not either: the whole way with tokens, TLS and passwords."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.exits import Exit
from infra.processes import KafkaBroker, RedisServer, free_port
from infra.sample.catalog import sample_items
from tests.certificates import Authority
from tests.day.service import Service, eventually, interaction, run_attune
from tests.secured import PASSWORD, USER, kafka_settings, redis_settings

pytestmark = [pytest.mark.timeout(300), pytest.mark.kafka, pytest.mark.redis]

KEYS = "a long random text that signs tokens"


@dataclass(frozen=True)
class Place:
    folder: Path
    env: dict[str, str]

    def token(self, *words: str) -> dict[str, str]:
        """The header of somebody with such a token."""
        issued = run_attune("token", "issue", *words, env=self.env)
        assert issued.returncode == 0, issued.stderr
        return {"Authorization": f"Bearer {issued.stdout.strip()}"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("closed")
    ours, redis_port = Authority(folder), free_port()
    server = ours.sign("server")
    kafka, redis = kafka_settings(server, ours.file), redis_settings(server, ours.file, redis_port)
    with (
        KafkaBroker.start(folder / "kafka", settings=kafka, users={USER: PASSWORD}) as broker,
        RedisServer.start(folder / "redis", settings=redis),
    ):
        env = {
            "ATTUNE_BROKER": broker.url,
            "ATTUNE_KAFKA_SECURITY": "SASL_SSL",
            "ATTUNE_KAFKA_CA": str(ours.file),
            "ATTUNE_KAFKA_USER": USER,
            "ATTUNE_KAFKA_PASSWORD": PASSWORD,
            "ATTUNE_STORE": f"rediss://127.0.0.1:{redis_port}/0",
            "ATTUNE_REDIS_CA": str(ours.file),
            "ATTUNE_REDIS_USER": USER,
            "ATTUNE_REDIS_PASSWORD": PASSWORD,
            "ATTUNE_SECRET": "a secret for tests",
            "ATTUNE_TOKEN_KEYS": KEYS,
            "ATTUNE_PARTITIONS": "2",
            "ATTUNE_HTTP_HOST": "0.0.0.0",
        }
        yield Place(folder, env)


def test_each_gets_as_far_as_their_token_says(place: Place) -> None:
    items = [item for item in sample_items() if item["provider"] == "news"]
    bodies = [{name: value for name, value in item.items() if name != "provider"} for item in items]
    ada, eve = place.token("--role", "person", "--user", "ada"), place.token("--role", "person", "--user", "eve")
    news, feed = place.token("--role", "provider", "--provider", "news"), place.token("--role", "ingester")
    with Service(place.folder / "up", env=place.env) as service:
        http = service.http
        assert http.post("/v1/providers/news/items", json={"items": bodies}).status_code == 401
        assert http.post("/v1/providers/news/items", json={"items": bodies}, headers=news).status_code == 202
        clicks = [interaction("ada", "news", str(item["item"]), n=n) for n, item in enumerate(items[:6])]
        assert http.post("/v1/interactions", json={"interactions": clicks}, headers=eve).status_code == 403
        assert http.post("/v1/interactions", json={"interactions": clicks}, headers=feed).status_code == 202
        eventually(lambda: bool(service.profile("ada", ada)["interests"]), every=0.2)  # 20 a second are too many
        found = http.get("/v1/users/ada/recommendations", headers=ada)
        assert (found.status_code, found.json()["items"][0]["provider"]) == (200, "news")
        assert http.get("/v1/users/ada/profile", headers=eve).status_code == 403
        assert http.get("/v1/users/ada/profile", headers=feed).status_code == 403
        assert http.get("/metrics").status_code == 401
        assert 'attune_doors_refused_total{reason="forbidden"} 3.0' in _metrics(service, place)
        log = service.process.log.read_text()
    for secret in (PASSWORD, KEYS, ada["Authorization"].removeprefix("Bearer ")):
        assert secret not in log


def _metrics(service: Service, place: Place) -> str:
    return service.http.get("/metrics", headers=place.token("--role", "operator")).text


@pytest.mark.parametrize("setting", ["ATTUNE_KAFKA_PASSWORD", "ATTUNE_REDIS_PASSWORD"])
def test_with_a_wrong_password_it_does_not_start_and_says_which(setting: str, place: Place) -> None:
    env = place.env | {setting: "hunter2-and-more", "ATTUNE_DATA_DIR": str(place.folder / "wrong")}
    ended = run_attune("up", env=env)
    assert ended.returncode == Exit.CONFIGURATION
    assert setting in ended.stderr
    assert "hunter2-and-more" not in ended.stderr
