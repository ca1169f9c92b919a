"""An operator's bad day: a record is damaged, an item came too late. Both are put right with one command."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from infra.sample.catalog import sample_items
from tests.day.service import Service, eventually, interaction, run_attune, send_items

pytestmark = pytest.mark.timeout(180)

STILL = {"ATTUNE_REFIT_AGE": "600", "ATTUNE_REFINE_AFTER": "0", "ATTUNE_ITEM_WAIT": "1"}


def said(result: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return document


def damage(folder: Path, user: str) -> None:
    with sqlite3.connect(folder / "data" / "attune.sqlite") as file:
        assert file.execute("UPDATE users SET state = x'00ff' WHERE user = ?", (user,)).rowcount == 1
    file.close()


def live(service: Service) -> None:
    items = list(sample_items())
    send_items(service, items)
    for person in ("ada", "bob"):
        events = [interaction(person, str(one["provider"]), str(one["item"]), n=n) for n, one in enumerate(items[:12])]
        service.post("/v1/interactions", {"interactions": events})
    service.settle()


def test_a_damaged_record_is_rebuilt_from_the_log(tmp_path: Path) -> None:
    with Service(tmp_path, env=STILL) as service:
        live(service)
        before = {person: service.profile(person) for person in ("ada", "bob")}
        refused = run_attune("rebuild", "ada", env=service.env)
        assert refused.returncode == 1
        assert "is in use by another process: stop it" in refused.stderr
    well = run_attune("rebuild", "--all", "--check", "--json", env=service.env)
    assert well.returncode == 0, well.stderr
    assert {one["user"]: one["found"] for one in said(well)["users"]} == {"ada": "equal", "bob": "equal"}
    damage(tmp_path, "ada")
    assert run_attune("rebuild", "--all", "--check", env=service.env).returncode == 1
    mended = run_attune("rebuild", "--all", "--json", env=service.env)
    assert mended.returncode == 0, mended.stderr
    assert {one["user"]: one["written"] for one in said(mended)["users"]} == {"ada": True, "bob": False}
    with Service(tmp_path, env=STILL) as again:
        assert {person: again.profile(person) for person in ("ada", "bob")} == before


def test_an_event_whose_item_came_too_late_is_replayed_once(tmp_path: Path) -> None:
    first, *rest = list(sample_items())
    with Service(tmp_path, env=STILL) as service:
        send_items(service, rest)
        service.post(
            "/v1/interactions", {"interactions": [interaction("ada", str(first["provider"]), str(first["item"]))]}
        )
        eventually(lambda: len(service.get("/v1/dead-letters")["dead_letters"]) == 1)
        listed = said(run_attune("dlq", "list", "--json", env=service.env))["dead_letters"]
        assert [one["reason"] for one in listed] == ["unknown_item"]
        name = f"{listed[0]['topic']}/{listed[0]['partition']}/{listed[0]['offset']}"
        shown = run_attune("dlq", "show", name, env=service.env)
        assert '"event_id":"ada-0"' in shown.stdout
        body = {name: value for name, value in first.items() if name != "provider"}
        service.post(f"/v1/providers/{first['provider']}/items", {"items": [body]})
        service.settle()
        for expected in ("replayed", "skipped", "replayed"):
            again = ("--again",) if expected == "replayed" else ()
            result = run_attune("dlq", "replay", name, *again, "--json", env=service.env)
            assert said(result)["results"][0]["outcome"] == expected, result.stderr
            service.settle()
        eventually(lambda: service.metric("attune_events_applied_total") == 1)
        assert service.metric("attune_events_duplicate_total", kind="repeated") == 1
        assert service.get("/v1/dead-letters")["dead_letters"] == []
