"""How long a year of each platform takes into a profile: `python -m benchmarks.imports` (docs/portability.md).

1. `attune up` in a process of its own, embedded, with the sample's catalog in it and the model loaded.
2. For each platform a person of its own sends the zip over HTTP, and reads their profile when the agents have nothing
   left to do: from the first byte sent to that is the time. What it is made of is measured beside it: reading the file
   (in this process), the answer (reading, embedding, sending), and working it off; and what the service's processor
   worked for it, which tells more where others work on the machine.
3. Then the same file again, which must change nothing.
4. And nothing may wait or have become a dead-letter.
"""

import asyncio
import io
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from attune_client import AttuneClient
from benchmarks.exports import ROWS, exports
from benchmarks.figures import Figures, machine, say
from benchmarks.over_http import EMBEDDED, Service, fill, get, refuse_letters, serving, until_idle
from benchmarks.service import Incomplete
from infra.platforms.reading import Known, Wish, read_history

ANSWER_SECONDS = 300.0


def run(progress: Callable[[str], None] = say) -> Figures:
    """Seconds by platform. Raises `Incomplete` where something was lost or counted twice."""
    with TemporaryDirectory() as folder, serving(Path(folder), EMBEDDED) as service:
        platforms = asyncio.run(_measured_at(service, progress))
    return {"bench": "imports", "machine": machine(), "platforms": platforms}


async def _measured_at(service: Service, progress: Callable[[str], None]) -> Figures:
    figures = {}
    async with httpx.AsyncClient(base_url=service.url) as client:
        progress("service is up; loading the sample's catalog")
        await fill(client)
        for name, file in exports().items():
            figures[name] = await _bring(client, name, file, service)
            progress(f"{name}: {json.dumps(figures[name])}")
        await refuse_letters(client)
    return figures


def _worked(pid: int) -> float:
    """User and system time, as Linux counts it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _bring(client: httpx.AsyncClient, platform: str, file: bytes, service: Service) -> dict[str, Any]:
    user = f"kim-{platform}"
    began = time.perf_counter()
    read_history(io.BytesIO(file), Wish(user, b"a secret"), Known(datetime.now(UTC)))
    read = time.perf_counter() - began

    with AttuneClient(service.url, timeout=ANSWER_SECONDS) as person:
        began, before = time.perf_counter(), _worked(service.pid)  # 2
        taken = await asyncio.to_thread(person.send_history, user, file)
        answered = time.perf_counter() - began
        await until_idle(client, "agents")
        done, cpu = time.perf_counter() - began, _worked(service.pid) - before
        profile = await get(client, f"/v1/users/{user}/profile")

        began = time.perf_counter()  # 3
        again = await asyncio.to_thread(person.send_history, user, file)
        repeated = time.perf_counter() - began
        await until_idle(client, "agents")
    if again["interactions"] or await get(client, f"/v1/users/{user}/profile") != profile:
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


if __name__ == "__main__":
    print(json.dumps(run()))
