"""Commits of one group member: offsets that the broker did not take are kept and go with the next commit."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from streams.contract import Record
from streams.deadline import within
from streams.kafka_calls import translated
from workers.errors import BrokerUnavailable

_LOG = logging.getLogger(__name__)


class Commits:
    """`commit` sends offsets to the broker; `count` is told when it does not answer."""

    def __init__(
        self,
        commit: Callable[[dict[TopicPartition, int]], Awaitable[object]],
        count: Callable[[BrokerUnavailable], None],
        *,
        stage: str,
        bootstrap: str,
    ) -> None:
        self._commit = commit
        self._count = count
        self._stage = stage
        self._bootstrap = bootstrap
        self._waiting: dict[TopicPartition, int] = {}

    def add(self, batch: Sequence[Record]) -> None:
        """The batch has been handled."""
        self._waiting |= {TopicPartition(one.topic, one.partition): one.offset + 1 for one in batch}

    def forget(self) -> None:
        """The partitions are somebody else's."""
        self._waiting.clear()

    async def flush(self, seconds: float) -> None:
        """Commits what waits, under a deadline because aiokafka has none. Raises `FatalRunnerError` where the broker
        refuses for good."""
        if not self._waiting:
            return
        offsets = dict(self._waiting)
        try:
            await within(seconds, self._commit(offsets))
        except (CommitFailedError, IllegalStateError) as error:
            # The partitions are somebody else's by now, or will be: the batch is delivered again and changes nothing.
            _LOG.warning("%s lost its place in the group before a commit: %s", self._stage, error)
            self.forget()
        except (TimeoutError, KafkaError) as error:
            problem = translated(error, "committing", self._bootstrap)
            if not isinstance(problem, BrokerUnavailable):
                raise problem from error
            self._count(problem)
        else:
            self._waiting = {at: end for at, end in self._waiting.items() if offsets.get(at) != end}
