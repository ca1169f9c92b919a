"""`attune rebuild`: on the file of an embedded service that is stopped, and what it says of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.cli.outside import Outside
from infra.settings import Settings
from streams.rebuilt import Found, Report
from tests.infra.cli_runs import document, run


@dataclass
class Asked:
    """Answers with these reports, and keeps what it was asked."""

    reports: list[Report]
    calls: list[tuple[Sequence[str], bool, bool]] = field(default_factory=list)

    def __call__(
        self, settings: Settings, users: Sequence[str], check: bool, force: bool, tell: Callable[[Report], None]
    ) -> list[Report]:
        self.calls.append((users, check, force))
        for report in self.reports:
            tell(report)
        return self.reports


def ask(asked: Asked, *words: str) -> Any:
    return run("rebuild", *words, outside=Outside(rebuild=asked))


class TestWords:
    def test_a_check_that_finds_nothing_to_do_is_well(self) -> None:
        asked = Asked([Report("ada", Found.EQUAL, version=3), Report("bob", Found.SAME_PROFILE, version=1)])
        result = ask(asked, "--all", "--check", "--json")
        assert result.exit_code == 0
        assert asked.calls == [([], True, False)]
        assert document(result)["users"][0] == {
            "user": "ada",
            "found": "equal",
            "written": False,
            "version": 3,
            "skipped": 0,
            "shortened": False,
        }
        assert "1 as the log has it, byte for byte" in result.stderr

    @pytest.mark.parametrize("found", [Found.DIFFERENT, Found.MISSING, Found.UNREADABLE, Found.UNKNOWN])
    def test_a_check_that_finds_something_is_1(self, found: Found) -> None:
        assert ask(Asked([Report("ada", found)]), "ada", "--check").exit_code == 1

    def test_what_was_rebuilt_is_said(self) -> None:
        asked = Asked([Report("ada", Found.MISSING, written=True, version=7, skipped=2, shortened=True)])
        result = ask(asked, "ada", "--force")
        assert result.exit_code == 0
        assert asked.calls == [(["ada"], False, True)]
        assert "ada: not in the store: rebuilt, version 7" in result.stderr
        assert "2 messages passed over" in result.stderr

    @pytest.mark.parametrize("words", [(), ("ada", "--all")])
    def test_who_must_be_clear(self, words: tuple[str, ...]) -> None:
        asked = Asked([])
        assert ask(asked, *words).exit_code == 2
        assert asked.calls == []
