"""A profile begins with one typed sentence, or with nothing at all: the embedded service and the command line."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.sample.catalog import sample_items
from tests.day.service import Service, eventually, interaction, run_attune, send_items
from workers.editing import ADDED_WEIGHT

pytestmark = pytest.mark.timeout(180)

TOPICS = ("astronomy", "jazz", "gardening", "football", "heavy metal")
SENTENCE = "I like jazz from the seventies"
SECONDS = 10.0
"""From a typed sentence to the profile: its vector takes some 50 ms, and two looks a tenth and two tenths of a second
more; the rest is for a machine that is busy with something else."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("up")) as running:
        send_items(running, [item for item in sample_items() if item["category"] in TOPICS])
        yield running


def attune(service: Service, *words: str) -> dict[str, Any]:
    done = run_attune(*words, "--json", env=service.env)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def edit(service: Service, user: str, *edits: dict[str, Any], **more: Any) -> None:
    answer = service.post(f"/v1/users/{user}/edits", {"edits": edits, **more})
    assert answer.status_code == 202, answer.text


def texts(service: Service, user: str, which: str = "interests") -> list[str]:
    return [one["text"] for one in service.profile(user).get(which, ())]


def letters(service: Service) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get("/v1/dead-letters", limit=200)["dead_letters"]
    return found


def test_a_sentence_of_a_new_person_gives_recommendations_that_fit_and_can_be_taken_back(service: Service) -> None:
    assert service.http.get("/v1/users/ada/profile").status_code == 404
    accepted = attune(service, "profile", "edit", "ada", "--add", SENTENCE)
    assert (accepted["state"], accepted["version"]) == ("done", 1)
    start = time.monotonic()
    eventually(lambda: texts(service, "ada") == [SENTENCE])
    found = service.get("/v1/users/ada/recommendations", k=10)["items"]
    assert time.monotonic() - start < SECONDS
    assert sum(item["category"] == "jazz" for item in found) >= 8
    assert {item["interest"] for item in found} == {SENTENCE}
    profile = service.profile("ada")
    assert (profile["version"], profile["interests"][0]["source"], profile["updated"]) == (1, "person", None)
    assert len(attune(service, "recommend", "ada", "-k", "3")["items"]) == 3

    attune(service, "profile", "edit", "ada", "--remove", SENTENCE.upper())
    eventually(lambda: texts(service, "ada") == [])
    assert service.profile("ada")["version"] == 2
    assert service.get("/v1/users/ada/recommendations", k=10)["items"] == []


def test_from_nothing_a_click_begins_a_profile_and_a_sentence_stands_beside_what_is_learned(service: Service) -> None:
    for what in ("profile", "recommendations"):
        nobody = service.http.get(f"/v1/users/bob/{what}")
        assert nobody.status_code == 404
        assert "/v1/interactions" in nobody.json()["detail"]
        assert "/edits" in nobody.json()["detail"]
    football = [item for item in sample_items() if item["category"] == "football"]
    service.post("/v1/interactions", interaction("bob", str(football[0]["provider"]), str(football[0]["item"])))
    eventually(lambda: texts(service, "bob") != [])
    found = service.get("/v1/users/bob/recommendations", k=5)["items"]
    assert [item["category"] for item in found] == ["football"] * 5

    edit(service, "bob", {"op": "add", "text": SENTENCE})
    eventually(lambda: SENTENCE in texts(service, "bob"))
    rest = enumerate(football[1:11], start=1)
    clicks = [interaction("bob", str(one["provider"]), str(one["item"]), n=n) for n, one in rest]
    service.post("/v1/interactions", {"interactions": clicks})
    eventually(lambda: service.metric("attune_events_applied_total") == 11)
    interests = service.profile("bob")["interests"]
    assert "football" in [one["text"] for one in interests]
    (own,) = [(one["weight"], one["source"]) for one in interests if one["text"] == SENTENCE]
    assert own == (ADDED_WEIGHT, "person")


def test_what_is_avoided_is_not_recommended(service: Service) -> None:
    edit(service, "cleo", {"op": "add", "text": "music"})
    eventually(lambda: texts(service, "cleo") == ["music"])
    before = service.get("/v1/users/cleo/recommendations", k=20)["items"]
    assert sum(item["category"] == "heavy metal" for item in before) >= 3
    attune(service, "profile", "edit", "cleo", "--avoid", "heavy metal")
    eventually(lambda: texts(service, "cleo", "avoid") == ["heavy metal"])
    after = service.get("/v1/users/cleo/recommendations", k=20)["items"]
    assert sum(item["category"] == "heavy metal" for item in after) == 0


def test_the_same_command_counts_once(service: Service) -> None:
    for _ in range(2):
        edit(service, "dan", {"op": "add", "text": "jazz"}, command_id="dan-1")
    eventually(lambda: texts(service, "dan") == ["jazz"])
    service.settle()
    assert service.profile("dan")["version"] == 1


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [{"op": "love", "text": "jazz"}],
        [{"op": "add", "text": "x" * 81}],
        [{"op": "add", "text": "ja\x1bzz"}],
        [{"op": "remove", "interest": "jazz"}],
    ],
    ids=["none", "unknown", "too long", "control character", "no id"],
)
def test_what_is_no_edit_is_refused_at_the_door_and_the_next_is_served(service: Service, edits: list[Any]) -> None:
    user = f"eve-{len(str(edits))}"
    answer = service.post(f"/v1/users/{user}/edits", {"edits": edits})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("The edit is not valid: 'edits")
    edit(service, user, {"op": "add", "text": "jazz"})
    eventually(lambda: texts(service, user) == ["jazz"])
    assert service.profile(user)["version"] == 1


def test_an_edit_that_the_profile_cannot_take_is_a_dead_letter_with_its_reason(service: Service) -> None:
    before = len(letters(service))
    edit(service, "fay", {"op": "add", "text": "opera"}, {"op": "remove", "interest": "0123456789ab"})
    edit(service, "fay", {"op": "add", "text": "jazz"})
    eventually(lambda: texts(service, "fay") == ["jazz"])
    eventually(lambda: len(letters(service)) == before + 1)
    letter = letters(service)[0]
    assert (letter["topic"], letter["stage"], letter["reason"]) == ("attune.commands", "agents", "refused")
    assert "no interest of the profile has that id" in letter["detail"]
    assert "fay" not in letter["detail"]


def test_a_word_too_many_at_the_command_line_says_what_to_mend(service: Service) -> None:
    result = run_attune("profile", "edit", "gil", "--add", "x" * 81, env=service.env)
    assert (result.returncode, result.stdout) == (1, "")
    assert "at most 80 characters" in result.stderr
    assert service.http.get("/v1/users/gil/profile").status_code == 404
