"""Broken variants of a part of the service, each with one guard taken out: the simulation must find them all."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from random import Random

from streams.agents import AgentsStage
from streams.contract import Outgoing, Partition, Record, Stage
from streams.embedder import EmbedderStage
from streams.watermarks import Watermarks
from tests.contract.store_model import _User
from tests.simulation.log import LogClient
from tests.simulation.runner import SimRunner
from tests.simulation.store import SimStore
from tests.simulation.world import Variants
from workers.errors import BrokerUnavailable, Unavailable
from workers.ports import CommitOutcome, ItemRecord, LeasedJob, Snapshot, UserCommit, UserRecord
from workers.state import UserState, decode_state, encode_state


class AnyRevision(SimStore):
    """Takes a write whoever wrote meanwhile."""

    def _commit(self, commit: UserCommit) -> CommitOutcome:
        there = self._users.get(commit.user, _User()).revision
        return super()._commit(replace(commit, expected_revision=there))


class NoOutbox(SimStore):
    """Leaves publishing to the memory of who commits."""

    def _commit(self, commit: UserCommit) -> CommitOutcome:
        return super()._commit(replace(commit, outbox=()))


class NoTrim(SimStore):
    """Never lets go of what was published."""

    def trim(self, published: Mapping[str, int]) -> None:
        pass


class _ChangedStates(SimStore):
    def read(
        self, users: Collection[str], items: Collection[str], space: str, partitions: Collection[Partition] = ()
    ) -> Snapshot:
        snapshot = super().read(users, items, space, partitions)
        return replace(snapshot, users={name: self._changed(record) for name, record in snapshot.users.items()})

    def _changed(self, record: UserRecord) -> UserRecord:
        state = decode_state(record.state)
        self.change(state)
        return replace(record, state=encode_state(state))

    def change(self, state: UserState) -> None:
        raise NotImplementedError


class NoOffsets(_ChangedStates):
    """Keeps nothing of what has been applied."""

    def change(self, state: UserState) -> None:
        state.offsets = {}


class NoIds(_ChangedStates):
    """Keeps no event ids."""

    def change(self, state: UserState) -> None:
        state.seen = b""


class LeasedForEver(SimStore):
    """Gives a job away for good."""

    def claim_job(self, now: float, lease: float) -> LeasedJob | None:
        return super().claim_job(now, float("inf"))

    def save_job(self, user: str, token: int, progress: bytes, leased_until: float) -> bool:
        return super().save_job(user, token, progress, float("inf"))


class ItemsStay(SimStore):
    """Deletes no item."""

    def put_items(self, records: Sequence[ItemRecord], deleted: Collection[str] = ()) -> set[str]:
        return super().put_items(records)


class SpaceMixed(SimStore):
    """Gives items the vectors of whatever was written before them."""

    def put_items(self, records: Sequence[ItemRecord], deleted: Collection[str] = ()) -> set[str]:
        vectors = [records[-1].vector, *(record.vector for record in records[:-1])] if records else []
        return super().put_items([replace(one, vector=v) for one, v in zip(records, vectors, strict=True)], deleted)


class Believes(LogClient):
    """Says that everything was sent, whatever became of it."""

    async def send(self, messages: Sequence[Outgoing]) -> None:
        try:
            await super().send(messages)
        except BrokerUnavailable:
            return


class _Trusting(SimRunner):
    """Believes the broker. (One that asks the stage where to resume is saved by the high-water marks from what the two
    below do.)"""

    async def _start(self, generation: int, partitions: Sequence[Partition]) -> None:
        await super()._start(generation, partitions)
        if self._group is not None:
            self._positions = {at: self._group.committed.get(at, 0) for at in self._positions}


class OffsetsFirst(_Trusting):
    """Commits before the effect."""

    async def _deliver(self, batch: Sequence[Record], turn: int) -> None:
        await self._commit(batch)
        await super()._deliver(batch, turn)


class OffsetTooFar(_Trusting):
    """Commits one offset more than it has handled."""

    async def _commit(self, batch: Sequence[Record]) -> None:
        await super()._commit([replace(record, offset=record.offset + 1) for record in batch])


class FromTheEnd(SimRunner):
    """Begins with what comes next, and not where its forerunner ended."""

    async def _start(self, generation: int, partitions: Sequence[Partition]) -> None:
        await super()._start(generation, partitions)
        self._positions = {at: self._log.ends[at] if self._group else start for at, start in self._positions.items()}


class _Around:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.name, self.group, self.topics, self.timers = stage.name, stage.group, stage.topics, stage.timers
        self.resume = stage.resume


class GivesUp(_Around):
    """Passes over a batch that fails once."""

    async def handle(self, batch: Sequence[Record]) -> None:
        try:
            await self._stage.handle(batch)
        except Unavailable:
            return


class Backwards(_Around):
    """Takes a batch from its end."""

    async def handle(self, batch: Sequence[Record]) -> None:
        await self._stage.handle(batch[::-1])


class Forgetful(_Around):
    """Loses one message in fifty, and says nothing."""

    chance = Random(7)

    async def handle(self, batch: Sequence[Record]) -> None:
        await self._stage.handle([record for record in batch if self.chance.random() > 0.02])


class _Unwatched(Watermarks):
    """Takes the store for what it says that it is."""

    def check(self, stored: Mapping[Partition, int], known: Mapping[Partition, int] | None = None) -> None:
        pass


def _unwatched(stage: Stage) -> Stage:
    if isinstance(stage, AgentsStage | EmbedderStage):
        stage._watermarks = _Unwatched(stage._store, stage._watermarks._group)
        stage.timers = (stage._watermarks.timer,)
    return stage


def _agents_only(around: Callable[[Stage], Stage]) -> Callable[[Stage], Stage]:
    return lambda stage: around(stage) if stage.name == "agents" else stage


MUTANTS: Mapping[str, Variants] = {
    "a store that takes any revision": Variants(store=AnyRevision),
    "a store without an outbox": Variants(store=NoOutbox),
    "an outbox that is never trimmed": Variants(store=NoTrim),
    "a state without offsets": Variants(store=NoOffsets),
    "a state without event ids": Variants(store=NoIds),
    "a lease that never ends": Variants(store=LeasedForEver),
    "items that are never deleted": Variants(store=ItemsStay),
    "items with each other's vectors": Variants(store=SpaceMixed),
    "a producer that believes": Variants(producer=Believes),
    "offsets committed before the effect": Variants(runner=OffsetsFirst),
    "an offset too far": Variants(runner=OffsetTooFar),
    "a worker that begins at the end": Variants(runner=FromTheEnd),
    "agents that give a batch up": Variants(stage=_agents_only(GivesUp)),
    "a batch taken from its end": Variants(stage=_agents_only(Backwards)),
    "agents that lose a message in fifty": Variants(stage=_agents_only(Forgetful)),
    "marks that nobody compares": Variants(stage=_unwatched),
    "an embedder that gives a batch up": Variants(
        stage=lambda stage: GivesUp(stage) if stage.name == "embedder" else stage
    ),
}
