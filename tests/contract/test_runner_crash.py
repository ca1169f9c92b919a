"""A worker that is killed in the middle of a batch: nothing is lost, and at most that batch is handled twice."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.processes import ChildProcess, Launch
from streams.database import Database
from streams.embedded_log import EmbeddedLog
from streams.embedded_runner import EmbeddedRunner
from streams.metrics import Metrics
from streams.topics import Topic
from tests.contract.runner_cases import (
    BATCH,
    KAFKA_KINDS,
    PARTITIONS,
    RecordingStage,
    eventually,
    kafka_bench,
    mail,
    running,
    shared_broker,
)

COUNT = 300
ROOT = Path(__file__).parents[2]


async def test_the_embedded_runner(tmp_path: Path) -> None:
    topics, file, effects = [Topic("letters")], tmp_path / "log.sqlite", tmp_path / "effects"
    database = Database(file)
    log = await EmbeddedLog.open(database, PARTITIONS, topics)
    await log.send(mail("letters", COUNT))
    await log.close()
    await database.close()

    with worker("embedded", str(file), "letters", "readers", effects) as child:
        await eventually(lambda: count(effects) >= 55)
        child.kill()

    database = Database(file)
    log = await EmbeddedLog.open(database, PARTITIONS, topics)
    stage = RecordingStage(("letters",))
    stage.group = "readers"
    before = values(effects)
    async with running(EmbeddedRunner(log, stage, batch_size=BATCH, metrics=Metrics())) as run:
        await eventually(lambda: everything(before, stage), run)
    assert len(before) + len(stage.records) <= COUNT + BATCH
    await log.close()
    await database.close()


@pytest.mark.kafka
@pytest.mark.parametrize("kind", KAFKA_KINDS)
async def test_a_runner_on_kafka(kind: str, tmp_path: Path) -> None:
    effects = tmp_path / "effects"
    async with kafka_bench(KAFKA_KINDS[kind], shared_broker()) as bench:
        topic = bench.topics[0]
        await bench.send(mail(topic, COUNT))
        stage = RecordingStage((topic,))
        with worker(kind, bench.bootstrap, topic, stage.group or "", effects) as child:
            await eventually(lambda: count(effects) >= 55)
            child.kill()
        before = values(effects)
        async with running(bench.runner(stage)) as run:
            await eventually(lambda: everything(before, stage), run)
        assert len(before) + len(stage.records) <= COUNT + BATCH


def everything(before: list[bytes], stage: RecordingStage) -> bool:
    return {*before, *stage.values()} == {b"%d" % i for i in range(COUNT)}


def count(effects: Path) -> int:
    return len(values(effects))


def values(effects: Path) -> list[bytes]:
    return effects.read_bytes().splitlines() if effects.exists() else []


@contextmanager
def worker(kind: str, where: str, topic: str, group: str, effects: Path) -> Iterator[ChildProcess]:
    command = (sys.executable, "-m", "tests.contract.runner_child", kind, where, topic, group, str(effects))
    launch = Launch(
        name="worker",
        command=command,
        directory=effects.parent / "worker",
        cure="See its log.",
        env={"PYTHONPATH": str(ROOT)},
    )
    with ChildProcess(launch).begin() as child:
        yield child
