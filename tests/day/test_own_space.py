"""An operator gives one provider of a running service a space of its own, and takes it back."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.day.service import Service, eventually, interaction, run_attune
from tests.day.test_new_space import MOVED_SECONDS, attune
from tests.workers.training.catalogs import small_catalog, words
from tests.workers.training.tiny_model import write_tiny_model
from workers.space import describe_space

pytestmark = pytest.mark.timeout(300)


def phase_of(running: Service) -> str:
    own = attune(running, "space", "status")["own"]
    return str(own[0]["phase"]) if own else "none"


def until_phase(running: Service, phase: str) -> None:
    """And all the while both providers recommend."""
    start = time.monotonic()
    while phase_of(running) != phase:
        for provider in ("books", "shop"):
            assert running.get("/v1/users/ann/recommendations", k=5, provider=provider)["items"]
        assert time.monotonic() - start < MOVED_SECONDS


def texts(profile: Any) -> list[str]:
    return [one["text"] for one in profile["interests"]]


def test_a_provider_of_a_running_service_gets_a_space_of_its_own_and_gives_it_back(tmp_path: Path) -> None:
    common, own = (write_tiny_model(tmp_path / name, words()[:more]) for name, more in (("common", 20), ("own", 60)))
    with Service(tmp_path, env={"ATTUNE_MODEL": str(common)}) as running:
        items = small_catalog(60)
        for provider in ("books", "shop"):
            bodies = [item.model_dump(include={"item", "title", "text", "category"}) for item in items]
            assert running.post(f"/v1/providers/{provider}/items", {"items": bodies}).status_code == 202
        eventually(lambda: running.get("/v1/providers")["providers"] == {"books": 60, "shop": 60})
        jazz = [item.item for item in items if item.category == "jazz"][:6]
        clicks = [interaction("ann", "books", item, "like", n) for n, item in enumerate(jazz)]
        assert running.post("/v1/interactions", {"interactions": clicks}).status_code == 202
        eventually(lambda: bool(running.profile("ann")["interests"]))
        before = running.profile("ann")
        assert before["spaces"] == {}

        answer = attune(running, "space", "own", "shop", str(own))
        assert (answer["own"][0]["provider"], answer["own"][0]["phase"]) == ("shop", "embedding")
        until_phase(running, "served")
        after = running.profile("ann")
        (space,) = after["spaces"]
        assert space == describe_space(str(own)).id
        assert after["spaces"][space].keys() == {one["id"] for one in after["interests"]}
        assert (after["version"], after["space"], after["interests"]) == (
            before["version"],
            before["space"],
            before["interests"],
        )

        # Edited once, in words: it holds at both providers, though one has another space.
        edits = [{"op": "add", "text": "chess", "weight": 0.9}]
        assert running.post("/v1/users/ann/edits", {"edits": edits}).status_code == 202
        eventually(lambda: 0.9 in running.profile("ann")["spaces"].get(space, {}).values(), MOVED_SECONDS)
        assert "chess" in texts(running.profile("ann"))
        best = running.get("/v1/users/ann/recommendations", k=1, provider="shop")["items"][0]
        why = running.get(f"/v1/users/ann/explanations/shop/{best['item']}")
        assert why["score"] == pytest.approx(best["score"], abs=1e-6), "explained in the space that it was found in"

        attune(running, "space", "own", "shop", "--none")
        until_phase(running, "none")
        assert running.profile("ann")["spaces"] == {}
        assert running.get("/v1/users/ann/recommendations", k=5, provider="shop")["items"]


def test_what_is_wrong_is_refused_with_the_cure(tmp_path: Path) -> None:
    env = {"ATTUNE_DATA_DIR": str(tmp_path)}
    for asked, says in (
        (("shop", str(tmp_path)), "is not a model directory"),
        (("shop",), "or --none"),
        (("shop", str(tmp_path), "--none"), "or --none"),
    ):
        done = run_attune("space", "own", *asked, env=env)
        assert done.returncode in (1, 2)
        assert says in " ".join(done.stderr.replace("│", " ").split())
