"""Worker processes as a supervisor keeps them: `attune worker ROLE`, restarted whenever it ends with an error.

A worker reaches Redis through a proxy of its own, so that one can be cut off from the store while the others go on.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from infra.processes import ChildProcess, Launch, ProcessError, free_port
from infra.processes.ports import LOOPBACK
from tests.chaos.proxy import FaultProxy

ROOT = Path(__file__).parents[2]

_LOOK = 0.2
_AGAIN = 1.0
"""Seconds until a worker that did not come up is started again."""


@dataclass(eq=False)
class Worker:
    """One place in the crew. `up` says whether it shall run; the supervisor sees to it."""

    name: str
    role: str
    process: ChildProcess
    redis: FaultProxy
    metrics_port: int
    up: bool = True
    paused: bool = False
    since: float = field(default_factory=time.monotonic)
    """When it was last started, resumed or cut off."""
    at_work: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever starts or ends the process."""

    @property
    def running(self) -> bool:
        """And not being started or ended: a process must not be asked while a thread reaps it."""
        return not self.at_work.locked() and self.process.running

    def touch(self) -> None:
        self.since = time.monotonic()


class Crew:
    """`settings` are the ATTUNE_* that all workers have."""

    def __init__(self, folder: Path, settings: Mapping[str, str], redis_port: int) -> None:
        self._folder = folder
        self._settings = dict(settings)
        self._redis_port = redis_port
        self.workers: dict[str, Worker] = {}
        self.restarts: Counter[str] = Counter()
        """By role and exit code: what the supervisor started again."""
        self.kills: Counter[str] = Counter()
        self._supervisor: asyncio.Task[None] | None = None
        self._restarting: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Crew":
        self._supervisor = asyncio.create_task(self._supervise())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._supervisor is not None:
            self._supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await self._supervisor
        await asyncio.gather(*self._restarting)
        for worker in self.workers.values():
            await self._end(worker)

    async def hire(
        self, name: str, role: str, settings: Mapping[str, str] | None = None, *, light: bool = False
    ) -> Worker:
        """Started; returns when it listens. `light` ones need no model. `settings` go over the crew's."""
        proxy = await FaultProxy(self._redis_port).begin()
        port = free_port()
        env = {
            "PYTHONPATH": str(ROOT),
            **self._settings,
            "ATTUNE_STORE": f"redis://{LOOPBACK}:{proxy.port}/0",
            "ATTUNE_METRICS_PORT": str(port),
            "OMP_NUM_THREADS": "1",
            **(settings or {}),
        }
        folder = self._folder / name
        program = ("tests.chaos.light_worker",) if light else ("infra.cli.main", "worker")
        command = (sys.executable, "-m", *program, role)
        launch = Launch(name, command, folder, "read its log", port=port, env=env, stop_seconds=12.0)
        worker = Worker(name, role, ChildProcess(launch), proxy, port)
        async with worker.at_work:
            await asyncio.to_thread(worker.process.begin)
        worker.touch()
        self.workers[name] = worker
        return worker

    async def dismiss(self, name: str) -> int | None:
        """By SIGTERM, for good. Returns the exit code."""
        worker = self.workers.pop(name)
        worker.up = False
        await self._end(worker)
        return worker.process.exit_code

    async def kill(self, worker: Worker) -> None:
        """SIGKILL. The supervisor starts it again."""
        async with worker.at_work:
            await asyncio.to_thread(worker.process.kill)
        worker.paused = False
        self.kills[worker.role] += 1

    async def stop(self, worker: Worker) -> tuple[int | None, float]:
        """SIGTERM. Returns the exit code and the seconds it took; the supervisor starts it again."""
        async with worker.at_work:
            start = time.monotonic()
            await asyncio.to_thread(worker.process.stop)
        return worker.process.exit_code, time.monotonic() - start

    async def pause(self, worker: Worker, seconds: float) -> None:
        """SIGSTOP for so long, then SIGCONT: afterwards it does not know that time has passed."""
        async with worker.at_work:
            if not worker.process.running:
                return
            worker.paused = True
            worker.process.pause()
            try:
                await asyncio.sleep(seconds)
            finally:
                worker.process.resume()
                worker.paused = False
                worker.touch()

    def of(self, role: str) -> list[Worker]:
        return [worker for worker in self.workers.values() if worker.role == role]

    async def _supervise(self) -> None:
        while True:
            for worker in list(self.workers.values()):
                if worker.up and not worker.at_work.locked() and not worker.running:
                    task = asyncio.create_task(self._restart(worker))
                    self._restarting.add(task)
                    task.add_done_callback(self._restarting.discard)
            await asyncio.sleep(_LOOK)

    async def _restart(self, worker: Worker) -> None:
        async with worker.at_work:
            if worker.process.running or not worker.up:
                return
            await asyncio.to_thread(worker.process.kill)  # reaps it
            self.restarts[f"{worker.role} {worker.process.exit_code}"] += 1
            try:
                await asyncio.to_thread(worker.process.begin)
            except ProcessError:  # a server is away still: the next look tries again
                await asyncio.sleep(_AGAIN)
            worker.touch()

    async def _end(self, worker: Worker) -> None:
        async with worker.at_work:
            await asyncio.to_thread(worker.process.stop)
        await worker.redis.end()
