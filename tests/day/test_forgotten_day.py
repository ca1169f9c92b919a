"""A whole life in a running service, and its end: the person is forgotten, and an audit finds nothing of them."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.processes import KafkaBroker, RedisServer
from schemas.receipt import ErasureStatus
from streams.signatures import is_signed
from tests.day.service import Service, eventually, interaction, run_attune
from tests.infra.platforms.files import NETFLIX_HEAD, netflix_row, table, zipped

pytestmark = pytest.mark.timeout(300)

PERSON = "ann-of-green-gables"
WORDS = ("theremin solos", "knitting by candlelight")
LIKED = "Slow ferries in Patagonia"
"""Of a post on X that nobody else has brought."""
FILMS = range(1, 9)
"""Which bob has brought as well."""
PROVIDERS = {"books": 0, "news": 6}
BYTES = {"Content-Type": "application/octet-stream"}


@contextlib.contextmanager
def embedded(folder: Path) -> Iterator[dict[str, str]]:
    yield {}


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[dict[str, str]]:
    for name in ("kafka", "redis"):
        (folder / name).mkdir()
    with KafkaBroker.start(folder / "kafka") as kafka, RedisServer.start(folder / "redis") as redis:
        yield {
            "ATTUNE_BROKER": f"kafka://{kafka.bootstrap}",
            "ATTUNE_STORE": f"redis://127.0.0.1:{redis.port}/0",
            "ATTUNE_SECRET": "a secret for tests",
            "ATTUNE_PARTITIONS": "2",
        }


def live(service: Service) -> None:
    """Everything that leaves a trace somewhere."""
    topics = ("jazz", "chess", "trains")
    for provider, first in PROVIDERS.items():
        items = [{"item": f"{n}", "title": f"All about {topics[n % 3]} {n}"} for n in range(first, first + 6)]
        assert service.post(f"/v1/providers/{provider}/items", {"items": items}).status_code == 202
    eventually(lambda: service.get("/v1/status")["providers"] == dict.fromkeys(PROVIDERS, 6))
    events = [interaction(PERSON, "news", f"{n}", n=n) for n in range(6, 12)]
    events.append(interaction(PERSON, "news", "of no catalog", n=99))
    assert service.post("/v1/interactions", {"interactions": events}).status_code == 202
    edits = [{"op": "add", "text": WORDS[0], "weight": 0.5}, {"op": "avoid", "text": WORDS[1]}]
    assert service.post(f"/v1/users/{PERSON}/edits", {"edits": edits}).status_code == 202
    eventually(lambda: WORDS[0] in [one["text"] for one in service.profile(PERSON)["interests"]])
    assert service.post(f"/v1/users/{PERSON}/refresh", {"what": "texts"}).status_code == 202
    document = service.get(f"/v1/users/{PERSON}/export")
    assert service.post(f"/v1/users/{PERSON}/import", document).status_code == 202
    eventually(lambda: bool(service.get("/v1/dead-letters")["dead_letters"]))
    assert service.post("/v1/dead-letters/replay", {"all": True}).status_code == 200
    bring(service, PERSON, posts())
    bring(service, PERSON, films())
    bring(service, "bob", films())
    service.settle()


def posts() -> bytes:
    likes = [
        {"like": {"tweetId": f"{1_765_000_000_000_000_000 + n}", "fullText": f"{LIKED}, part {n}"}} for n in range(9)
    ]
    return zipped({"data/like.js": f"window.YTD.like.part0 = {json.dumps(likes)}"})


def films() -> bytes:
    return table(NETFLIX_HEAD, *(netflix_row(f"Football night {n}", f"2026-08-0{n} 20:00:00") for n in FILMS)).encode()


def bring(service: Service, user: str, file: bytes) -> dict[str, Any]:
    answer = service.http.post(f"/v1/users/{user}/history", content=file, headers=BYTES)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def forget(service: Service) -> dict[str, Any]:
    answer = service.http.delete(f"/v1/users/{PERSON}")
    assert answer.status_code == 202
    status = answer.json()["status"]
    eventually(lambda: service.get(status)["state"] == "complete")
    return dict(service.get(status))


def audit(service: Service, folder: Path) -> tuple[int, dict[str, Any]]:
    texts = [word for one in (*WORDS, LIKED) for word in ("--text", one)]
    done = run_attune("audit", "forgotten", PERSON, *texts, "--logs", str(folder), "--json", env=service.env)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "where",
    [embedded, pytest.param(cluster, marks=[pytest.mark.kafka, pytest.mark.redis])],
    ids=["embedded", "kafka and redis"],
)
def test_nothing_is_left_of_somebody_who_was_forgotten(where: Any, tmp_path: Path) -> None:
    logs = tmp_path / "service"
    logs.mkdir()
    with where(tmp_path) as env, Service(logs, env={"ATTUNE_ITEM_WAIT": "1", **env}) as service:
        live(service)
        found, before = audit(service, logs)
        assert found == 1
        assert {"indexes", "brought items in the store"} < {
            place["name"] for place in before["places"] if place["found"]
        }
        bob = service.profile("bob")
        assert bob["interests"]
        status = forget(service)
        public = bytes.fromhex(service.get("/v1/erasures/key")["public_key"])
        assert is_signed(ErasureStatus.model_validate(status), public)
        assert status["confirmed"] == sorted(PROVIDERS)
        found, after = audit(service, logs)
        assert (found, [place["found"] for place in after["places"] if place["found"]]) == (0, [])
        assert after["not_looked_at"] == []
        assert bring(service, "bob", films())["repeated"] == len(FILMS)
        assert service.profile("bob") == bob
        assert service.post("/v1/interactions", interaction(PERSON, "news", "7", n=200)).status_code == 202
        bring(service, PERSON, posts())
        service.settle()
        assert service.http.get(f"/v1/users/{PERSON}/profile").status_code in (404, 410)
        assert audit(service, logs)[0] == 0
