"""Feeds a stage from the embedded log. One process owns the file: a group has this one member, for all partitions."""

from collections.abc import Mapping, Sequence
from functools import partial

from streams.contract import Partition, Record, Stage
from streams.embedded_log import EmbeddedLog
from streams.log_ends import refuse_a_shorter_log
from streams.metrics import Metrics
from streams.stage_runner import STALL_TIMEOUT, STOP_TIMEOUT, StageRunner
from streams.turns import PER_KEY, room_for


class EmbeddedRunner(StageRunner):
    """`streams.contract.Runner` on an `EmbeddedLog`."""

    def __init__(
        self,
        log: EmbeddedLog,
        stage: Stage,
        *,
        batch_size: int,
        metrics: Metrics,
        stop_timeout: float = STOP_TIMEOUT,
        stall_timeout: float = STALL_TIMEOUT,
    ) -> None:
        super().__init__(stage, metrics=metrics, stop_timeout=stop_timeout, stall_timeout=stall_timeout)
        self._log = log
        self._batch_size = batch_size
        self._positions: dict[Partition, int] = {}
        """The next offset of each partition, the one that was read longest ago first."""

    async def _serve(self) -> None:
        self._positions = await self._starting_positions()
        self._hand.open()
        while True:
            turn = self._hand.turn
            records, following = _one_turn(*await self._log.page(self._positions, self._batch_size))
            if not records:  # the messages there are gone (`streams.embedded_upkeep`)
                await self._commit(following)
            elif not await self._hand.deliver(records, turn, partial(self._commit, following)):
                return  # the runner is stopping
            self._advance(following)
            await self._log.wait(self._positions)

    async def _starting_positions(self) -> dict[Partition, int]:
        """The committed offsets, or earlier where the stage says so; the starts for a stage without a group."""
        if self._stage.group is None:
            return self._log.starts(self._stage.topics)
        committed = await self._log.join(self._stage.group, self._stage.topics)
        resume = await self._hand.where_to_resume(committed)
        await refuse_a_shorter_log(self._stage.name, resume, lambda _: self._log.ends(self._stage.topics))
        return {source: min(offset, resume.get(source, offset)) for source, offset in committed.items()}

    async def _commit(self, following: Mapping[Partition, int], _batch: Sequence[Record] = ()) -> None:
        if self._stage.group is not None and following:
            await self._log.commit(self._stage.group, following)

    def _advance(self, following: Mapping[Partition, int]) -> None:
        for source, offset in following.items():  # to the end: the others are read first now
            del self._positions[source]
            self._positions[source] = offset

    async def _lag(self) -> int | None:
        return self._log.waiting(self._positions)

    async def _leave(self, seconds: float) -> None:
        """Nothing is held but the positions."""


def _one_turn(
    records: Sequence[Record], following: Mapping[Partition, int]
) -> tuple[list[Record], dict[Partition, int]]:
    """What of a page is handed over at once (`streams.turns`). The rest is read again: a row costs 2 us."""
    fits = room_for(PER_KEY)
    turn, rest = list[Record](), dict[Partition, int]()
    for record in records:
        if fits(record):
            turn.append(record)
        else:
            rest.setdefault(record.source, record.offset)
    # A partition of which nothing fits stays where it is, and as early in the order as it was.
    reached = {record.source for record in turn}
    ends = {source: rest.get(source, end) for source, end in following.items()}
    return turn, {source: end for source, end in ends.items() if source in reached or source not in rest}
