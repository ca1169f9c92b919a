"""The log as it lies on the disk: nothing in it tells who somebody is or what they did, and nothing opens once their
key is destroyed. On the embedded log (whose whole file is looked through) and on a real Kafka, the store in Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.ground import Ground, open_ground
from infra.processes import KafkaBroker, RedisServer
from infra.settings import Settings
from schemas.command import AddInterest, EditCommand
from schemas.interaction import Interaction, Signal
from streams.agents import AgentsStage
from streams.aiokafka_runner import AiokafkaRunner
from streams.contract import Log, Outgoing, Record, Runner, Stage
from streams.control import ControlStage
from streams.embedded_runner import EmbeddedRunner
from streams.faust_runner import FaustRunner
from streams.kafka_admin import create_topics
from streams.kafka_log import KafkaLog
from streams.letter_book import LetterBook
from streams.metrics import Metrics
from streams.sealing import is_sealed
from streams.topics import COMMANDS, INTERACTIONS, KEYS, SEALED
from tests.fakes import HashEncoder
from tests.streams.rollout_world import until
from workers.agent import AgentRules
from workers.background import background_of
from workers.ports import ItemRecord
from workers.refit import FitRules
from workers.vectors import pack

USER = "ann-of-green-gables"
WORDS = (USER, "theremin", "dragonflies", "no JSON at all")
NOW = datetime.now(UTC)


@dataclass
class Running:
    ground: Ground
    raw: Log
    """The log as it is."""
    settings: Settings

    async def records(self) -> list[Record]:
        """Of people's topics, as they lie there."""
        return [one for topic in sorted(SEALED) for one in await self.raw.read(topic, 1_000)]

    def stages(self) -> list[Stage]:
        ground, key = self.ground, self.settings.pseudonym_key()
        rules = AgentRules(fit=FitRules(background_of(ground.space.id, ground.space.dimension)))
        agents = AgentsStage(
            ground.store, ground.producer, rules, space=ground.space.id, key=key, metrics=ground.metrics
        )
        return [agents, ControlStage(ground.store, ground.producer, metrics=ground.metrics)]

    def runner(self, stage: Stage) -> Runner:
        opened, metrics = self.ground.opened(stage), self.ground.metrics
        if self.ground.log is not None:
            return EmbeddedRunner(self.ground.log, opened, batch_size=50, metrics=metrics)
        make: Callable[..., Runner] = FaustRunner if stage.name == "control" else AiokafkaRunner
        return make(opened, bootstrap=self.settings.bootstrap, batch_size=50, metrics=metrics)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        runners = [self.runner(stage) for stage in self.stages()]
        tasks = [asyncio.create_task(one.run()) for one in runners]
        yield
        await asyncio.gather(*(one.stop() for one in runners))
        await asyncio.gather(*tasks)

    async def until_read(self) -> None:
        async def is_read() -> bool:
            groups = [(stage.group, stage.topics) for stage in self.stages()]
            return not sum([await self.ground.broker.lag(group or "", topics) for group, topics in groups])

        await until(is_read, "everything sent")


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    with RedisServer.start(tmp_path / "redis") as redis:
        settings = Settings(store=redis.url, data_dir=tmp_path, secret="a long random text", partitions=2)
        if request.param == "embedded":
            async with open_ground(settings) as ground:
                assert ground.log is not None
                yield Running(ground, ground.log, settings)
            return
        with KafkaBroker.start(tmp_path / "kafka") as kafka:
            await create_topics(kafka.bootstrap, 2, 1)
            settings = settings.model_copy(update={"broker": kafka.url})
            async with open_ground(settings) as ground:
                yield Running(ground, KafkaLog(kafka.bootstrap), settings)


async def act(ground: Ground) -> None:
    """Likes, a text of one's own, an edit, and garbage under one's own key: all kinds of messages come of it."""
    encoder = HashEncoder(ground.space.dimension, ground.space.id)
    items = [f"news:{number}" for number in range(6)]
    vectors = pack(encoder.encode([f"theremin {item}" for item in items]))
    await ground.store.put_items(
        [
            ItemRecord(item, ground.space.id, vector, "theremin", ("theremin",), "hash")
            for item, vector in zip(items, vectors, strict=True)
        ]
    )
    await ground.store.put_phrases(
        ground.space.id, dict.fromkeys(("theremin", "dragonflies"), pack(encoder.encode(["theremin"]))[0])
    )
    likes = [
        Interaction(event_id=f"e{at}", user=USER, provider="news", item=item[5:], signal=Signal.LIKE, time=NOW)
        for at, item in enumerate(items)
    ]
    likes[0] = likes[0].model_copy(update={"text": "about dragonflies"})
    edit = EditCommand(command_id="c1", user=USER, time=NOW, edits=(AddInterest(text="dragonflies", weight=0.5),))
    await ground.producer.send([Outgoing(INTERACTIONS, USER.encode(), one.to_bytes()) for one in likes])
    await ground.producer.send([Outgoing(COMMANDS, USER.encode(), edit.to_bytes())])
    await ground.producer.send([Outgoing(INTERACTIONS, USER.encode(), b"no JSON at all")])


def counted(metrics: Metrics, name: str) -> float:
    samples = (one for family in getattr(metrics, name).collect() for one in family.samples)
    return float(sum(one.value for one in samples if one.name.endswith("_total")))


def file_of(folder: Path, *, with_side_file: bool) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("attune.sqlite*" if with_side_file else "attune.sqlite"))


def holds(raw: Sequence[bytes], words: Sequence[str]) -> list[str]:
    return [word for word in words if any(word.encode() in one for one in raw)]


async def test_nothing_of_a_person_stands_in_the_log(running: Running, tmp_path: Path) -> None:
    ground = running.ground
    async with running.at_work():
        await act(ground)
        await running.until_read()

        async def has_come_to_all_topics() -> bool:
            return {one.topic for one in await running.records()} >= SEALED - {"attune.proposals"}

        await until(has_come_to_all_topics, "notices and letters")
        await running.until_read()
    record = (await ground.store.read([USER], (), ground.space.id)).users[USER]
    assert b"dragonflies" in (record.state or b"")
    raw = await running.records()
    assert holds([(one.key or b"") + (one.value or b"") for one in raw], WORDS) == []
    assert all(is_sealed(one.value) for one in raw)
    opened = [one for topic in sorted(SEALED) for one in await ground.broker.read(topic, 1_000)]
    assert {one.key for one in opened} == {USER.encode()}
    if ground.log is not None:
        assert holds([file_of(tmp_path, with_side_file=True)], WORDS) == []
    (entry,) = await LetterBook(ground.broker, ground.producer, NOW.timestamp).entries()
    assert entry.key == USER.encode()


async def test_once_the_key_is_destroyed_nothing_opens_and_nothing_new_is_taken(
    running: Running, tmp_path: Path
) -> None:
    ground = running.ground
    await act(ground)
    (wrapped,) = (await ground.store.read_keys([ground.keys.mailbox(USER)]))[ground.keys.mailbox(USER)]
    before = await running.records()
    await ground.keys.destroy(USER)
    await act(ground)
    assert await running.records() == before
    async with running.at_work():
        await running.until_read()
        # Eight were sent before, and eight after: all are accounted for.
        assert counted(ground.metrics, "consumed") == counted(ground.metrics, "duplicates") == 16
    assert (await ground.store.read([USER], (), ground.space.id)).users == {}
    marks = await ground.store.marks(await ground.broker.ends([INTERACTIONS, COMMANDS]))
    assert sum(marks.values()) == 8
    async with open_ground(running.settings) if ground.log is None else _same(ground) as other:
        for one in [one for topic in sorted(SEALED) for one in await other.broker.read(topic, 1_000)]:
            assert one.forgotten
    if ground.log is not None:
        assert {one.value for one in await running.raw.read(KEYS, 100)} == {None, b"destroyed"}
        assert wrapped not in file_of(tmp_path, with_side_file=False)


@asynccontextmanager
async def _same(ground: Ground) -> AsyncIterator[Ground]:
    yield ground
