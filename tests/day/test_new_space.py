"""A running service moves to another space and back, while people use it: the commands that an operator types."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.day.service import Service, eventually, interaction, run_attune
from tests.workers.training.catalogs import small_catalog, words
from tests.workers.training.tiny_model import write_tiny_model
from workers.space import describe_space

pytestmark = pytest.mark.timeout(240)

MOVED_SECONDS = 90.0
"""The grace of 10 s, a model to load, 60 items to embed, on two busy cores."""


def attune(running: Service, *command: str) -> dict[str, Any]:
    done = run_attune(*command, "--json", env=running.env)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def is_there(running: Service, model: Path) -> bool:
    answer = attune(running, "space", "status")
    return bool(answer["current"]["model"] == str(model) and answer["phase"] == "done")


def test_a_running_service_moves_to_another_space_and_back(tmp_path: Path) -> None:
    old, new = (write_tiny_model(tmp_path / name, words()[:more]) for name, more in (("old", 20), ("new", 60)))
    with Service(tmp_path, env={"ATTUNE_MODEL": str(old)}) as running:
        items = small_catalog(60)
        bodies = [item.model_dump(include={"item", "title", "text", "category"}) for item in items]
        assert running.post("/v1/providers/p/items", {"items": bodies}).status_code == 202
        eventually(lambda: running.get("/v1/providers")["providers"] == {"p": 60})
        jazz = [item.item for item in items if item.category == "jazz"][:6]
        clicks = [interaction("ann", "p", item, "like", n) for n, item in enumerate(jazz)]
        assert running.post("/v1/interactions", {"interactions": clicks}).status_code == 202
        eventually(lambda: bool(running.profile("ann")["interests"]))
        assert attune(running, "space", "status")["phase"] == "none"
        before = running.profile("ann")

        answer = attune(running, "space", "roll-out", str(new))
        assert (answer["phase"], answer["next"]["model"]) == ("embedding", str(new))
        start = time.monotonic()
        while not is_there(running, new):  # and all the while it recommends
            assert running.get("/v1/users/ann/recommendations", k=5)["items"]
            assert time.monotonic() - start < MOVED_SECONDS
        after = running.profile("ann")
        assert (before["space"], after["space"]) == (describe_space(str(old)).id, describe_space(str(new)).id)
        assert after["version"] == before["version"] + 1
        assert running.get("/v1/users/ann/recommendations", k=5)["items"]

        attune(running, "space", "roll-back")
        eventually(lambda: is_there(running, old), MOVED_SECONDS)
        assert running.profile("ann")["space"] == before["space"]
        weights = [
            {one["text"]: one["weight"] for one in profile["interests"]} for profile in (before, running.profile("ann"))
        ]
        assert weights[0] == weights[1]


def test_a_space_that_is_none_is_refused_with_the_cure(tmp_path: Path) -> None:
    done = run_attune("space", "roll-out", str(tmp_path), env={"ATTUNE_DATA_DIR": str(tmp_path)})
    assert done.returncode == 1
    assert "is not a model directory" in done.stderr
