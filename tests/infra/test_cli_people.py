"""Commands that ask the gateway for something and show it: profile, recommend, refresh, status, dlq."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.cli_runs import document, run
from tests.infra.fake_gateway import FakeGateway, problem, serving

PROFILE: dict[str, Any] = {
    "user": "ada",
    "version": 3,
    "space": "minilm-1",
    "updated": "2026-01-02T03:04:05Z",
    "interests": [
        {
            "id": "0" * 12,
            "text": "cup [bold]finals",
            "weight": 0.5,
            "pinned": True,
            "held": True,
            "kept": False,
            "source": "person",
            "evidence": ["e"],
        }
    ],
    "avoid": [
        {
            "id": "1",
            "text": "boxing",
            "weight": -0.25,
            "pinned": False,
            "held": False,
            "kept": False,
            "source": "person",
            "evidence": [],
        }
    ],
    "removed": [{"id": "2" * 12, "text": "opera"}],
    "keep_away": 0.25,
}
ITEM = {"provider": "news", "item": "N1", "title": "Tonight\x1b[2J", "score": 0.75, "interest": "cup finals"}
LETTER = {
    "topic": "attune.interactions",
    "partition": 2,
    "offset": 7,
    "stage": "agents",
    "reason": "invalid",
    "detail": "is no interaction",
    "first_time": "2026-01-02T03:04:05Z",
    "last_time": "2026-01-02T03:04:06Z",
}


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serving(FakeGateway()) as fake:
        yield fake


def ask(gateway: FakeGateway, *words: str, says: str | None = None) -> Any:
    """`says` is what the person answers."""
    return run(*words, env={"ATTUNE_GATEWAY_URL": gateway.url}, says=says)


class TestProfile:
    def test_shows_interests_and_weights(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/users/ada/profile"] = (200, PROFILE)
        shown = ask(gateway, "profile", "show", "ada").stdout
        assert "version 3" in shown
        assert "cup [bold]finals" in shown
        assert "+0.500" in shown
        assert "#" * 10 in shown
        assert "boxing" in shown
        assert "-0.250" in shown
        assert "pinned, held" in shown
        assert "opera" in shown
        assert "a cosine of 0.25 or more" in shown

    def test_json_is_the_gateways_answer(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/users/ada/profile"] = (200, PROFILE)
        assert document(ask(gateway, "profile", "show", "ada", "--json")) == PROFILE

    def test_a_person_of_whom_nothing_is_known_is_an_error(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/users/bob/profile"] = problem(404, "Unknown user", "Send an interaction first.")
        result = ask(gateway, "profile", "show", "bob")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == "Error: the gateway answers 404, Unknown user: Send an interaction first.\n"


class TestRecommend:
    def test_shows_what_and_why_and_nothing_that_steers_the_terminal(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/users/ada/recommendations"] = (200, {"version": 3, "items": [ITEM]})
        shown = ask(gateway, "recommend", "ada", "-k", "5", "--provider", "news").stdout
        assert gateway.requests[0].query == {"k": ["5"], "provider": ["news"]}
        assert "cup finals" in shown
        assert "0.750" in shown
        assert "\x1b" not in shown

    def test_nothing_to_recommend_says_why(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/users/ada/recommendations"] = (200, {"version": 0, "items": []})
        assert "attune status" in ask(gateway, "recommend", "ada").stderr

    def test_json_is_the_gateways_answer(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/users/ada/recommendations"] = (200, {"version": 3, "items": [ITEM]})
        assert document(ask(gateway, "recommend", "ada", "--json")) == {"version": 3, "items": [ITEM]}


class TestRefreshAndStatus:
    def test_refresh_names_its_command(self, gateway: FakeGateway) -> None:
        gateway.answers["POST /v1/users/ada/refresh"] = (202, {"command_id": "c1"})
        assert document(ask(gateway, "refresh", "ada", "--json")) == {"command_id": "c1"}
        assert "c1" in ask(gateway, "refresh", "ada").stderr

    def test_texts_are_refreshed_on_demand_only(self, gateway: FakeGateway) -> None:
        gateway.answers["POST /v1/users/ada/refresh"] = (202, {"command_id": "c1"})
        ask(gateway, "refresh", "ada")
        assert "refiner" in ask(gateway, "refresh", "ada", "--texts").stderr
        assert [one.body for one in gateway.requests] == [{"what": "weights"}, {"what": "texts"}]

    def test_status_shows_lags_and_sizes(self, gateway: FakeGateway) -> None:
        shown = ask(gateway, "status").stdout
        assert "agents" in shown
        assert "news" in shown
        assert "space: minilm-1" in shown
        assert document(ask(gateway, "status", "--json"))["stages"]["agents"] == {"lag": 0}


class TestDeadLetters:
    def test_shows_when_where_and_why_without_the_content(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/dead-letters"] = (200, {"dead_letters": [LETTER]})
        shown = ask(gateway, "dlq", "list", "--limit", "5").stdout
        assert gateway.requests[0].query == {"limit": ["5"], "content": ["false"], "settled": ["false"]}
        assert "2026-01-02T03:04:06Z" in shown
        assert "attune.interactions/2/7" in shown
        assert "is no interaction" in shown

    def test_shows_it_where_it_is_asked_for(self, gateway: FakeGateway) -> None:
        content = {"key": base64.b64encode(b"ada").decode(), "value": base64.b64encode(b"{\x1b\xff").decode()}
        gateway.answers["GET /v1/dead-letters"] = (200, {"dead_letters": [LETTER | content]})
        shown = ask(gateway, "dlq", "list", "--show-content").stdout
        assert gateway.requests[0].query["content"] == ["true"]
        assert "ada" in shown
        assert "\x1b" not in shown

    def test_open_ones_only_unless_all_are_asked_for(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/dead-letters"] = (200, {"dead_letters": [LETTER | {"settled": "dropped"}]})
        assert "dropped" in ask(gateway, "dlq", "list", "--settled", "--reason", "invalid").stdout
        assert gateway.requests[0].query["settled"] == ["true"]
        assert gateway.requests[0].query["reason"] == ["invalid"]

    def test_one_is_shown_whole(self, gateway: FakeGateway) -> None:
        content = {"key": base64.b64encode(b"ada").decode(), "value": base64.b64encode(b"{not json").decode()}
        gateway.answers["GET /v1/dead-letters"] = (200, {"dead_letters": [LETTER | content]})
        shown = ask(gateway, "dlq", "show", "attune.interactions/2/7").stdout
        assert gateway.requests[0].query["id"] == ["attune.interactions/2/7"]
        assert "{not json" in shown
        assert document(ask(gateway, "dlq", "show", "attune.interactions/2/7", "--json")) == LETTER | content

    def test_one_that_there_is_not(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/dead-letters"] = (200, {"dead_letters": []})
        result = ask(gateway, "dlq", "show", "attune.interactions/2/7")
        assert result.exit_code == 1
        assert "there is no dead letter attune.interactions/2/7" in result.stderr

    def test_replay_by_name(self, gateway: FakeGateway) -> None:
        results = [{"id": "a/0/1", "outcome": "replayed"}, {"id": "a/0/2", "outcome": "skipped", "note": "it was"}]
        gateway.answers["POST /v1/dead-letters/replay"] = (200, {"results": results})
        result = ask(gateway, "dlq", "replay", "a/0/1", "a/0/2", "--again", "--json")
        assert gateway.requests[0].body == {"ids": ["a/0/1", "a/0/2"], "again": True}
        assert document(result) == {"results": results}
        assert "a/0/2: skipped, it was" in result.stderr
        assert result.exit_code == 0

    def test_many_go_in_several_requests(self, gateway: FakeGateway) -> None:
        gateway.answers["POST /v1/dead-letters/drop"] = (200, {"results": [{"id": "a/0/1", "outcome": "dropped"}]})
        ask(gateway, "dlq", "drop", *(f"a/0/{number}" for number in range(201)))
        assert [len(request.body["ids"]) for request in gateway.requests] == [200, 1]

    def test_all_are_replayed_until_none_is_left_that_can_be(self, gateway: FakeGateway) -> None:
        skipped = {"results": [{"id": "a/0/1", "outcome": "skipped", "note": "no"}], "left": 5}
        gateway.answers["POST /v1/dead-letters/replay"] = (200, skipped)
        assert ask(gateway, "dlq", "replay", "--all", "--reason", "failed").exit_code == 0
        assert [request.body for request in gateway.requests] == [{"all": True, "reason": "failed"}]

    @pytest.mark.parametrize("words", [(), ("a/0/1", "--all"), ("a/0/1", "--reason", "failed")])
    def test_which_must_be_clear(self, gateway: FakeGateway, words: tuple[str, ...]) -> None:
        result = ask(gateway, "dlq", "replay", *words)
        assert result.exit_code == 2
        assert gateway.requests == []

    def test_a_name_that_there_is_not_is_an_error(self, gateway: FakeGateway) -> None:
        results = [{"id": "a/0/1", "outcome": "unknown", "note": "no such letter"}]
        gateway.answers["POST /v1/dead-letters/drop"] = (200, {"results": results})
        result = ask(gateway, "dlq", "drop", "a/0/1", "--json")
        assert result.exit_code == 1
        assert document(result) == {"results": results}

    def test_what_the_gateway_refuses_is_said(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/dead-letters"] = (422, {"detail": "reason: one of invalid, failed"})
        result = ask(gateway, "dlq", "list", "--reason", "mood")
        assert result.exit_code == 1
        assert "reason: one of invalid, failed" in result.stderr

    def test_none_is_good_news(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/dead-letters"] = (200, {"dead_letters": []})
        assert "No dead letters" in ask(gateway, "dlq", "list").stderr
        assert document(ask(gateway, "dlq", "list", "--json")) == {"dead_letters": []}

    @pytest.mark.parametrize(
        ("answer", "words"),
        [((500, {}), "answers 500"), ((200, {"hello": 1}), "no Attune gateway")],
    )
    def test_another_answer_is_an_error(
        self, gateway: FakeGateway, answer: tuple[int, dict[str, Any]], words: str
    ) -> None:
        gateway.answers["GET /v1/dead-letters"] = answer
        result = ask(gateway, "dlq", "list")
        assert result.exit_code == 1
        assert words in result.stderr
