"""`attune profile versions`, `rollback`, `plot` and `why`, and `attune explain`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from attune_client import Difference
from infra.cli.versions import sentence
from infra.cli.weights_plot import LINES, lines
from tests.infra.cli_runs import document
from tests.infra.fake_gateway import FakeGateway, problem, serving
from tests.infra.test_cli_people import PROFILE, ask

TIME = "2026-01-02T03:04:05.250000Z"


def changed(what: str, **given: Any) -> Difference:
    empty = {"what": what, "text": "jazz", "text_before": None, "before": None, "after": None}
    return cast(Difference, empty | given)


def version(
    number: int, cause: str = "count", differences: Any = (), more: dict[str, float] | None = None, **weights: float
) -> Any:
    interests = [
        {"id": text, "text": text, "weight": weight, "pinned": False, "held": False, "source": "person"}
        for text, weight in (weights | (more or {})).items()
    ]
    return {
        "version": number,
        "cause": cause,
        "time": TIME,
        "differences": list(differences),
        "reward_before": None,
        "reward_after": None,
        "interests": interests,
        "avoid": [],
    }


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serving(FakeGateway()) as fake:
        fake.answers["GET /v1/users/ada/profile"] = (200, PROFILE)
        yield fake


class TestVersions:
    def answer(self, gateway: FakeGateway, *versions: Any) -> None:
        gateway.answers["GET /v1/users/ada/versions"] = (200, {"current": 9, "versions": list(versions)})

    def test_shows_what_made_each_and_what_it_changed(self, gateway: FakeGateway) -> None:
        refined = version(3, "refinement", [changed("added", text="be\x1bbop", after=0.25)])
        self.answer(gateway, refined | {"reward_before": 0.5, "reward_after": 0.625}, version(2), version(1))
        shown = ask(gateway, "profile", "versions", "ada").stdout
        assert "2026-01-02 03:04:05" in shown
        assert "refinement" in shown
        assert "0.500 -> 0.625" in shown
        assert "bop (+0.250)" in shown
        assert "\x1b" not in shown
        assert "little: no weight by 0.01" in shown
        assert "the oldest that is remembered" in shown

    def test_a_refit_that_moved_everything_is_cut_short(self, gateway: FakeGateway) -> None:
        many = [changed("reweighted", text=f"topic {n}", before=0.1, after=0.2) for n in range(9)]
        self.answer(gateway, version(3, "count", many), version(2))
        shown = ask(gateway, "profile", "versions", "ada").stdout
        assert "topic 5 +0.100 -> +0.200" in shown
        assert "topic 6" not in shown
        assert "and 3 more" in shown
        assert "topic 8" in ask(gateway, "profile", "versions", "ada", "--full").stdout

    def test_no_more_than_are_asked_for(self, gateway: FakeGateway) -> None:
        self.answer(gateway, version(4711), version(4710))
        shown = ask(gateway, "profile", "versions", "ada", "--limit", "1").stdout
        assert "4711" in shown
        assert "4710" not in shown

    def test_json_is_the_gateways_answer(self, gateway: FakeGateway) -> None:
        self.answer(gateway, version(1))
        assert document(ask(gateway, "profile", "versions", "ada", "--json"))["current"] == 9

    def test_none_is_said(self, gateway: FakeGateway) -> None:
        self.answer(gateway)
        assert "No versions yet" in ask(gateway, "profile", "versions", "ada").stderr

    @pytest.mark.parametrize(
        ("one", "said"),
        [
            (changed("added", after=0.5), "added jazz (+0.500)"),
            (changed("removed", before=0.5), "removed jazz"),
            (changed("restored", after=0.5), "restored jazz (+0.500)"),
            (changed("rewritten", text_before="bop"), "bop is now called jazz"),
            (changed("reweighted", before=0.5, after=-0.25), "jazz +0.500 -> -0.250"),
            (changed("pinned"), "pinned jazz"),
            (changed("unpinned"), "unpinned jazz"),
            (changed("avoided", after=-1.0), "avoids jazz"),
            (changed("allowed"), "no longer bars jazz"),
            (changed("keep_away", after=0.25), "keeps away from what is avoided: default -> 0.25"),
            (changed("let_go", before=0.5, after=0.25), "learns the weight of jazz again: +0.500 -> +0.250"),
            (changed("turned"), "turned jazz"),
        ],
    )
    def test_every_change_is_a_sentence(self, one: Difference, said: str) -> None:
        """The last is one that a newer gateway may know."""
        assert sentence(one) == said

    def test_rollback_says_what_became_of_it(self, gateway: FakeGateway) -> None:
        gateway.answers["POST /v1/users/ada/rollback"] = (202, {"command_id": "c1"})
        assert "at version 4" in ask(gateway, "profile", "rollback", "ada", "7").stderr
        assert ask(gateway, "profile", "rollback", "ada", "0").exit_code == 0
        gateway.outcomes = [{"state": "refused", "why": "that version is no longer remembered"}]
        assert "no longer remembered" in ask(gateway, "profile", "rollback", "ada", "7").stderr
        assert gateway.requests[0].body["version"] == 7
        assert document(ask(gateway, "profile", "rollback", "ada", "7", "--json"))["state"] == "refused"

    def test_a_version_that_is_not_remembered_is_an_error(self, gateway: FakeGateway) -> None:
        gateway.answers["POST /v1/users/ada/rollback"] = problem(404, "Unknown version", "It is not remembered.")
        result = ask(gateway, "profile", "rollback", "ada", "7")
        assert (result.exit_code, "It is not remembered." in result.stderr) == (1, True)


class TestPlot:
    def test_draws_the_weights_of_all_versions(self, gateway: FakeGateway, tmp_path: Path) -> None:
        versions = [version(2, "edit", more={"$x_y$": -0.2}, jazz=0.5), version(1, jazz=0.25)]
        gateway.answers["GET /v1/users/ada/versions"] = (200, {"current": 2, "versions": versions})
        out = tmp_path / "weights.png"
        result = ask(gateway, "profile", "plot", "ada", "--out", str(out))
        assert result.exit_code == 0
        assert out.read_bytes().startswith(b"\x89PNG")
        wrong = ask(gateway, "profile", "plot", "ada", "--out", str(tmp_path / "weights.doc"))
        assert wrong.exit_code == 1
        assert "name a .png or .svg" in wrong.stderr

    def test_a_text_that_a_version_does_not_hold_has_a_gap(self) -> None:
        told = lines([version(1, jazz=0.25), version(2, chess=-0.5), version(3, jazz=0.125)])
        assert list(told) == ["chess", "jazz"]
        assert [str(weight) for weight in told["jazz"]] == ["0.25", "nan", "0.125"]

    def test_only_the_greatest_weights_are_drawn(self) -> None:
        many = {f"topic {n:02}": n / 100 for n in range(30)}
        assert list(lines([version(1, more=many)])) == [f"topic {n:02}" for n in range(29, 29 - LINES, -1)]

    def test_nothing_to_draw_is_an_error(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/users/ada/versions"] = (200, {"current": 0, "versions": []})
        assert "nothing to draw yet" in ask(gateway, "profile", "plot", "ada").stderr


WHY = {
    "id": "0" * 12,
    "text": "cup [bold]finals",
    "weight": 0.5,
    "pinned": True,
    "held": False,
    "source": "bootstrap",
    "made": {"version": 4, "cause": "count", "time": TIME, "at_latest": True},
    "evidence": [
        {"event_id": "e", "provider": "news", "item": "n", "title": "Cup\x1b", "signal": "like", "time": TIME},
        {"event_id": "e", "provider": "news", "item": "m", "title": None, "signal": "click", "time": TIME},
    ],
    "reward_with": 0.75,
    "reward_without": 0.5,
}
EXPLANATION = {
    "version": 3,
    "provider": "news",
    "item": "n/1",
    "title": "Tonight\x1b[2J",
    "score": 0.25,
    "seen": True,
    "avoided": "boxing",
    "nearest_avoided": 0.9,
    "contributions": [{"interest": "0" * 12, "text": "cup finals", "similarity": 0.5, "share": 1.0}],
}


class TestReasons:
    def test_why_shows_who_made_an_interest_and_what_is_behind_it(self, gateway: FakeGateway) -> None:
        gateway.answers[f"GET /v1/users/ada/interests/{'0' * 12}/why"] = (200, WHY)
        shown = ask(gateway, "profile", "why", "ada", "Cup [bold]Finals").stdout
        assert "2026-01-02 03:04:05, version 4, by count, or earlier" in shown
        assert "+0.500 (pinned)" in shown
        assert "0.750 with it, 0.500 without" in shown
        assert "(no longer in the catalog)" in shown
        assert "\x1b" not in shown
        assert document(ask(gateway, "profile", "why", "ada", "0" * 12, "--json")) == WHY

    def test_what_is_not_known_is_said(self, gateway: FakeGateway) -> None:
        unknown = WHY | {"made": None, "evidence": [], "reward_with": None, "reward_without": None}
        gateway.answers[f"GET /v1/users/ada/interests/{'0' * 12}/why"] = (200, unknown)
        result = ask(gateway, "profile", "why", "ada", "0" * 12)
        assert "not remembered" in result.stdout
        assert "too little is known" in result.stdout
        assert "No interaction that is still remembered" in result.stderr

    def test_explain_shows_what_each_interest_adds(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/users/ada/explanations/news/n%2F1"] = (200, EXPLANATION)
        shown = ask(gateway, "explain", "ada", "news", "n/1").stdout
        assert "+100%" in shown
        assert "too near to 'boxing'" in shown
        assert "it ranks lower" in shown
        assert "\x1b" not in shown
        assert document(ask(gateway, "explain", "ada", "news", "n/1", "--json")) == EXPLANATION

    def test_a_provider_has_a_name_as_providers_have(self, gateway: FakeGateway) -> None:
        assert ask(gateway, "explain", "ada", "News", "n").exit_code == 2
