"""What a stage and a runner are to each other. `tests/contract/test_runner.py` is what every runner must pass.

A *stage* is a plain object with `async handle(batch)`. A *runner* feeds it:

1. It joins the stage's group (or reads everything from the start where `group` is None) and, when partitions are
   assigned, asks the stage where to resume: it starts at the committed offset, or earlier where the stage says so. An
   offset behind the end of its partition is one of another log: the runner ends (`streams.log_ends`).
2. It hands over one batch at a time, records of one partition in order, never a record of a partition twice in one
   batch. While a batch is being handled it fetches no more than a bounded amount: the stage's pace is the pace. What
   it fetched it hands over in turns, so that one busy key does not hold up the others (`streams.turns`; not on Faust).
3. When `handle` returns, every effect of the batch is durable: the runner commits the offsets.
4. When `handle` raises `Unavailable` (or `Overloaded`), the runner waits (0.1 s doubling to 5 s) and hands over the
   same batch again. Any other error ends the runner with that error, with nothing of the batch committed.
5. On revoke it lets the batch in hand end, commits, and gives the partitions up.
6. `stop()` lets the batch in hand end within the deadline, commits, and leaves the group.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from workers.ports import Outgoing, Partition, Record

__all__ = [
    "Broker",
    "History",
    "Keys",
    "Log",
    "Outgoing",
    "Partition",
    "Producer",
    "Record",
    "Runner",
    "Stage",
    "Timer",
]


@dataclass(frozen=True, slots=True)
class Timer:
    """Called every `interval` seconds while the runner runs, never twice at once; an `Unavailable` (or `Overloaded`)
    that it raises is counted and the next tick tries again."""

    interval: float
    tick: Callable[[], Awaitable[None]]


class Stage(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def group(self) -> str | None:
        """The consumer group, or None: read every partition from the start, commit nothing."""

    @property
    def topics(self) -> tuple[str, ...]: ...

    @property
    def timers(self) -> tuple[Timer, ...]: ...

    async def resume(self, assigned: Collection[Partition]) -> Mapping[Partition, int]:
        """For each partition that must not start later: the offset to start at, even where the group has committed a
        greater one. Empty: trust the broker."""

    async def handle(self, batch: Sequence[Record]) -> None: ...


class Runner(Protocol):
    async def run(self) -> None:
        """Returns after `stop()`; raises what ended it otherwise."""

    async def stop(self) -> None:
        """Asks `run` to end and waits until it has, at most its deadline."""


class Producer(Protocol):
    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Returns when all are durable, in order per key. Raises `BrokerUnavailable` within the deadline otherwise: the
        outcome is then unknown, and sending again is right. Raises `Overloaded` when the buffer is full."""

    async def close(self) -> None: ...


class Broker(Protocol):
    """What a role needs to know of the log besides reading and sending."""

    async def lag(self, group: str, topics: Collection[str]) -> int:
        """Messages of the topics that the group has not committed."""

    async def read(self, topic: str, limit: int) -> list[Record]:
        """The `limit` newest messages that the topic holds now, oldest of them first."""

    async def close(self) -> None: ...


class History(Protocol):
    """What it takes to read a log once more, besides those who consume it. All raise as `Broker`'s methods do."""

    async def committed(self, group: str, topics: Collection[str]) -> dict[Partition, int]:
        """Where the group goes on in the partitions of the topics; absent where it has committed nothing."""

    async def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        """The offset after the last message of each partition of the topics."""

    async def span(self, source: Partition, start: int, end: int, limit: int) -> list[Record]:
        """The first `limit` messages of one partition whose offsets lie in [start, end); what has expired or was
        compacted is passed over, so that [] means there is nothing in it."""


class Log(Broker, History, Protocol):
    """The log of an installation: Kafka, or the embedded one."""


class Keys(Protocol):
    """The key of each person, with which what logs hold of them is sealed (`streams.key_ring`). All raise
    `StoreUnavailable` and `BrokerUnavailable`: nothing was sealed or opened then, and the same may be asked again."""

    async def seal(self, messages: Sequence[Outgoing]) -> list[Outgoing]:
        """The messages as they go to the log, in order. Those of people whose key is destroyed are left out; what is
        nobody's, and what is sealed already, goes as it is."""

    async def open(self, records: Sequence[Record]) -> list[Record]:
        """As many, in order, as they were before they were sealed. What was never sealed, and what does not open, stays
        as it is; what cannot be opened because its key is destroyed is `forgotten`, without key and value."""

    async def destroy(self, user: str) -> None:
        """Returns when no key of the user is left in the log or the store, and both know that there may be no other.
        Repeating it does no harm. Another process may hold the key for `streams.key_ring.LIFE` seconds more."""

    async def destroyed(self, user: str) -> bool:
        """Whether the user's key was destroyed: what is sent for them now is dropped."""

    async def destroyed_among(self, users: Collection[str]) -> set[str]:
        """Those of the users whose key was destroyed, also where the store was lost since."""
