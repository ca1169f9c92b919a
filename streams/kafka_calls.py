"""Calls to Kafka: under a deadline, because some of aiokafka's wait for ever, and with its errors in our words."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka import errors

from streams.deadline import Deadline, within
from workers.errors import AttuneError, BrokerUnavailable, ConfigurationError, FatalRunnerError

T = TypeVar("T")

CALL_TIMEOUT = 10.0
"""Seconds: a broker that was killed is back 2.3 s after its restart, a leader that was stopped is replaced in 15 s."""

# At DEBUG it writes whole messages, keys and values, which no log may hold. INFO tells who joined which group.
if logging.getLogger("aiokafka").level == logging.NOTSET:  # the logging of the role has not spoken yet
    logging.getLogger("aiokafka").setLevel(logging.INFO)

_RETRY = 0.1
"""Seconds between two tries of a call inside one deadline, as in aiokafka."""

_PASSING = (
    TimeoutError,
    OSError,
    errors.KafkaTimeoutError,
    errors.KafkaUnavailableError,
    errors.BrokerNotAvailableError,
    errors.ReplicaNotAvailableError,
)


def is_passing(error: BaseException) -> bool:
    """Whether trying again may help: the broker is away, or its cluster is finding a new leader."""
    return isinstance(error, _PASSING) or (isinstance(error, errors.KafkaError) and error.retriable)


async def ask(call: Awaitable[T], seconds: float, doing: str, bootstrap: str) -> T:
    """The answer to one call. Raises `BrokerUnavailable` where none came in time, else what `translated` makes of
    Kafka's error."""
    try:
        return await within(seconds, call)
    except (TimeoutError, OSError, errors.KafkaError) as error:
        raise translated(error, doing, bootstrap) from error


async def ask_until(call: Callable[[], Awaitable[T]], seconds: float, doing: str, bootstrap: str) -> T:
    """As `ask`, but an error that may pass is tried again until the deadline."""
    deadline = Deadline(seconds)
    while True:
        try:
            return await within(deadline.remaining(), call())
        except (TimeoutError, OSError, errors.KafkaError) as error:
            if not is_passing(error) or deadline.remaining() <= _RETRY:
                raise translated(error, doing, bootstrap) from error
        await asyncio.sleep(_RETRY)


def translated(error: BaseException, doing: str, bootstrap: str) -> AttuneError:
    """The same in our words. `doing` completes "while ..."."""
    name = type(error).__name__
    match error:
        case errors.UnknownTopicOrPartitionError():
            return ConfigurationError(f"Kafka at {bootstrap} lacks a topic while {doing}: run `attune topics create`")
        case errors.MessageSizeTooLargeError() | errors.RecordTooLargeError():
            return ConfigurationError(f"a message is larger than Kafka takes, while {doing}: raise max.message.bytes")
        case _ if is_passing(error):
            return BrokerUnavailable(
                f"Kafka at {bootstrap} did not answer while {doing} ({name}): start it, or correct ATTUNE_BROKER"
            )
        case _:
            return FatalRunnerError(
                f"Kafka at {bootstrap} refused while {doing} ({name}: {error}): see its log, and that every worker of"
                " a stage has an ATTUNE_INSTANCE of its own"
            )
