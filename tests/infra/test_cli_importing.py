"""`attune import`: the file goes as it is, and what became of it is told without a word of what it holds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.cli_runs import document, run
from tests.infra.fake_gateway import FakeGateway, lag_of, problem, serving
from tests.infra.platforms.files import everything

ADDRESS = "POST /v1/users/kim/history"
TAKEN: dict[str, Any] = {
    "platform": "netflix",
    "interactions": 512,
    "repeated": 3,
    "older": 980,
    "refused": 22,
    "rows_refused": [{"file": "viewing\x1b[2Jactivity.csv", "line": 7, "reason": "has no title"}],
    "first": "2026-01-02T03:04:05Z",
    "last": "2026-09-02T03:04:05Z",
    "dropped_fields": ["Country", "Device Type"],
}
NOTHING = {**TAKEN, "interactions": 0, "first": None, "last": None}


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serving(FakeGateway()) as fake:
        fake.answers[ADDRESS] = (202, TAKEN)
        yield fake


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "netflix-report.zip"
    path.write_bytes(everything()["netflix"])
    return path


def bring(gateway: FakeGateway, file: Path, *words: str) -> Any:
    return run("import", str(file), "--user", "kim", *words, env={"ATTUNE_GATEWAY_URL": gateway.url})


def test_the_file_goes_as_it_is(gateway: FakeGateway, file: Path) -> None:
    assert bring(gateway, file).exit_code == 0
    sent = gateway.requests[0]
    assert (sent.method, sent.path, sent.query) == ("POST", "/v1/users/kim/history", {"platform": ["auto"]})
    assert sent.body == file.read_bytes()


def test_platform_and_profile_can_be_named(gateway: FakeGateway, file: Path) -> None:
    bring(gateway, file, "--platform", "netflix", "--profile", "Kim & co")
    assert gateway.requests[0].query == {"platform": ["netflix"], "profile": ["Kim & co"]}


def test_it_says_what_became_of_the_rows_and_what_was_not_read(gateway: FakeGateway, file: Path) -> None:
    shown = bring(gateway, file).output
    for words in ("taken 512", "there already 3", "too old to matter 980", "refused 22", "... and 21 more"):
        assert words in shown
    assert "line 7: has no title" in shown
    assert "not read, since nobody needs it: Country, Device Type" in shown
    assert "\x1b" not in shown


def test_json_is_what_the_gateway_said(gateway: FakeGateway, file: Path) -> None:
    answer = document(bring(gateway, file, "--json"))
    assert {name: answer[name] for name in TAKEN} == TAKEN


def test_it_waits_until_the_agents_have_worked_it_off(gateway: FakeGateway, file: Path) -> None:
    gateway.lags = [lag_of(agents=2), lag_of(agents=0)]
    assert document(bring(gateway, file, "--json"))["waited"] > 0
    asked = len([one for one in gateway.requests if one.path == "/v1/status"])
    assert asked == 2


def test_nobody_waits_for_nothing(gateway: FakeGateway, file: Path) -> None:
    gateway.answers[ADDRESS] = (202, NOTHING)
    assert document(bring(gateway, file, "--json"))["waited"] is None
    assert [one.path for one in gateway.requests] == ["/v1/users/kim/history"]


def test_what_the_gateway_refuses_is_said_with_its_cure(gateway: FakeGateway, file: Path) -> None:
    gateway.answers[ADDRESS] = problem(422, "History not taken", "Not taken: say which is yours.")
    result = bring(gateway, file)
    assert (result.exit_code, "say which is yours" in result.output) == (1, True)


def test_a_file_that_is_not_there(gateway: FakeGateway, tmp_path: Path) -> None:
    result = bring(gateway, tmp_path / "none.zip")
    assert (result.exit_code, "cannot be read" in result.output) == (1, True)
    assert gateway.requests == []
