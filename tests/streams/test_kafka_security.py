"""A real broker with TLS and passwords: every client of ours gets in, and whoever may not is told what to mend."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from infra.processes import KafkaBroker, free_port
from streams.aiokafka_runner import AiokafkaRunner
from streams.contract import Outgoing
from streams.faust_runner import FaustRunner
from streams.kafka_admin import create_topics, topic_problems
from streams.kafka_log import KafkaLog
from streams.kafka_producer import KafkaProducer
from streams.kafka_security import PLAINTEXT, KafkaSecurity
from streams.metrics import Metrics
from streams.topics import Topic
from tests.certificates import Authority, Pair
from tests.contract.runner_cases import RecordingStage, eventually, fresh_topics, running
from tests.secured import PASSWORD, USER, goodbyes, kafka_settings
from workers.errors import BrokerUnavailable, ConfigurationError

pytestmark = pytest.mark.kafka


@dataclass(frozen=True)
class Secured:
    broker: KafkaBroker
    ca: Path
    other_ca: Path
    client: Pair
    """A certificate that the broker knows no use of: it asks for none."""

    @property
    def security(self) -> KafkaSecurity:
        return KafkaSecurity("SASL_SSL", self.ca, user=USER, password=PASSWORD)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("kafka")
    ours, other = Authority(folder), Authority(folder, "other")
    settings = kafka_settings(ours.sign("broker"), ours.file)
    with KafkaBroker.start(folder / "broker", settings=settings, users={USER: PASSWORD}) as broker:
        yield Secured(broker, ours.file, other.file, ours.sign("client"))


@pytest.fixture(autouse=True)
async def _every_socket_closes() -> AsyncIterator[None]:
    yield
    await goodbyes()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
@pytest.mark.parametrize("runner", [AiokafkaRunner, FaustRunner])
async def test_every_client_gets_in(
    runner: type[AiokafkaRunner] | type[FaustRunner], mechanism: str, secured: Secured
) -> None:
    """Admin, producer, log, group member; and a reader without a group, where there is one."""
    security = replace(secured.security, mechanism=mechanism)  # type: ignore[arg-type]  # one of them
    topics, bootstrap = fresh_topics(), secured.broker.bootstrap
    await create_topics(bootstrap, 2, 1, topics=topics, security=security)
    assert await topic_problems(bootstrap, 2, topics=topics, security=security) == []
    producer = KafkaProducer(bootstrap, security=security)
    await producer.send([Outgoing(topics[0].name, b"ada", b"hello")])
    for group in ("readers", None):
        stage = RecordingStage(tuple(topic.name for topic in topics), group=group)
        made = runner(stage, bootstrap=bootstrap, batch_size=10, metrics=Metrics(), security=security)
        async with running(made) as task:
            await eventually(partial(stage.has, 1), task)
        assert stage.values() == [b"hello"]
    log = KafkaLog(bootstrap, security=security)
    assert [record.value for record in await log.read(topics[0].name, 10)] == [b"hello"]
    assert await log.lag(f"readers-of-{topics[0].name}", [topics[0].name]) == 0
    await producer.close()


# --- and who may not


async def refused(secured: Secured, security: KafkaSecurity) -> str:
    """What each of the clients says, which is the same."""
    said = set()
    bootstrap = secured.broker.bootstrap
    producer = KafkaProducer(bootstrap, security=security, send_timeout=8)
    log = KafkaLog(bootstrap, security=security, timeout=8)
    making = create_topics(bootstrap, 1, 1, topics=[Topic("letters")], timeout=8, security=security)
    for call in (producer.start(), log.lag("g", ["letters"]), making):
        with pytest.raises(ConfigurationError) as refusal:
            await call
        said.add(str(refusal.value))
    await producer.close()
    (one,) = said
    return one


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
@pytest.mark.parametrize("wrong", [{"password": "hunter2-and-more"}, {"user": "nobody"}])
async def test_a_wrong_password_or_user(
    wrong: dict[str, str], mechanism: str, secured: Secured, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    security = replace(secured.security, mechanism=mechanism, **wrong)  # type: ignore[arg-type]  # one of them
    said = await refused(secured, security)
    assert "does not take the user or the password: correct ATTUNE_KAFKA_USER and ATTUNE_KAFKA_PASSWORD" in said
    for secret in (PASSWORD, "hunter2-and-more"):
        assert secret not in said + caplog.text + repr(security)


async def test_a_broker_that_somebody_else_s_ca_has_signed(secured: Secured) -> None:
    said = await refused(secured, replace(secured.security, ca=secured.other_ca))
    assert "shows a certificate that is not trusted" in said
    assert "let ATTUNE_KAFKA_CA name the CA that signed it" in said


async def test_a_mechanism_that_it_does_not_take(secured: Secured) -> None:
    said = await refused(secured, replace(secured.security, mechanism="SCRAM-SHA-256"))
    assert said.endswith("does not take SCRAM-SHA-256: set ATTUNE_KAFKA_MECHANISM to what it takes")


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT"])
async def test_no_tls_where_the_listener_wants_it(protocol: str, secured: Secured) -> None:
    security = replace(secured.security, protocol=protocol, ca=None)  # type: ignore[arg-type]  # one of them
    said = await refused(secured, security)
    assert said.endswith("has a listener with TLS: set ATTUNE_KAFKA_SECURITY to what its listener has")


async def test_a_broker_that_is_away_is_waited_for_all_the_same(secured: Secured) -> None:
    producer = KafkaProducer(f"127.0.0.1:{free_port()}", security=secured.security, send_timeout=2)
    with pytest.raises(BrokerUnavailable, match="start it, or correct ATTUNE_BROKER"):
        await producer.start()
    await producer.close()


async def test_tls_where_the_listener_has_none() -> None:
    """Something that answers with anything but TLS: a plain Kafka closes such a connection, with or without a word."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"no TLS here, and that is that")
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = cast(int, server.sockets[0].getsockname()[1])
    producer = KafkaProducer(f"127.0.0.1:{port}", security=KafkaSecurity("SSL"), send_timeout=4)
    async with server:
        with pytest.raises(
            ConfigurationError, match=r"does not speak TLS as this side does .*: set ATTUNE_KAFKA_SECURITY"
        ):
            await producer.start()
    await producer.close()


@pytest.mark.parametrize("file", ["missing.pem", "empty.pem"])
def test_a_file_that_holds_no_certificate_is_said_before_anything_is_sent(file: str, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(ConfigurationError, match=r"a certificate for Kafka cannot be used .*ATTUNE_KAFKA_CA"):
        KafkaSecurity("SSL", ca=tmp_path / file).of_client()


def test_a_certificate_of_one_s_own_is_shown(secured: Secured) -> None:
    security = KafkaSecurity("SSL", secured.ca, secured.client.certificate, secured.client.key)
    assert security.of_client()["ssl_context"] is security.context
    with pytest.raises(ConfigurationError, match="ATTUNE_KAFKA_KEY"):
        KafkaSecurity("SSL", secured.ca, secured.client.certificate, secured.client.certificate).of_client()


def test_without_any_of_it_clients_are_as_they_were() -> None:
    assert PLAINTEXT.of_client() == {"security_protocol": "PLAINTEXT"}
    assert PLAINTEXT.context is None
