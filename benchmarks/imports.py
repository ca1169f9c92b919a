"""How long a year of each platform takes into a profile: `python -m benchmarks.imports` (docs/portability.md).

1. `attune up` in a process of its own, embedded, with the sample's catalog in it and the model loaded.
2. For each platform a person of its own sends the zip over HTTP, and reads their profile when the agents have nothing
   left to do: from the first byte sent to that is the time. What it is made of is measured beside it: reading the file
   (in this process), the answer (reading, embedding, sending), and working it off; and what the service's processor
   worked for it, which tells more where others work on the machine.
3. Then the same file again, which must change nothing.
4. And nothing may wait or have become a dead-letter.
"""

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from attune_client import AttuneClient
from benchmarks.exports import ROWS, exports
from benchmarks.figures import Figures, machine, say
from benchmarks.service import Incomplete
from infra.platforms.reading import Known, Wish, read_history
from infra.processes import ChildProcess, Launch, free_port
from infra.sample.catalog import sample_items

ANSWER_SECONDS = 300.0
WORK_SECONDS = 120.0
LOOK_SECONDS = 0.05


def run(progress: Callable[[str], None] = say) -> Figures:
    """Seconds by platform. Raises `Incomplete` where something was lost or counted twice."""
    files = exports()
    with _service() as (client, worked):
        progress("service is up; loading the sample's catalog")
        _fill(client)
        figures = {}
        for name, file in files.items():
            figures[name] = _bring(client, name, file, worked)
            progress(f"{name}: {json.dumps(figures[name])}")
        _refuse_letters(client)
    return {"bench": "imports", "machine": machine(), "platforms": figures}


@contextmanager
def _service() -> Iterator[tuple[AttuneClient, Callable[[], float]]]:
    """With the seconds that its processor has worked."""
    port = free_port()
    with TemporaryDirectory() as folder:
        settings = {"ATTUNE_HTTP_PORT": str(port), "ATTUNE_DATA_DIR": f"{folder}/data"}
        command = (str(Path(sys.executable).parent / "attune"), "up")
        cure = "see its log in the folder"
        launch = Launch(
            "attune", command, Path(folder), cure, port, env=settings, stop_seconds=20.0, ready_seconds=180.0
        )
        with (
            ChildProcess(launch).begin() as child,
            AttuneClient(f"http://127.0.0.1:{port}", timeout=ANSWER_SECONDS) as client,
        ):
            yield client, lambda: _worked(child.pid)


def _fill(client: AttuneClient) -> None:
    """1."""
    items = [dict(item) for item in sample_items()]
    for provider in sorted({str(item.pop("provider")) for item in [dict(item) for item in items]}):
        own = [{k: v for k, v in item.items() if k != "provider"} for item in items if item["provider"] == provider]
        client.send_items(provider, own, retry=True)
    _until_idle(client, ("embedder",))


def _worked(pid: int) -> float:
    """User and system time, as Linux counts it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _bring(client: AttuneClient, platform: str, file: bytes, worked: Callable[[], float]) -> dict[str, Any]:
    user = f"kim-{platform}"
    began = time.perf_counter()
    read_history(io.BytesIO(file), Wish(user), Known(datetime.now(UTC)))
    read = time.perf_counter() - began

    began, before = time.perf_counter(), worked()  # 2
    taken = client.send_history(user, file)
    answered = time.perf_counter() - began
    _until_idle(client, ("agents",))
    done, cpu = time.perf_counter() - began, worked() - before
    profile = client.profile(user)

    began = time.perf_counter()  # 3
    again = client.send_history(user, file)
    repeated = time.perf_counter() - began
    _until_idle(client, ("agents",))
    if again["interactions"] or client.profile(user) != profile:
        raise Incomplete(f"{platform}: the second import was not without effect")
    return {
        "rows": ROWS[platform],
        "kib": len(file) >> 10,
        "taken": taken["interactions"],
        "older": taken["older"],
        "refused": taken["refused"],
        "read_s": round(read, 2),
        "answered_s": round(answered, 2),
        "profile_s": round(done, 2),
        "service_cpu_s": round(cpu, 2),
        "again_s": round(repeated, 2),
        "version": profile["version"],
        "interests": len(profile["interests"]),
        "first_interests": [interest["text"] for interest in profile["interests"][:5]],
    }


def _refuse_letters(client: AttuneClient) -> None:
    """4. Raises `Incomplete`."""
    lines = httpx.get(f"{client.url}/metrics").text.splitlines()
    letters = sum(float(line.split()[-1]) for line in lines if line.startswith("attune_dead_letters_total{"))
    if letters:
        raise Incomplete(f"{letters:g} messages have become dead-letters: see `attune dlq list`")


def _until_idle(client: AttuneClient, stages: tuple[str, ...]) -> None:
    """Raises `Incomplete`."""
    deadline = time.monotonic() + WORK_SECONDS
    while any(client.status(retry=True)["stages"][stage]["lag"] for stage in stages):
        if time.monotonic() > deadline:
            raise Incomplete(f"{' and '.join(stages)} did not come to an end within {WORK_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    print(json.dumps(run()))
