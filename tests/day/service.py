"""A running Attune, as its users meet it: the command in a process of its own, HTTP from outside."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from infra.processes import ChildProcess, Launch, free_port
from tests.patience import PATIENCE

ATTUNE = str(Path(sys.executable).parent / "attune")
READY_SECONDS = 120.0


class Service:
    """`attune up` (or another role) in `directory`, on a free port."""

    def __init__(self, directory: Path, *words: str, env: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            "ATTUNE_HTTP_PORT": str(self.port),
            "ATTUNE_DATA_DIR": str(directory / "data"),
            "ATTUNE_GATEWAY_URL": self.url,
            **(env or {}),
        }
        self.process = ChildProcess(
            Launch(
                "attune",
                (ATTUNE, *(words or ("up",))),
                directory,
                "read its log",
                port=int(self.env.get("ATTUNE_METRICS_PORT", self.port)),
                env=self.env,
                stop_seconds=20.0,
                ready_seconds=READY_SECONDS,
            )
        )
        self.http = httpx.Client(base_url=self.url, timeout=60.0)
        self.roles: dict[str, str] = {}
        """Where the workers beside it serve their metrics."""

    def __enter__(self) -> "Service":
        self.process.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.process.stop()

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(path, json=body)

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.http.get(path, params=parameters)
        answer.raise_for_status()
        return answer.json()

    def profile(self, user: str, headers: Mapping[str, str] | None = None) -> Any:
        answer = self.http.get(f"/v1/users/{user}/profile", headers=headers)
        return answer.json() if answer.status_code == 200 else {"version": 0, "interests": []}

    def metric(self, name: str, **labels: str) -> float:
        return self.sum_of(self.http.get("/metrics").text, name, **labels)

    @staticmethod
    def sum_of(text: str, name: str, **labels: str) -> float:
        """The sum of the metric's samples that carry these labels."""
        total = 0.0
        for line in text.splitlines():
            match = re.match(rf"^{name}(\{{.*\}})? (\S+)$", line)
            if match and all(f'{key}="{value}"' in (match[1] or "") for key, value in labels.items()):
                total += float(match[2])
        return total

    def settle(self, seconds: float = 2 * PATIENCE) -> None:
        """Waits until every stage has handled what was accepted."""
        eventually(lambda: not any(s["lag"] for s in self.get("/v1/status")["stages"].values()), seconds)


def run_attune(*words: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The command, as a person runs it."""
    return subprocess.run(
        (ATTUNE, *words), env={**os.environ, **env}, capture_output=True, text=True, timeout=240, check=False
    )


def eventually(holds: Callable[[], bool], seconds: float = 2 * PATIENCE, every: float = 0.02) -> None:
    """Fails unless it holds within so many seconds. It is looked at `every` so many."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"did not come to hold within {seconds} s"
        time.sleep(every)


def interaction(user: str, provider: str, item: str, signal: str = "click", n: int = 0) -> dict[str, Any]:
    """The `n`-th thing this person did, one second after the one before."""
    moment = datetime.now(UTC) - timedelta(hours=1) + timedelta(seconds=n)
    return {
        "event_id": f"{user}-{n}",
        "user": user,
        "provider": provider,
        "item": item,
        "signal": signal,
        "time": moment.isoformat(),
    }


def send_items(service: Service, items: list[dict[str, object]]) -> None:
    """Sample items, each to its provider; returns when all are searchable."""
    providers = sorted({str(item["provider"]) for item in items})
    for provider in providers:
        bodies = [{k: v for k, v in item.items() if k != "provider"} for item in items if item["provider"] == provider]
        answer = service.post(f"/v1/providers/{provider}/items", {"items": bodies})
        assert answer.status_code == 202, answer.text
    expected = {p: sum(item["provider"] == p for item in items) for p in providers}
    eventually(lambda: service.get("/v1/status")["providers"] == expected)
