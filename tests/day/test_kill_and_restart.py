"""`kill -9` in the middle of an ingest, a restart, and the rest: the same profiles as without."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from infra.sample.catalog import sample_items
from tests.day.service import Service, eventually, interaction, run_attune, send_items

pytestmark = pytest.mark.timeout(240)

PEOPLE = 40
EVENTS_EACH = 25


def history(folder: Path, each: int = EVENTS_EACH) -> Path:
    """One file, person after person, as histories come."""
    items = list(sample_items())
    path = folder / "history.jsonl"
    with path.open("w") as file:
        for person in range(PEOPLE):
            for n in range(each):
                item = items[(person * 37 + n * (person % 5 + 1)) % len(items)]
                event = interaction(f"p{person:02}", str(item["provider"]), str(item["item"]), n=n)
                event["time"] = f"2026-11-{1 + person % 20:02}T10:{n // 60:02}:{n % 60:02}Z"
                file.write(json.dumps(event) + "\n")
    return path


STILL = {"ATTUNE_REFIT_AGE": "600", "ATTUNE_REFINE_AFTER": "0"}
"""Nothing happens by the clock: a fold depends on its mailbox alone, a refinement on when it is asked for."""


def profiles(service: Service) -> list[Any]:
    return [service.profile(f"p{person:02}") for person in range(PEOPLE)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return history(tmp_path_factory.mktemp("history"))


def test_killed_in_the_middle_and_started_again_it_ends_in_the_same_profiles(path: Path, tmp_path: Path) -> None:
    with Service(tmp_path / "calm", env=STILL) as calm:
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

    with Service(tmp_path / "killed", env=STILL | {"ATTUNE_BATCH_SIZE": "20"}) as service:
        send_items(service, list(sample_items()))
        with path.open() as file:
            events = [json.loads(line) for line in file]
        service.post("/v1/interactions", {"interactions": events[:600]})
        eventually(lambda: service.metric("attune_events_applied_total") > 0)
        service.post("/v1/interactions", {"interactions": events[600:900]})  # accepted, and in no profile yet
        service.process.kill()
        service.process.begin()
        rest = run_attune("ingest", str(path), env=service.env)
        assert rest.returncode == 0, rest.stderr
        service.settle()
        assert profiles(service) == expected


def test_an_ingest_outlives_the_service(tmp_path: Path) -> None:
    """What was not answered 202 is sent again until the service is back."""
    each = 400
    path = history(tmp_path, each)
    with Service(tmp_path / "service") as service, ThreadPoolExecutor(1) as beside:
        send_items(service, list(sample_items())[:40])
        ingest = beside.submit(run_attune, "ingest", str(path), "--json", "--no-wait", env=service.env)
        eventually(lambda: service.metric("attune_interactions_accepted_total") > 0)
        service.process.kill()
        assert not ingest.done()
        service.process.begin()
        result = ingest.result()
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout.splitlines()[-1])["accepted"] == PEOPLE * each
