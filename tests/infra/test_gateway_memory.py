"""Five hundred slow senders at once, against a gateway in a process of its own: its memory stays under a bound."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.gateway.bodies import MAX_READ
from schemas.api import MAX_BODY_BYTES
from tests.infra.gateway_fakes import click
from tests.infra.test_gateway_pressure import HEAD, URL, busy, connected
from tests.patience import PATIENCE

SENDERS = 500
MEMORY_BOUND = 192 * 1024 * 1024
"""Resident bytes above the idle process: 32 MiB of bodies held three times over, 40 MiB before 128 of them, 32 MiB of
connections, and some room. Unbounded, 500 bodies of 4 MiB are 2,000 MiB."""


@pytest.fixture
def child() -> Iterator[tuple[int, int]]:
    """Process id and port of a gateway of its own."""
    command = (sys.executable, "-m", "tests.infra.gateway_child")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


async def test_five_hundred_slow_senders_do_not_fill_the_memory_and_events_still_pass(child: tuple[int, int]) -> None:
    pid, port = child
    before = resident(pid)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=2 * PATIENCE) as client:
        answers: Counter[str] = Counter()
        sending = [asyncio.create_task(send_slowly(port, answers)) for _ in range(SENDERS)]
        passed = 0
        while not all(task.done() for task in sending):
            answer = await client.post(URL, json=click())
            assert answer.status_code == 202 or busy(answer)
            passed += answer.status_code == 202
            await asyncio.sleep(0.05)
        assert (await client.post(URL, json=click())).status_code == 202
    grown = peak(pid) - before
    print(grown / 2**20, answers, passed)
    assert grown < MEMORY_BOUND, f"{grown / 2**20:.0f} MiB"
    assert answers["503"] >= SENDERS - MAX_READ
    assert answers.keys() <= {"202", "503"}
    assert passed > 10


async def send_slowly(port: int, answers: Counter[str]) -> None:
    """A valid body of 4 MiB, in two seconds, unless it is refused on the way."""
    async with connected(port) as (reader, writer):
        writer.write(HEAD.format(MAX_BODY_BYTES).encode())
        answer = asyncio.create_task(reader.readline())
        body = json.dumps(click()).encode().ljust(MAX_BODY_BYTES)
        for at in range(0, MAX_BODY_BYTES, 256 * 1024):
            if answer.done():
                break
            writer.write(body[at : at + 256 * 1024])
            await writer.drain()
            await asyncio.sleep(0.1)
        answers[(await answer).split()[1].decode()] += 1


def resident(pid: int) -> int:
    return _memory(pid, "VmRSS")


def peak(pid: int) -> int:
    return _memory(pid, "VmHWM")


def _memory(pid: int, name: str) -> int:
    """In bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024
