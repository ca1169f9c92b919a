"""Start order does not matter: a role that is there before its Kafka or its Redis waits for them.

1. A server that does not answer is waited for without end, and said again and again in the log: nothing else listens on
   the role's port meanwhile, so it is not ready and not alive to whoever asks. What a server *is* (its version, its
   settings) ends the wait at once: that will not change by itself.
2. Topics that are missing are waited for as long as somebody may need who is creating them right now.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from infra.ground import Ground, open_ground
from infra.settings import Settings
from streams.backoff import delays
from streams.deadline import Deadline
from streams.kafka_calls import CALL_TIMEOUT
from streams.kafka_clients import partitions_of
from streams.kafka_security import KafkaSecurity
from streams.topics import TOPICS
from workers.errors import ConfigurationError, Unavailable

_LOG = logging.getLogger(__name__)

T = TypeVar("T")

TOPICS_SECONDS = 60.0
"""`attune topics create` takes a few seconds; who forgot it should read about it soon."""

LONGEST = 2.0
"""Seconds between two tries: what a role adds to the start of what it waits for."""


@asynccontextmanager
async def await_ground(settings: Settings, ready: bool = False) -> AsyncIterator[Ground]:
    """`open_ground` as soon as it can be; with `ready` only once every topic is there. Raises `ConfigurationError`."""
    async with AsyncExitStack() as stack:
        ground = await _answer(lambda: stack.enter_async_context(open_ground(settings)))
        if ready and ground.log is None:
            await _topics(settings.bootstrap, settings.kafka)
        yield ground


async def _answer(ask: Callable[[], Awaitable[T]]) -> T:
    """Step 1."""
    for delay in delays(cap=LONGEST):
        try:
            return await ask()
        except Unavailable as error:
            _LOG.warning("waiting to begin: %s (trying again in %.1f s)", error, delay)
        await asyncio.sleep(delay)
    raise AssertionError("delays never end")


async def _topics(bootstrap: str, security: KafkaSecurity) -> None:
    """Step 2."""
    names, deadline = [topic.name for topic in TOPICS], Deadline(TOPICS_SECONDS)
    for delay in delays(cap=LONGEST):
        try:
            await _answer(lambda: partitions_of(bootstrap, names, CALL_TIMEOUT, security))
            return
        except ConfigurationError as error:
            if not deadline.remaining():
                raise
            _LOG.warning("waiting to begin: %s", error)
        await asyncio.sleep(delay)
