"""A person brings what they did elsewhere: it feeds their own profile, counts once, and reaches nobody else."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.sample.catalog import sample_items
from tests.day.service import Service, run_attune, send_items
from tests.infra.platforms.files import NETFLIX_HEAD, SECRETS, netflix_row, play, table, zipped

pytestmark = pytest.mark.timeout(180)

ARTISTS = ("John Coltrane", "Alice Coltrane", "Charles Mingus")
BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    with Service(folder) as running:
        send_items(running, [item for item in sample_items() if item["category"] in ("jazz", "football")])
        yield running


def listened() -> bytes:
    """Ninety plays of jazz within a month."""
    start = datetime(2026, 8, 1, tzinfo=UTC)
    times = [start + timedelta(hours=8 * n) for n in range(90)]
    plays = [
        play(f"A tune of jazz, part {n % 30}", ARTISTS[n % 3], ts=f"{time:%Y-%m-%dT%H:%M:%SZ}")
        for n, time in enumerate(times)
    ]
    return zipped({"MyData/Streaming_History_Audio_2026.json": json.dumps(plays)})


def bring(service: Service, user: str, file: bytes) -> dict[str, Any]:
    answer = service.http.post(f"/v1/users/{user}/history", content=file, headers=BYTES)
    assert answer.status_code == 202, answer.text
    taken: dict[str, Any] = answer.json()
    return taken


def test_a_history_is_a_profile_when_the_answer_comes(service: Service) -> None:
    assert bring(service, "kim", listened())["interactions"] == 90
    profile = service.profile("kim")
    assert {one["text"] for one in profile["interests"]} & set(ARTISTS)
    found = service.get("/v1/users/kim/recommendations", k=10)["items"]
    assert sum(item["category"] == "jazz" for item in found[:5]) >= 3


def test_the_same_file_again_changes_nothing(service: Service) -> None:
    bring(service, "robin", listened())
    before = service.profile("robin")
    again = bring(service, "robin", listened())
    assert (again["interactions"], again["repeated"]) == (0, 90)
    assert service.profile("robin") == before


def test_what_was_brought_is_nobodys_catalog(service: Service) -> None:
    bring(service, "kim", listened())
    assert not [name for name in service.get("/v1/providers")["providers"] if name.startswith("mine.")]
    answer = service.post("/v1/providers/mine.spotify/search", {"subject": "0" * 32})
    assert answer.status_code == 404
    recommended = service.get("/v1/users/kim/recommendations", k=200)["items"]
    assert not [item for item in recommended if item["provider"].startswith("mine.")]


def test_nothing_has_become_a_dead_letter(service: Service) -> None:
    bring(service, "lou", listened())
    assert service.get("/v1/dead-letters", limit=10)["dead_letters"] == []


def test_the_command_does_the_same(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "netflix.csv"
    file.write_text(
        table(NETFLIX_HEAD, *(netflix_row(f"Football night {n}", f"2026-08-{n:02d} 20:00:00") for n in range(1, 20)))
    )
    done = run_attune("import", str(file), "--user", "sam", "--json", env=service.env)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert (answer["platform"], answer["interactions"], answer["refused"]) == ("netflix", 19, 0)
    assert service.profile("sam")["interests"]


def test_nothing_private_of_a_file_lies_anywhere_afterwards(service: Service, folder: Path) -> None:
    """The log, the store, the output of the service: every byte on the disk."""
    bring(service, "kim", listened())
    found = [
        (path.name, secret)
        for path in folder.rglob("*")
        if path.is_file()
        for secret in SECRETS
        if secret.encode() in path.read_bytes()
    ]
    assert found == []
