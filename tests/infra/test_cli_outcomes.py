"""Waiting for what became of a command: not for ever, and not too often."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.cli.outcomes import LONGEST_SECONDS, WAIT_SECONDS, tell
from infra.cli.waiting import Time


@dataclass
class Slow:
    """A gateway whose agents are behind."""

    now: float = 0.0
    asked: list[float] = field(default_factory=list)

    def outcome(self, user: str, command_id: str) -> dict[str, Any]:
        assert (user, command_id) == ("ada", "c1")
        self.asked.append(self.now)
        return {"command_id": command_id, "state": "pending", "why": None, "version": 3}

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_what_takes_too_long_is_accepted_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    slow = Slow()
    client: Any = slow
    tell(client, "ada", {"command_id": "c1"}, as_json=False, clock=Time(lambda: slow.now, slow.sleep))
    assert "Accepted as command c1, and not done after 10 s" in capsys.readouterr().err
    assert WAIT_SECONDS <= slow.now <= WAIT_SECONDS + LONGEST_SECONDS
    assert len(slow.asked) <= 24
    assert slow.asked[1] < 0.1, "as a rule it is done at once"
