"""`attune profile export`, `import` and `forget`: a person's document, and the end of everything else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attune_client import AttuneClient
from infra.cli.forgetting import WAIT_SECONDS, NotErasedYet, waited
from tests.infra.cli_runs import document
from tests.infra.fake_gateway import FakeGateway, serving
from tests.infra.test_cli_people import ask

TIME = "2026-01-02T03:04:05.250000Z"


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serving(FakeGateway()) as fake:
        yield fake


DOCUMENT = {"format": "attune-profile", "version": 3, "interests": [{"text": "jazz", "weight": 0.5}]}


class TestDocument:
    @pytest.fixture(autouse=True)
    def _exporting(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/users/ada/export"] = (200, DOCUMENT)
        gateway.answers["POST /v1/users/ada/import"] = (202, {"command_id": "c1"})

    def test_is_written_for_its_owner_alone(self, gateway: FakeGateway, tmp_path: Path) -> None:
        out = tmp_path / "ada.json"
        assert ask(gateway, "profile", "export", "ada", "--out", str(out)).exit_code == 0
        assert json.loads(out.read_text()) == DOCUMENT
        assert out.stat().st_mode & 0o777 == 0o600

    def test_never_takes_the_place_of_a_file(self, gateway: FakeGateway, tmp_path: Path) -> None:
        out = tmp_path / "ada.json"
        out.write_text("mine")
        result = ask(gateway, "profile", "export", "ada", "--out", str(out))
        assert (result.exit_code, out.read_text()) == (1, "mine")
        assert "choose another name" in result.stderr

    def test_goes_to_stdout_otherwise(self, gateway: FakeGateway) -> None:
        assert document(ask(gateway, "profile", "export", "ada")) == DOCUMENT

    def test_a_place_that_cannot_be_written_is_an_error(self, gateway: FakeGateway, tmp_path: Path) -> None:
        result = ask(gateway, "profile", "export", "ada", "--out", str(tmp_path / "none" / "ada.json"))
        assert (result.exit_code, "choose another place" in result.stderr) == (1, True)

    def test_is_imported(self, gateway: FakeGateway, tmp_path: Path) -> None:
        file = tmp_path / "ada.json"
        file.write_text(json.dumps(DOCUMENT))
        assert "at version 4" in ask(gateway, "profile", "import", "ada", str(file)).stderr
        assert document(ask(gateway, "profile", "import", "ada", str(file), "--json"))["state"] == "done"
        assert gateway.requests[0].body == DOCUMENT

    @pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000, None])
    def test_what_is_none_is_an_error(self, gateway: FakeGateway, tmp_path: Path, content: str | None) -> None:
        file = tmp_path / "ada.json"
        if content is not None:
            file.write_text(content)
        result = ask(gateway, "profile", "import", "ada", str(file))
        assert (result.exit_code, gateway.requests) == (1, [])
        assert str(file) in result.stderr


def status(state: str, **given: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"begun": TIME, "completed": None, "confirmed": [], "missing": [], "signature": None}
    return {"erasure": "e1", "state": state} | empty | given


class Clock:
    """Moves on a second with every look."""

    seconds = 0.0

    def now(self) -> float:
        self.seconds += 1
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class TestForget:
    COMPLETE = status("complete", completed=TIME, confirmed=["news"], signature="0f" * 64)

    @pytest.fixture(autouse=True)
    def _erasing(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/users/ada/export"] = (200, DOCUMENT)
        gateway.answers["DELETE /v1/users/ada"] = (202, {"erasure": "e1", "status": "/v1/erasures/e1"})
        gateway.answers["GET /v1/erasures/e1"] = (200, self.COMPLETE)

    @pytest.mark.parametrize("says", ["n\n", "\n", ""])
    def test_asks_first(self, gateway: FakeGateway, says: str) -> None:
        assert ask(gateway, "profile", "forget", "ada", says=says).exit_code == 1
        assert gateway.requests == []

    def test_a_yes_erases(self, gateway: FakeGateway) -> None:
        result = ask(gateway, "profile", "forget", "ada", says="y\n")
        assert (result.exit_code, "e1" in result.stderr) == (0, True)
        assert [(one.method, one.path) for one in gateway.requests] == [("DELETE", "/v1/users/ada")]

    def test_exports_before_it_erases(self, gateway: FakeGateway, tmp_path: Path) -> None:
        out = tmp_path / "ada.json"
        assert ask(gateway, "profile", "forget", "ada", "--export", str(out), "--yes").exit_code == 0
        assert [one.method for one in gateway.requests] == ["GET", "DELETE"]
        assert json.loads(out.read_text()) == DOCUMENT

    def test_nothing_is_erased_where_the_export_does_not_work(self, gateway: FakeGateway, tmp_path: Path) -> None:
        assert ask(gateway, "profile", "forget", "ada", "--export", str(tmp_path), "--yes").exit_code == 1
        assert [one.method for one in gateway.requests] == ["GET"]

    def test_waits_for_the_receipt(self, gateway: FakeGateway) -> None:
        result = ask(gateway, "profile", "forget", "ada", "--yes", "--wait")
        assert "every provider has confirmed" in result.stderr
        assert "0f" * 64 in result.stdout
        assert document(ask(gateway, "profile", "forget", "ada", "--yes", "--wait", "--json")) == self.COMPLETE
        accepted = document(ask(gateway, "profile", "forget", "ada", "--yes", "--json"))
        assert accepted == {"erasure": "e1", "status": "/v1/erasures/e1"}

    def test_who_is_late_is_named(self, gateway: FakeGateway) -> None:
        gateway.answers["GET /v1/erasures/e1"] = (200, status("late", missing=["music", "news"]))
        result = ask(gateway, "profile", "forget", "ada", "--yes", "--wait")
        assert result.exit_code == 1
        assert "not confirmed by music, news" in result.stderr

    def test_it_does_not_wait_for_ever(self, gateway: FakeGateway) -> None:
        for state, said in (("unknown", "has not come to it yet"), ("pending", "not confirmed by news")):
            gateway.answers["GET /v1/erasures/e1"] = (200, status(state, missing=["news"]))
            clock = Clock()
            with AttuneClient(gateway.url) as client, pytest.raises(NotErasedYet, match=said):
                waited(client, "e1", clock.now, clock.sleep)
            assert clock.seconds >= WAIT_SECONDS
