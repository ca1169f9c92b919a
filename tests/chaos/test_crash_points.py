"""A worker dies at each step of the commit protocol in turn; its next life ends with what the log alone gives.

Or it freezes there for longer than its session, another does its work and more, and then it wakes up and goes on where
it was: it may commit nothing over the other's work, and what it publishes late must not stand.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from infra.processes import ChildProcess, Launch
from streams.contract import Outgoing
from streams.kafka_producer import KafkaProducer
from streams.topics import INTERACTIONS
from tests.chaos.crash_points import POINTS
from tests.chaos.crew import ROOT
from tests.chaos.load import Book
from tests.chaos.town import CATALOG_ITEMS, RUNNERS, SETTINGS, Town

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.redis,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="package"),
]

PEOPLE, EACH = 6, 12
CASES = [(point, RUNNERS[number % 2]) for number, point in enumerate(POINTS)]
"""Both runners, turn by turn: every point with both of them would cost twice the time."""


@pytest.mark.parametrize(("point", "runner"), CASES)
async def test_a_worker_that_dies_there_loses_nothing_and_repeats_nothing(point: str, runner: str, place: Town) -> None:
    book = await accepted(place, f"{point}-{runner}".replace("-", ""))
    with worker(place, point, runner, "SIGKILL", {"ATTUNE_INSTANCE": "crash"}) as child:
        await says(child, f"the first life at {point}: -9")
        await place.settled(90.0)
    assert child.exit_code == 0, child.last_lines()
    verdict = await place.check(book)
    assert verdict.sound, verdict


@pytest.mark.parametrize(("point", "runner"), [("after-fold", "aiokafka"), ("after-commit", "faust")])
async def test_a_worker_that_froze_there_and_wakes_up_undoes_nothing(point: str, runner: str, place: Town) -> None:
    book = await accepted(place, f"frozen{point}{runner}".replace("-", ""))
    with worker(place, point, runner, "SIGSTOP", {"ATTUNE_SESSION_TIMEOUT": "2"}) as child:
        await says(child, f"the first life at {point}: frozen")
        await place.settled(90.0)  # by the second life, once the first one's session is over
        os.kill(child.pid, signal.SIGUSR1)
        await asyncio.sleep(1.0)
        book = await accepted(place, f"after{point}{runner}".replace("-", ""), book)
        await place.settled(90.0)
        await asyncio.sleep(1.0)
    assert child.exit_code == 0, child.last_lines()
    verdict = await place.check(book)
    assert verdict.sound, verdict


async def accepted(place: Town, prefix: str, book: Book | None = None) -> Book:
    """Everybody's events, interleaved, each one twice in a row: any batch ends between two of somebody's. Entered into
    the book, or into a new one."""
    book = book or Book()
    messages = []
    for n in range(EACH):
        for person in range(PEOPLE):
            user, item = f"{prefix}{person}", CATALOG_ITEMS[(7 * person + n) % len(CATALOG_ITEMS)]
            event = {
                "event_id": f"{user}-{n}",
                "user": user,
                "provider": item["provider"],
                "item": item["item"],
                "signal": "click",
                "time": f"2026-05-01T10:{n:02}:00Z",
            }
            messages += [Outgoing(INTERACTIONS, user.encode(), json.dumps(event).encode())] * 2
            book.accepted.setdefault(user, []).append(f"{user}-{n}")
            book.people.add(user)
    producer = KafkaProducer(place.servers.kafka.bootstrap)
    await producer.send(messages)
    await producer.close()
    return book


@contextmanager
def worker(place: Town, point: str, runner: str, number: str, more: Mapping[str, str]) -> Iterator[ChildProcess]:
    """`more` settings: of a named instance the next one takes the place at once."""
    launch = Launch(
        name="worker",
        command=(sys.executable, "-m", "tests.chaos.crash_child", point, number),
        directory=place.servers.redis.launch.directory.parent / f"crash-{point}-{runner}-{number}",
        cure="read its log",
        env={
            **SETTINGS,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "ATTUNE_BROKER": place.servers.broker,
            "ATTUNE_STORE": place.servers.redis.url,
            "ATTUNE_RUNNER_AGENTS": runner,
            **more,
        },
    )
    with ChildProcess(launch).begin() as child:
        yield child


async def says(child: ChildProcess, line: str) -> None:
    deadline = time.monotonic() + 90.0
    while line not in child.log.read_text():
        assert time.monotonic() < deadline, child.last_lines()
        assert child.running, child.last_lines()
        await asyncio.sleep(0.05)
