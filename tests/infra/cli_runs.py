"""Running `attune` in this process, in an environment that holds only what a test puts there."""

import json
import os
from typing import Any

from typer.testing import CliRunner, Result

from infra.cli.main import app
from infra.cli.outside import Outside


def run(
    *words: str, env: dict[str, str] | None = None, outside: Outside | None = None, says: str | None = None
) -> Result:
    """`attune WORDS`. `env` are the only ATTUNE_ variables it sees, `says` is its stdin."""
    cleared: dict[str, str | None] = {name: None for name in os.environ if name.upper().startswith("ATTUNE_")}
    seen = {"NO_COLOR": "1", "COLUMNS": "200", **cleared, **(env or {})}
    return CliRunner().invoke(app, list(words), input=says, env=seen, obj=outside)


def document(result: Result) -> dict[str, Any]:
    """The one JSON object on the last line of stdout."""
    parsed: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return parsed
