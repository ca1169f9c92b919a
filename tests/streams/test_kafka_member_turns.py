"""What a group member fetches where one partition has much more than the others, on a consumer that empties one
partition before it looks at the next, as aiokafka does."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition

from streams.turns import PER_KEY
from tests.streams.test_kafka_member import Case, FakeConsumer

BUSY, QUIET = TopicPartition("letters", 0), TopicPartition("letters", 1)
LIMIT = 20


class Buffered(FakeConsumer):
    """`lie` holds what has come, by partition; `asked` which partitions each `getmany` was for (none: all)."""

    def __init__(self) -> None:
        super().__init__()
        self.lie: dict[TopicPartition, list[Any]] = {BUSY: [], QUIET: []}
        self.asked: list[set[TopicPartition]] = []
        self.paused: set[TopicPartition] = set()

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int, max_records: int) -> Any:  # type: ignore[override]
        self.asked.append(set(partitions))
        answer = {}
        for partition, lying in self.lie.items():
            if (not partitions or partition in partitions) and lying and max_records:
                answer[partition], self.lie[partition] = lying[:max_records], lying[max_records:]
                max_records -= len(answer[partition])
        return answer

    def pause(self, *partitions: TopicPartition) -> None:
        self.paused |= set(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self.paused -= set(partitions)

    def come(self, partition: TopicPartition, keys: Sequence[bytes]) -> None:
        start = len(self.lie[partition])
        self.lie[partition] += [
            SimpleNamespace(
                topic="letters", partition=partition.partition, offset=start + n, key=key, value=b"v", timestamp=0
            )
            for n, key in enumerate(keys)
        ]


async def case() -> tuple[Case, Buffered]:
    made = Case()
    consumer = made.consumer = Buffered()
    await made.member.open([BUSY, QUIET])
    await consumer.listener.on_partitions_assigned([BUSY, QUIET])
    assert await made.member.fetch(LIMIT) == []
    return made, consumer


async def turn(made: Case) -> list[int]:
    """The partitions of the records of the next turn."""
    return [record.partition for record in await made.member.fetch(LIMIT)]


async def test_a_partition_that_fills_every_fetch_comes_last_in_the_next() -> None:
    made, consumer = await case()
    consumer.come(BUSY, [b"%d" % n for n in range(100)])
    assert await turn(made) == [0] * LIMIT
    consumer.come(QUIET, [b"a", b"b"])
    assert await turn(made) == [1, 1] + [0] * (LIMIT - 2)


async def test_of_which_enough_waits_is_paused_until_less_does() -> None:
    made, consumer = await case()
    consumer.come(BUSY, [b"hot"] * 300)
    taken, was_paused = 0, False
    while got := await turn(made):
        taken += len(got)
        was_paused |= consumer.paused == {BUSY}
        assert made.member._turns.held < 2 * LIMIT
    assert taken == 300
    assert was_paused
    assert consumer.paused == set()


async def test_what_waits_counts_as_not_handled() -> None:
    made, consumer = await case()
    consumer.come(BUSY, [b"hot"] * LIMIT)
    await turn(made)

    async def end_offsets(_: object) -> dict[TopicPartition, int]:
        return {BUSY: LIMIT, QUIET: 0}

    async def position(partition: TopicPartition) -> int:
        return LIMIT if partition == BUSY else 0

    consumer.end_offsets, consumer.position = end_offsets, position  # type: ignore[method-assign, assignment, attr-defined]
    assert await made.member.lag() == LIMIT - PER_KEY


async def test_what_waits_is_dropped_with_its_partition() -> None:
    made, consumer = await case()
    consumer.come(BUSY, [b"hot"] * LIMIT)
    await turn(made)
    await consumer.listener.on_partitions_revoked([BUSY, QUIET])
    await consumer.listener.on_partitions_assigned([BUSY, QUIET])
    assert await made.member.fetch(LIMIT) == []
    assert await turn(made) == []
