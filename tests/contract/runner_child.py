"""A process that runs a stage until it is killed: `python -m tests.contract.runner_child KIND WHERE TOPIC GROUP FILE`.

The stage writes each record's value to FILE, which is its effect, and only then returns.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from streams.contract import Record, Runner
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.embedded_runner import EmbeddedRunner
from streams.metrics import Metrics
from streams.topics import Topic
from tests.contract.runner_cases import BATCH, KAFKA_KINDS, PARTITIONS, SESSION, RecordingStage


async def main(kind: str, where: str, topic: str, group: str, file: Path) -> None:
    async def write_down(batch: Sequence[Record]) -> None:
        with file.open("ab") as effects:
            for record in batch:
                effects.write(b"%s\n" % record.value)
                effects.flush()
                await asyncio.sleep(0.002)

    stage = RecordingStage((topic,), on_handle=write_down)
    stage.group = group
    await (await _runner(kind, where, topic, stage)).run()


async def _runner(kind: str, where: str, topic: str, stage: RecordingStage) -> Runner:
    if kind == "embedded":
        log = await EmbeddedLog.open(Database(Path(where)), PARTITIONS, [Topic(topic)])
        return EmbeddedRunner(log, stage, batch_size=BATCH, metrics=Metrics())
    runner = KAFKA_KINDS[kind]
    return runner(stage, bootstrap=where, batch_size=BATCH, metrics=Metrics(), session_timeout=SESSION)


if __name__ == "__main__":
    _, kind, where, topic, group, file = sys.argv
    asyncio.run(main(kind, where, topic, group, Path(file)))
