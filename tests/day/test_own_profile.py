"""The person's side of a running service, by the command line: see the profile and why, change it in one's own words,
undo that, carry it to somebody new who is recommended the same, and be erased."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from infra.sample.catalog import sample_items
from tests.day.service import Service, eventually, interaction, run_attune, send_items

pytestmark = pytest.mark.timeout(240)

TOPICS = ("jazz", "gardening", "football")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Ada likes jazz and passes over football."""
    with Service(tmp_path_factory.mktemp("up")) as running:
        items = [item for item in sample_items() if item["category"] in TOPICS]
        send_items(running, items)
        jazz, football = ([one for one in items if one["category"] == topic][:15] for topic in ("jazz", "football"))
        told = [(one, "click") for one in jazz] + [(one, "dislike") for one in football]
        events = [
            interaction("ada", str(one["provider"]), str(one["item"]), how, n) for n, (one, how) in enumerate(told)
        ]
        assert running.post("/v1/interactions", {"interactions": events}).status_code == 202
        running.settle()
        eventually(lambda: running.profile("ada")["version"] > 0)
        yield running


def attune(service: Service, *words: str) -> dict[str, Any]:
    done = run_attune(*words, env=service.env)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def weights(service: Service, user: str) -> dict[str, float]:
    return {one["text"]: one["weight"] for one in service.profile(user)["interests"]}


def recommended(service: Service, user: str) -> list[tuple[str, float]]:
    """Without what ranks lower for whom met it."""
    items = service.get(f"/v1/users/{user}/recommendations", k=60)["items"]
    return [(one["item"], round(one["score"], 6)) for one in items if not one["seen"]]


def test_an_interest_says_what_is_behind_it_and_what_it_does(service: Service) -> None:
    best = service.profile("ada")["interests"][0]
    why = attune(service, "profile", "why", "ada", best["text"], "--json")
    assert why["id"] == best["id"]
    assert [one["event_id"] for one in why["evidence"]] == list(reversed(best["evidence"]))
    assert all(one["title"] for one in why["evidence"])
    assert why["made"]["version"] <= service.profile("ada")["version"]
    assert 0 <= why["reward_without"] <= 1
    assert 0.5 < why["reward_with"] <= 1


def test_a_recommendation_says_which_interests_brought_it(service: Service) -> None:
    best = service.get("/v1/users/ada/recommendations", k=1)["items"][0]
    told = attune(service, "explain", "ada", best["provider"], best["item"], "--json")
    assert told["contributions"][0]["text"] == best["interest"]
    assert told["score"] == pytest.approx(best["score"], abs=1e-6)
    assert told["seen"] == best["seen"]
    assert sum(one["share"] for one in told["contributions"]) == pytest.approx(1)


def test_a_wish_is_done_told_and_undone(service: Service) -> None:
    before, version = weights(service, "ada"), service.profile("ada")["version"]
    attune(service, "profile", "edit", "ada", "more gardening, no football", "--yes", "--json")
    eventually(lambda: service.profile("ada")["version"] == version + 1)
    assert "gardening" in weights(service, "ada")
    newest = attune(service, "profile", "versions", "ada", "--json")["versions"][0]
    assert (newest["version"], newest["cause"]) == (version + 1, "edit")
    told = {(one["what"], one["text"]) for one in newest["differences"]}
    assert {("added", "gardening"), ("avoided", "football")} <= told

    attune(service, "profile", "rollback", "ada", str(version), "--json")
    eventually(lambda: service.profile("ada")["version"] == version + 2)
    assert weights(service, "ada") == before
    assert service.profile("ada")["avoid"] == []


def test_a_document_makes_the_same_recommendations_for_somebody_new(service: Service, tmp_path: Path) -> None:
    out = tmp_path / "ada.json"
    assert run_attune("profile", "export", "ada", "--out", str(out), env=service.env).returncode == 0
    attune(service, "profile", "import", "bob", str(out), "--json")
    eventually(lambda: service.profile("bob")["version"] == 1)
    assert weights(service, "bob") == weights(service, "ada")
    theirs = dict(recommended(service, "bob"))
    mine = recommended(service, "ada")
    assert len(mine) > 20
    assert {item: theirs[item] for item, _ in mine} == dict(mine)


def test_the_weights_are_drawn(service: Service, tmp_path: Path) -> None:
    out = tmp_path / "weights.png"
    assert run_attune("profile", "plot", "ada", "--out", str(out), env=service.env).returncode == 0
    assert out.read_bytes().startswith(b"\x89PNG")


def test_a_person_is_erased_with_a_signed_receipt_and_keeps_their_document(service: Service, tmp_path: Path) -> None:
    """The last test here: nothing of hers is left after it."""
    out = tmp_path / "ada.json"
    receipt = attune(service, "profile", "forget", "ada", "--export", str(out), "--yes", "--wait", "--json")
    assert json.loads(out.read_text())["interests"]
    assert (receipt["state"], receipt["missing"]) == ("complete", [])
    assert set(receipt["confirmed"]) == set(service.get("/v1/status")["providers"])
    signed = {name: value for name, value in receipt.items() if name != "signature"}
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(service.get("/v1/erasures/key")["public_key"]))
    key.verify(bytes.fromhex(receipt["signature"]), json.dumps(signed, sort_keys=True, separators=(",", ":")).encode())
    assert service.http.get("/v1/users/ada/profile").status_code == 404
    assert service.http.get("/v1/users/ada/versions").status_code == 404
