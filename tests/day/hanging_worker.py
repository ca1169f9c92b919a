"""A worker whose stage hangs, with the product's own supervision and deadlines: `python -m tests.day.hanging_worker
FOLDER HOW`. HOW is what it hangs in: `waiting`, `thread` or `loop`."""

import asyncio
import sys
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from infra.cli.logs import start_logging
from infra.ending import PARTS_SHARE
from infra.supervise import supervised
from streams.contract import Outgoing, Partition, Record, Timer
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.embedded_runner import EmbeddedRunner
from streams.metrics import Metrics
from streams.stage_runner import STOP_TIMEOUT
from streams.topics import INTERACTIONS


class Hanging:
    name = "hanging"
    group = "hanging"
    topics = (INTERACTIONS,)
    timers: tuple[Timer, ...] = ()

    def __init__(self, how: str) -> None:
        self._how = how

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        return {}

    async def handle(self, batch: Sequence[Record]) -> None:
        print("hanging", flush=True)
        match self._how:
            case "waiting":
                await asyncio.Event().wait()
            case "thread":
                await asyncio.to_thread(threading.Event().wait)
            case "loop":
                time.sleep(600)  # noqa: ASYNC251  # what must be found out


async def main(folder: Path, how: str) -> None:
    async with supervised(STOP_TIMEOUT) as life:
        database = Database(folder / "log.sqlite")
        log = await EmbeddedLog.open(database, 4)
        await log.send([Outgoing(INTERACTIONS, b"user", b"value")])
        runner = EmbeddedRunner(
            log, Hanging(how), batch_size=10, metrics=Metrics(), stop_timeout=STOP_TIMEOUT * PARTS_SHARE
        )
        try:
            await life.run([runner])
        finally:
            await log.close()
            await database.close()


if __name__ == "__main__":
    start_logging("info")
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
