"""`kill -9` in the middle of an ingest, a restart, and the rest: the same profiles as without."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from infra.sample.catalog import sample_items
from tests.day.service import Service, eventually, interaction, run_attune, send_items

pytestmark = pytest.mark.timeout(240)

PEOPLE = 40
EVENTS_EACH = 25


def history(folder: Path) -> Path:
    """One file, person after person, as histories come."""
    items = list(sample_items())
    path = folder / "history.jsonl"
    with path.open("w") as file:
        for person in range(PEOPLE):
            for n in range(EVENTS_EACH):
                item = items[(person * 37 + n * (person % 5 + 1)) % len(items)]
                event = interaction(f"p{person:02}", str(item["provider"]), str(item["item"]), n=n)
                event["time"] = f"2026-11-{1 + person % 20:02}T10:00:{n:02}Z"
                file.write(json.dumps(event) + "\n")
    return path


def profiles(service: Service) -> list[Any]:
    return [service.profile(f"p{person:02}") for person in range(PEOPLE)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return history(tmp_path_factory.mktemp("history"))


def test_killed_in_the_middle_and_started_again_it_ends_in_the_same_profiles(path: Path, tmp_path: Path) -> None:
    with Service(tmp_path / "calm", env={"ATTUNE_REFIT_AGE": "600"}) as calm:
        send_items(calm, list(sample_items()))
        first = run_attune("ingest", str(path), "--json", env=calm.env)
        assert first.returncode == 0, first.stderr
        summary = json.loads(first.stdout.splitlines()[-1])
        assert (summary["read"], summary["accepted"]) == (PEOPLE * EVENTS_EACH, PEOPLE * EVENTS_EACH)
        expected = profiles(calm)
        assert all(profile["interests"] for profile in expected)

        applied = calm.metric("attune_events_applied_total")
        assert applied == PEOPLE * EVENTS_EACH
        again = run_attune("ingest", str(path), env=calm.env)
        assert again.returncode == 0, again.stderr
        assert calm.metric("attune_events_applied_total") == applied
        assert profiles(calm) == expected

    with Service(tmp_path / "killed", env={"ATTUNE_REFIT_AGE": "600", "ATTUNE_BATCH_SIZE": "20"}) as service:
        send_items(service, list(sample_items()))
        with path.open() as file:
            events = [json.loads(line) for line in file]
        service.post("/v1/interactions", {"interactions": events[:600]})
        eventually(lambda: 0 < service.metric("attune_events_applied_total") < 600, 10)
        service.process.kill()
        service.process.begin()
        rest = run_attune("ingest", str(path), env=service.env)
        assert rest.returncode == 0, rest.stderr
        service.settle()
        assert profiles(service) == expected


def test_a_service_that_comes_back_finds_its_ingest_waiting_for_it(path: Path, tmp_path: Path) -> None:
    """The command outlives the service: what was not answered 202 is sent again."""
    import threading

    with Service(tmp_path / "service", env={"ATTUNE_REFIT_AGE": "600"}) as service:
        send_items(service, list(sample_items()))
        results: list[int] = []
        ingest = threading.Thread(
            target=lambda: results.append(run_attune("ingest", str(path), env=service.env).returncode)
        )
        service.process.kill()
        ingest.start()
        time.sleep(1.0)
        service.process.begin()
        ingest.join()
        service.settle()
        assert results == [0]
        assert service.metric("attune_events_applied_total") == PEOPLE * EVENTS_EACH
