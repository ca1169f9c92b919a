"""A Kafka and a Redis for one benchmark, in a temporary folder: it never touches a service that somebody uses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from infra.processes import KafkaBroker, RedisServer
from infra.settings import Settings
from streams.kafka_admin import create_topics
from streams.kafka_log import KafkaLog
from streams.topics import INTERACTIONS, TOPICS, Topic

PARTITIONS = 4

_AS_SHIPPED = {"log.cleaner.backoff.ms": "15000", "log.retention.check.interval.ms": "300000"}
"""What tests make quick for compaction to show, and a broker under measurement should not spend its time on."""


_SECRET = SecretStr("of a benchmark, whose people are made up")


@dataclass(frozen=True, slots=True)
class Servers:
    kafka: KafkaBroker
    redis: RedisServer
    folder: Path
    """Gone with the servers."""

    def settings(self, settings: Settings, batch_size: int) -> Settings:
        """The given ones, but on these servers."""
        here = {"broker": self.kafka.url, "store": self.redis.url, "data_dir": self.folder / "data", "secret": _SECRET}
        return settings.model_copy(update={**here, "partitions": PARTITIONS, "batch_size": batch_size})

    def embedded(self, settings: Settings, batch_size: int) -> Settings:
        """The given ones, but on the embedded log and store in this folder."""
        here = {"broker": "embedded", "store": "embedded", "data_dir": self.folder / "data"}
        return settings.model_copy(update={**here, "partitions": PARTITIONS, "batch_size": batch_size})

    async def prepare(self, *more: Topic) -> None:
        """Creates Attune's topics and `more`. Asking for a lag makes Kafka create its own topic for groups as well:
        whoever joins first would have to wait for that."""
        await create_topics(self.kafka.bootstrap, PARTITIONS, 1, topics=(*TOPICS, *more))
        await KafkaLog(self.kafka.bootstrap).lag("benchmark", [INTERACTIONS])


@contextmanager
def start_servers(fast: bool) -> Iterator[Servers]:
    """`fast`: a broker that starts quickly, for tests; otherwise with Kafka's own Java options. Raises `ProcessError`,
    which names the package to install, where one cannot be started."""
    with (
        TemporaryDirectory(prefix="attune-benchmark-") as name,
        KafkaBroker.start(Path(name) / "kafka", fast=fast, settings=_AS_SHIPPED) as kafka,
        RedisServer.start(Path(name) / "redis") as redis,
    ):
        yield Servers(kafka, redis, Path(name))
