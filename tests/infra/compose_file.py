"""docker-compose.yml as Debian's docker-compose 1.29 reads it, with variables, anchors and profiles resolved."""

import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from infra.processes.process import find_command

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"

SECRET = "a long random text"
TOKEN_KEYS = "a long random text that signs tokens"
ONE_SHOT = "topics"
"""The one service that is meant to end."""

Service = dict[str, Any]


def compose(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """docker-compose on our file, in nobody's environment but the given one. No engine is needed for `config`."""
    with tempfile.NamedTemporaryFile() as nothing:
        return subprocess.run(
            (
                *(find_command("docker-compose", "docker-compose"), "--env-file", nothing.name),
                *("--file", str(FILE), "--profile", "llm", *arguments),
            ),
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@cache
def services(**environment: str) -> dict[str, Service]:
    """Every service by its name. Not to be changed: all who ask get the same one."""
    result = compose("config", **({"ATTUNE_SECRET": SECRET, "ATTUNE_TOKEN_KEYS": TOKEN_KEYS} | environment))
    assert result.returncode == 0, result.stderr
    found: dict[str, Service] = yaml.safe_load(result.stdout)["services"]
    return found


def own(all_services: dict[str, Service]) -> dict[str, Service]:
    """Those that run Attune."""
    return {name: service for name, service in all_services.items() if "build" in service}


def long_running(all_services: dict[str, Service]) -> dict[str, Service]:
    return {name: service for name, service in all_services.items() if name != ONE_SHOT}
