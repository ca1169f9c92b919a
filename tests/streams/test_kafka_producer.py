"""The producer when its Kafka is away, dies or stands still."""

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest
from aiokafka.errors import KafkaError

from infra.processes import KafkaBroker, free_port
from streams.contract import Outgoing
from streams.kafka_admin import create_topics
from streams.kafka_log import KafkaLog
from streams.kafka_producer import KafkaProducer
from streams.topics import DEAD_LETTERS, INTERACTIONS, TOPICS, Topic
from tests.contract.runner_cases import shared_broker
from tests.patience import AT_ONCE, PATIENCE
from workers.errors import BrokerUnavailable, ConfigurationError, Overloaded

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    with KafkaBroker.start(tmp_path_factory.mktemp("kafka")) as started:
        yield started


@pytest.mark.parametrize("call", ["start", "send"])
async def test_nobody_listens(call: str) -> None:
    producer = KafkaProducer(f"127.0.0.1:{free_port()}", send_timeout=2.0)
    start = time.monotonic()
    with pytest.raises(BrokerUnavailable, match="start it, or correct ATTUNE_BROKER"):
        await (producer.start() if call == "start" else producer.send([Outgoing("letters", b"key", b"value")]))
    assert time.monotonic() - start < AT_ONCE
    await producer.close()


async def test_somebody_listens_who_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        producer = KafkaProducer(f"127.0.0.1:{silent.getsockname()[1]}", send_timeout=1.0)
        start = time.monotonic()
        with pytest.raises(BrokerUnavailable):
            await producer.start()
        assert time.monotonic() - start < AT_ONCE
        await producer.close()


async def test_a_broker_that_stands_still_fails_sends_in_time_then_refuses_and_then_works(broker: KafkaBroker) -> None:
    await create_topics(broker.bootstrap, 1, 1, topics=[Topic("letters")])
    producer = KafkaProducer(broker.bootstrap, send_timeout=1.0, max_buffered_bytes=10_000)
    await _until_sent(producer, Outgoing("letters", b"key", b"before"))
    broker.pause()
    try:
        start = time.monotonic()
        results = await asyncio.gather(
            *(producer.send([Outgoing("letters", b"key", bytes(4_000))]) for _ in range(5)), return_exceptions=True
        )
        took = time.monotonic() - start
    finally:
        broker.resume()
    kinds = [type(result) for result in results]
    assert kinds == [BrokerUnavailable] * 2 + [Overloaded] * 3, "two fit into 10,000 bytes"
    assert took < AT_ONCE
    await _until_sent(producer, Outgoing("letters", b"key", b"after"))
    assert (await KafkaLog(broker.bootstrap).read("letters", 1))[0].value == b"after"
    await producer.close()


async def test_a_broker_that_is_killed_loses_nothing_acknowledged_and_keeps_the_order_of_a_key(
    broker: KafkaBroker,
) -> None:
    await create_topics(broker.bootstrap, 2, 1, topics=[Topic("parcels")])
    producer = KafkaProducer(broker.bootstrap, send_timeout=1.0)

    async def send(user: int) -> None:
        for i in range(60):
            await _until_sent(producer, Outgoing("parcels", b"user-%d" % user, b"%d" % i))
            await asyncio.sleep(0.02)

    senders = [asyncio.create_task(send(user)) for user in range(4)]
    await asyncio.sleep(0.5)
    await asyncio.to_thread(broker.kill)
    await asyncio.sleep(1.5)
    await asyncio.to_thread(broker.begin)
    await asyncio.wait_for(asyncio.gather(*senders), 4 * PATIENCE)
    records = await KafkaLog(broker.bootstrap).read("parcels", 10_000)
    for user in range(4):
        values = [int(record.value or b"") for record in records if record.key == b"user-%d" % user]
        assert list(dict.fromkeys(values)) == list(range(60)), "each first arrival is in its place"
        assert values == sorted(values), "a repeat stands beside its first"
    await producer.close()


async def test_a_sender_that_has_died_is_replaced() -> None:
    bootstrap = shared_broker().bootstrap
    await create_topics(bootstrap, 1, 1, topics=[Topic("letters")])
    producer = KafkaProducer(bootstrap)
    await producer.start()
    assert producer._producer is not None
    # As aiokafka's sender does when it ends by a fault of its own: from now on everything is refused.
    producer._producer._message_accumulator.fail_all(KafkaError("Unexpected error during batch delivery"))
    with pytest.raises(BrokerUnavailable, match="broke"):
        await producer.send([Outgoing("letters", b"key", b"value")])
    await producer.send([Outgoing("letters", b"key", b"value")])
    await producer.close()


async def test_a_client_that_neither_sends_nor_fails_is_replaced() -> None:
    bootstrap = shared_broker().bootstrap
    await create_topics(bootstrap, 1, 1, topics=[Topic("letters")])
    producer = KafkaProducer(bootstrap, send_timeout=1.0)
    await _until_sent(producer, Outgoing("letters", b"key", b"before"))
    stuck = producer._producer
    assert stuck is not None
    # As if it waited for the answer to a request and had forgotten to give up.
    stuck._sender._in_flight.update(broker.nodeId for broker in stuck.client.cluster.brokers())
    with pytest.raises(BrokerUnavailable):
        await producer.send([Outgoing("letters", b"key", b"never sent")])
    await _until_sent(producer, Outgoing("letters", b"key", b"after"))
    assert producer._producer is not stuck
    await producer.close()


async def test_closing_does_not_wait_for_a_broker_that_stands_still(broker: KafkaBroker) -> None:
    await create_topics(broker.bootstrap, 1, 1, topics=[Topic("letters")])
    producer = KafkaProducer(broker.bootstrap, send_timeout=1.0)
    await _until_sent(producer, Outgoing("letters", b"key", b"before"))
    broker.pause()
    try:
        sending = asyncio.create_task(producer.send([Outgoing("letters", b"key", b"value")]))
        await asyncio.sleep(0.1)
        start = time.monotonic()
        await producer.close()
        assert time.monotonic() - start < AT_ONCE
        with pytest.raises(BrokerUnavailable):
            await sending
    finally:
        broker.resume()


async def test_the_letter_of_the_largest_message_fits_and_a_larger_message_is_refused() -> None:
    """1 MiB is what brokers take as shipped; a dead-letter holds it in base64."""
    bootstrap = shared_broker().bootstrap
    topics = [topic for topic in TOPICS if topic.name in {INTERACTIONS, DEAD_LETTERS}]
    await create_topics(bootstrap, 2, 1, topics=topics)
    producer = KafkaProducer(bootstrap)
    await producer.send([Outgoing(DEAD_LETTERS, b"key", bytes(1024 * 1024 * 4 // 3))])
    with pytest.raises(ConfigurationError, match=r"larger than Kafka takes"):
        await producer.send([Outgoing(INTERACTIONS, b"key", bytes(1024 * 1024 + 1))])
    await producer.send([Outgoing(INTERACTIONS, b"key", b"the next one is sent")])
    await producer.close()


async def _until_sent(producer: KafkaProducer, message: Outgoing) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            return await producer.send([message])
        except (BrokerUnavailable, Overloaded):
            await asyncio.sleep(0.1)
    raise AssertionError("never sent")
