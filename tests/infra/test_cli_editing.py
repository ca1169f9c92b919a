"""`attune profile edit`: by options, and in a person's own words."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.cli_runs import document
from tests.infra.fake_gateway import FakeGateway, problem, serving
from tests.infra.test_cli_people import PROFILE, ask

READ = {
    "base_version": 3,
    "edits": [
        {"edit": {"op": "avoid", "text": "politics"}, "sentence": "Avoid politics."},
        {"edit": {"op": "add", "text": "jazz"}, "sentence": "Add\x1b[2J jazz."},
    ],
    "unread": ["wobble"],
}

DONE = {"command_id": "c1", "state": "done", "why": None, "version": 4}


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serving(FakeGateway()) as fake:
        fake.answers["POST /v1/users/ada/edits"] = (202, {"command_id": "c1"})
        fake.answers["POST /v1/users/ada/edits/read"] = (200, READ)
        fake.answers["GET /v1/users/ada/profile"] = (200, PROFILE)
        yield fake


def edits_of(gateway: FakeGateway) -> Any:
    (request,) = [one for one in gateway.requests if one.path == "/v1/users/ada/edits"]
    return request.body["edits"]


class TestByOptions:
    def test_a_sentence_is_all_that_a_new_person_needs(self, gateway: FakeGateway) -> None:
        result = ask(gateway, "profile", "edit", "ada", "--add", " I like jazz from the seventies ")
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == "Done: it stands in the profile at version 4.\n"
        (request,) = gateway.requests
        assert request.body["edits"] == [{"op": "add", "text": "I like jazz from the seventies"}]

    def test_json_is_the_gateways_answer_and_what_became_of_it(self, gateway: FakeGateway) -> None:
        result = ask(gateway, "profile", "edit", "ada", "--avoid", "boxing", "--json")
        assert document(result) == DONE
        assert gateway.requests[0].body["edits"] == [{"op": "avoid", "text": "boxing"}]

    def test_each_option_may_be_given_several_times_and_what_is_removed_goes_first(self, gateway: FakeGateway) -> None:
        options = ["--add", "jazz", "--avoid", "golf", "--add", "blues", "--remove", "0" * 12, "--avoid", "opera"]
        assert ask(gateway, "profile", "edit", "ada", *options).exit_code == 0
        assert gateway.requests[1].body["edits"] == [
            {"op": "remove", "interest": "0" * 12},
            {"op": "add", "text": "jazz"},
            {"op": "add", "text": "blues"},
            {"op": "avoid", "text": "golf"},
            {"op": "avoid", "text": "opera"},
        ]

    @pytest.mark.parametrize(("name", "one"), [("Cup [bold]Finals", "0" * 12), ("boxing", "1"), ("1", "1")])
    def test_interests_and_avoids_are_removed_by_text_or_id(self, gateway: FakeGateway, name: str, one: str) -> None:
        ask(gateway, "profile", "edit", "ada", "--remove", name, "--remove", f" {name.upper()}")
        assert gateway.requests[1].body["edits"] == [{"op": "remove", "interest": one}]

    def test_what_is_not_there_cannot_be_removed(self, gateway: FakeGateway) -> None:
        result = ask(gateway, "profile", "edit", "ada", "--remove", "boxing", "--remove", "golf")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == ("Error: the profile has no 'golf': `attune profile show --json` lists texts and ids\n")
        assert [one.method for one in gateway.requests] == ["GET"]

    def test_nothing_to_change_is_wrong_usage(self, gateway: FakeGateway) -> None:
        result = ask(gateway, "profile", "edit", "ada")
        assert result.exit_code == 2
        assert "in your own words, or with --add" in result.stderr
        assert gateway.requests == []

    def test_what_the_gateway_refuses_is_an_error(self, gateway: FakeGateway) -> None:
        gateway.answers["POST /v1/users/ada/edits"] = problem(422, "Invalid request", "It is too long.")
        result = ask(gateway, "profile", "edit", "ada", "--add", "x" * 81)
        assert result.exit_code == 1
        assert result.stderr == "Error: the gateway answers 422, Invalid request: It is too long.\n"

    def test_every_kind_of_edit_can_be_given(self, gateway: FakeGateway) -> None:
        words = ["--pin", "boxing", "--unpin", "0" * 12, "--restore", "Opera", "--weight", "boxing=-0.5"]
        words += ["--rewrite", "cup [bold]finals = women's cup finals", "--keep-away", "0.3"]
        assert ask(gateway, "profile", "edit", "ada", *words).exit_code == 0
        assert edits_of(gateway) == [
            {"op": "restore", "interest": "2" * 12},
            {"op": "pin", "interest": "1", "pinned": True},
            {"op": "pin", "interest": "0" * 12, "pinned": False},
            {"op": "reweight", "interest": "1", "weight": -0.5},
            {"op": "rewrite", "interest": "0" * 12, "text": "women's cup finals"},
            {"op": "keep_away", "within": 0.3},
        ]

    def test_a_weight_is_let_go_by_its_name(self, gateway: FakeGateway) -> None:
        assert ask(gateway, "profile", "edit", "ada", "--learn", "cup [bold]finals").exit_code == 0
        (edit,) = edits_of(gateway)
        assert (edit["op"], edit["interest"], edit["held"]) == ("reweight", "0" * 12, False)

    def test_all_weights_are_let_go_that_they_have_not_set(self, gateway: FakeGateway) -> None:
        (own,) = PROFILE["interests"]
        kept = [own | {"id": str(at) * 12, "kept": True} for at in (3, 4)]
        gateway.answers["GET /v1/users/ada/profile"] = (200, PROFILE | {"interests": [own, *kept]})
        assert ask(gateway, "profile", "edit", "ada", "--learn-all").exit_code == 0
        assert [one["interest"] for one in edits_of(gateway)] == ["3" * 12, "4" * 12]

    def test_where_there_are_none_such_nothing_is_sent(self, gateway: FakeGateway) -> None:
        result = ask(gateway, "profile", "edit", "ada", "--learn-all")
        assert result.exit_code == 1
        assert "one that you set: name those to let go, with --learn" in result.stderr
        assert [one.method for one in gateway.requests] == ["GET"]

    def test_what_the_profile_could_not_take_is_said_with_the_reason(self, gateway: FakeGateway) -> None:
        why = "a profile holds at most 24 interests of your own: remove one first"
        gateway.outcomes = [{"state": "pending"}, {"state": "waiting"}, {"state": "refused", "why": why}]
        result = ask(gateway, "profile", "edit", "ada", "--add", "jazz")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == f"Error: nothing was changed: {why}\n"

    def test_and_a_program_reads_it_too(self, gateway: FakeGateway) -> None:
        gateway.outcomes = [{"state": "refused", "why": "no"}]
        result = ask(gateway, "profile", "edit", "ada", "--add", "jazz", "--json")
        assert result.exit_code == 1
        assert document(result) == DONE | {"state": "refused", "why": "no"}

    def test_the_distance_can_be_the_default_again(self, gateway: FakeGateway) -> None:
        ask(gateway, "profile", "edit", "ada", "--keep-away", "default")
        assert edits_of(gateway) == [{"op": "keep_away", "within": None}]

    def test_what_was_not_removed_cannot_be_restored(self, gateway: FakeGateway) -> None:
        result = ask(gateway, "profile", "edit", "ada", "--restore", "boxing")
        assert result.exit_code == 1
        assert "nothing was removed from the profile that is called 'boxing'" in result.stderr

    @pytest.mark.parametrize(
        "words",
        [
            ("--weight", "boxing"),
            ("--weight", "boxing=heavy"),
            ("--rewrite", "=x"),
            ("--keep-away", "far"),
            ("more jazz", "--add", "jazz"),
        ],
    )
    def test_what_cannot_be_read_is_wrong_usage(self, gateway: FakeGateway, words: tuple[str, ...]) -> None:
        assert ask(gateway, "profile", "edit", "ada", *words).exit_code == 2
        assert all(one.method == "GET" for one in gateway.requests)


class TestInOnesOwnWords:
    def wish(self, gateway: FakeGateway, *options: str, says: str | None = None) -> Any:
        return ask(gateway, "profile", "edit", "ada", "no politics, more jazz, wobble", *options, says=says)

    def test_what_was_understood_is_shown_and_done_when_the_person_says_yes(self, gateway: FakeGateway) -> None:
        result = self.wish(gateway, says="y\n")
        assert result.exit_code == 0
        assert "Avoid politics." in result.stderr
        assert "not understood: wobble" in result.stderr
        assert "\x1b" not in result.stderr
        read, sent = gateway.requests
        assert read.body == {"text": "no politics, more jazz, wobble"}
        assert sent.body["edits"] == [{"op": "avoid", "text": "politics"}, {"op": "add", "text": "jazz"}]
        assert sent.body["base_version"] == 3

    @pytest.mark.parametrize("says", ["n\n", "\n", ""])
    def test_without_a_yes_nothing_changes(self, gateway: FakeGateway, says: str) -> None:
        assert self.wish(gateway, says=says).exit_code == 1
        assert [one.path for one in gateway.requests] == ["/v1/users/ada/edits/read"]

    def test_who_says_yes_beforehand_is_not_asked(self, gateway: FakeGateway) -> None:
        result = self.wish(gateway, "--yes", "--json")
        assert document(result) == DONE
        assert len(edits_of(gateway)) == 2

    def test_a_program_may_only_have_it_read(self, gateway: FakeGateway) -> None:
        assert document(self.wish(gateway, "--json")) == READ
        assert [one.path for one in gateway.requests] == ["/v1/users/ada/edits/read"]

    def test_what_says_nothing_changes_nothing(self, gateway: FakeGateway) -> None:
        gateway.answers["POST /v1/users/ada/edits/read"] = (200, READ | {"edits": []})
        result = self.wish(gateway, "--yes")
        assert result.exit_code == 1
        assert "Nothing in it could be read" in result.stderr
