"""Notices a log that is not the one that was read: a topic that was made anew, or that has lost its end.

Its offsets begin again below what was applied of the former one, so its new messages would be taken for old ones that
come again, and dropped without a word. So nothing is read of it:

1. On assignment: where the stage says to resume behind the end of a partition, the runner ends.
2. While it runs: where a partition goes on before what was read of it, the runner ends.

A follower that has just become leader may not know the end of its log for a moment, so 1 is asked for a while.

Not noticed: a topic that was made anew while nobody read it, and holds more by now than was applied of the former one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from streams.contract import Partition
from streams.deadline import Deadline
from workers.errors import FatalRunnerError

Ends = Callable[[Collection[Partition]], Awaitable[Mapping[Partition, int]]]
"""The offset after the last message of each of the partitions."""

_PAUSE = 0.5


async def refuse_a_shorter_log(stage: str, resume: Mapping[Partition, int], ends: Ends, patience: float = 0.0) -> None:
    """Step 1. Raises `FatalRunnerError` where a partition has ended before its offset for `patience` seconds."""
    asked = {source: offset for source, offset in resume.items() if offset > 0}
    deadline = Deadline(patience)
    while asked:
        found = await ends(asked.keys())
        beyond = {source: offset for source, offset in asked.items() if offset > found.get(source, 0)}
        if not beyond:
            return
        if deadline.remaining() == 0:
            source, offset = min(beyond.items())
            raise went_back(stage, source, offset, found.get(source, 0))
        await asyncio.sleep(_PAUSE)


def went_back(stage: str, source: Partition, expected: int, found: int) -> FatalRunnerError:
    """The error of both steps."""
    return FatalRunnerError(
        f"{stage} has read {source.topic}/{source.number} up to offset {expected}, and now it goes on at {found}: the"
        " topic was made anew or has lost its end, and its new messages would be taken for those that were applied."
        " Restore the topics, or begin on an empty store: nothing is read until then"
    )
