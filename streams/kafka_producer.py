"""Sends messages to Kafka.

1. Bounded: what was given to `send` and is not settled counts; above the limit `send` refuses at once.
2. Messages are queued in the order given; aiokafka has one request per partition under way, so a retry of its own
   keeps the order of a key.
3. acks=all: a message is durable when every in-sync replica has it.
4. A deadline for the whole `send`. After it the outcome is unknown: what is queued may still arrive, and sending again
   is right: a key's last message stays its last one.
5. aiokafka has a shorter deadline of its own, after which it fails what it holds. A client that has neither sent nor
   failed anything for the whole of ours waits for what will never be: it is given up, and the next `send` makes one.

No idempotent producer: it was seen to hang for ever without its broker, and every reader here takes repeats anyway.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.contract import Outgoing
from streams.deadline import Deadline, abandon, within
from streams.kafka_calls import CALL_TIMEOUT, translated
from streams.kafka_connecting import connected
from streams.kafka_security import PLAINTEXT, KafkaSecurity
from streams.topics import MAX_MESSAGE_BYTES
from workers.errors import BrokerUnavailable, Overloaded

_LOG = logging.getLogger(__name__)

MAX_BUFFERED_BYTES = 32 * 1024 * 1024
"""Keys and values not settled: two seconds of embeddings at the measured 16 MB a second, and all that a gateway can
pile up in memory while the broker is away."""

_BATCH_BYTES = 64 * 1024
"""Per partition and request: aiokafka's 16 KiB make four times the requests for embeddings of 1.6 KB."""

_PER_MESSAGE = 100
"""Bytes of a queued message beside its key and value, about: so that empty ones count too."""


_STOP_UNSTARTED = 1.0
"""Seconds to close sockets of a producer that has nothing to send."""


class KafkaProducer:
    """`streams.contract.Producer` on Kafka. Connects with the first `send`, or with `start`."""

    def __init__(
        self,
        bootstrap: str,
        *,
        send_timeout: float = CALL_TIMEOUT,
        close_timeout: float = CALL_TIMEOUT,
        max_buffered_bytes: int = MAX_BUFFERED_BYTES,
        security: KafkaSecurity = PLAINTEXT,
    ) -> None:
        self._bootstrap = bootstrap
        self._security = security
        self._send_timeout = send_timeout
        self._close_timeout = close_timeout
        self._max_buffered_bytes = max_buffered_bytes
        self._buffered = 0
        self._connecting = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None
        self._settled = 0
        """Sends that it has carried out or failed."""

    async def start(self) -> None:
        """Connects now. Raises `BrokerUnavailable` within the deadline of a send."""
        await self._connected(self._send_timeout)

    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Steps 1 to 4. Raises `BrokerUnavailable`, `Overloaded`, and `ConfigurationError` where a topic is missing."""
        if not messages:
            return
        size = sum(len(message.key) + len(message.value or b"") + _PER_MESSAGE for message in messages)
        if self._buffered and self._buffered + size > self._max_buffered_bytes:  # 1
            raise Overloaded(
                f"{self._buffered} bytes wait for Kafka at {self._bootstrap}: send slower, and see whether it is up"
            )
        self._buffered += size
        try:
            await self._send(messages)
        finally:
            self._buffered -= size

    async def close(self) -> None:
        """Waits for what is queued, at most the close timeout."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer, self._close_timeout)

    async def _send(self, messages: Sequence[Outgoing]) -> None:
        deadline = Deadline(self._send_timeout)
        producer = await self._connected(deadline.remaining())
        settled = self._settled
        try:
            await within(deadline.remaining(), self._deliver(producer, messages))  # 4
        except (TimeoutError, OSError, KafkaError) as error:
            if type(error) is KafkaError:  # its sender task has died: it will never send again
                await self._forget(producer)
                raise BrokerUnavailable(f"the producer for Kafka at {self._bootstrap} broke: {error}") from error
            if type(error) is not TimeoutError:
                self._settled += 1
            elif self._settled == settled:  # 5
                _LOG.warning("the producer gave no answer for %.1f s: a new one is made", self._send_timeout)
                await self._forget(producer)
            raise translated(error, "sending", self._bootstrap) from error
        self._settled += 1

    async def _deliver(self, producer: AIOKafkaProducer, messages: Sequence[Outgoing]) -> None:
        sent: list[asyncio.Future[object]] = []
        try:
            for message in messages:  # 2; no comprehension, so that what was queued is known when one fails
                sent.append(await producer.send(message.topic, key=message.key, value=message.value))  # noqa: PERF401
            await asyncio.gather(*sent)  # 3
        finally:
            for answer in sent:  # too late to matter to anybody
                abandon(answer)

    async def _connected(self, seconds: float) -> AIOKafkaProducer:
        async with self._connecting:
            if self._producer is None:
                self._producer = await self._connect(seconds)
            return self._producer

    async def _connect(self, seconds: float) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",  # 3
            max_batch_size=_BATCH_BYTES,
            max_request_size=MAX_MESSAGE_BYTES,
            # What a send left behind is given up at about the time when its caller was told so.
            request_timeout_ms=int(self._send_timeout * 900),
            **self._security.of_client(),
        )
        try:
            await connected(producer.start(), seconds, self._bootstrap, self._security)
        except BaseException:
            await _stop(producer, _STOP_UNSTARTED)
            raise
        return producer

    async def _forget(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
        await _stop(producer, _STOP_UNSTARTED)


async def _stop(producer: AIOKafkaProducer, seconds: float) -> None:
    try:
        await within(seconds, producer.stop())
    except (TimeoutError, OSError, KafkaError) as error:
        _LOG.warning("the producer did not stop in order (%s): what it held may be lost", type(error).__name__)
        with suppress(TimeoutError, OSError, KafkaError):
            await within(_STOP_UNSTARTED, producer.client.close())
