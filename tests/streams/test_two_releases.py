"""Workers of two releases in one group: they take turns with the same users, and nothing is lost, doubled or stuck."""

import json
import struct
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest

from schemas.command import (
    EditCommand,
    ForgetCommand,
    ImportCommand,
    MoveCommand,
    PublishCommand,
    RefreshCommand,
    RetryCommand,
    RollbackCommand,
)
from schemas.dead_letter import DeadLetter, Reason
from schemas.interaction import Interaction
from schemas.proposal import Proposal
from streams.agents import AgentsStage
from streams.contract import Partition, Record
from streams.metrics import Metrics
from streams.topics import COMMANDS, DEAD_LETTERS, INTERACTIONS, PROPOSALS
from tests.schemas.golden_files import goldens
from tests.streams.agents_world import KEY, World, a_world, records
from tests.workers.mailbox import RULES, SPACE, Mailbox, weights_of
from workers.errors import ConfigurationError
from workers.ports import CommitOutcome, Snapshot, UserCommit
from workers.state import decode_state

_FRAME = struct.Struct("<BII")
_TODAYS = struct.Struct("<BIII")
LATER = {"refine", "unfitted", "removed", "dropped", "edited", "space", "brief", "keep_away"}
"""What encoding 1 had not."""


def as_encoding_1(state: bytes) -> bytes:
    """As a worker of that release would have kept it."""
    _, size, seen, versions = _TODAYS.unpack_from(state)
    seen_at = _TODAYS.size + size
    vectors_at = seen_at + seen + versions
    text: dict[str, Any] = json.loads(state[_TODAYS.size : seen_at])
    text = {name: value for name, value in text.items() if name not in LATER}
    text["interests"], text["avoid"] = ([row[:6] for row in text[name]] for name in ("interests", "avoid"))
    text["waiting"] = [row[:8] for row in text["waiting"]]
    raw = json.dumps(text).encode()
    return _FRAME.pack(1, len(raw), seen) + raw + state[seen_at : seen_at + seen] + state[vectors_at:]


class OldStore:
    """The store as a worker of encoding 1 writes it. It gives that worker a record only in the encoding it knows."""

    def __init__(self, world: World, *, refuses: bool) -> None:
        self._store = world.store
        self._refuses = refuses

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(
        self, users: Collection[str], items: Collection[str], space: str, partitions: Collection[Partition] = ()
    ) -> Snapshot:
        snapshot = await self._store.read(users, items, space, partitions)
        if self._refuses and any(one.state and one.state[0] != 1 for one in snapshot.users.values()):
            raise ConfigurationError("a user's record has encoding 2 and this release reads 1: upgrade")
        return snapshot

    async def commit(
        self,
        commits: Sequence[UserCommit],
        marks: Mapping[Partition, int] | None = None,
        floors: Mapping[Partition, int] | None = None,
    ) -> list[CommitOutcome]:
        olds = [
            UserCommit(one.user, one.expected_revision, as_encoding_1(one.state), one.outbox, one.times, one.job)
            for one in commits
        ]
        return await self._store.commit(olds, marks, floors)


def old_stage(world: World, *, refuses: bool = False) -> AgentsStage:
    store: Any = OldStore(world, refuses=refuses)
    return AgentsStage(store, world.producer, RULES, space=SPACE, key=KEY, metrics=Metrics(), now=lambda: world.now)


async def test_records_that_lack_what_came_later_are_taken_up_and_every_event_counts_once() -> None:
    """The worst mixture: each record is written back by the old one, again and again."""
    world, alone = await a_world(), await a_world()
    events = [*Mailbox().clicks("jazz", range(10)), *Mailbox("bob").clicks("tea", range(10))]
    await alone.stage().handle(records(events))
    stages = [world.stage(), old_stage(world)]
    for turn, event in enumerate(events):
        await stages[turn % 2].handle([event.record])
    for stage in stages:
        await stage.handle(records(events))
    for user in ("ada", "bob"):
        mixed, one = await world.state(user), await alone.state(user)
        assert (mixed.window, mixed.seen, mixed.offsets) == (one.window, one.seen, one.offsets)
        assert weights_of(mixed) == weights_of(one)
    assert world.producer.of(DEAD_LETTERS) == []


async def test_a_worker_that_cannot_read_a_later_record_stops_with_the_cure_and_the_other_goes_on() -> None:
    world = await a_world()
    events = Mailbox().clicks("jazz", range(6))
    await old_stage(world, refuses=True).handle(records(events[:2]))
    assert decode_state((await world.record()).state).space == "", "it is of encoding 1"
    new = world.stage()
    await new.handle(records(events[2:4]))
    with pytest.raises(ConfigurationError, match="upgrade"):
        await old_stage(world, refuses=True).handle(records(events[4:]))
    assert world.producer.of(DEAD_LETTERS) == [], "its batch is not set aside, but handled by who can"
    await new.handle(records(events[4:]))
    assert len((await world.state()).window) == 6


_COMMANDS = (
    EditCommand,
    RefreshCommand,
    MoveCommand,
    PublishCommand,
    RetryCommand,
    RollbackCommand,
    ImportCommand,
    ForgetCommand,
)
TOPIC_OF = {Interaction: INTERACTIONS, Proposal: PROPOSALS, **dict.fromkeys(_COMMANDS, COMMANDS)}
BODIES = [
    (golden.path.stem, TOPIC_OF[golden.model], example)
    for golden in goldens()
    if golden.model in TOPIC_OF
    for example in golden.examples
]


async def test_every_message_that_was_ever_valid_is_taken() -> None:
    """The golden messages in one mailbox: none stops the stage, and none is unreadable."""
    world = await a_world()
    batch = []
    for offset, (_, topic, example) in enumerate(BODIES):
        body = {"kind": _kind(example)} | example if topic == COMMANDS else example
        key, value = body["user"].encode(), json.dumps(body).encode()
        batch.append(Record(topic, 0, offset, key, value, 1_790_000_000_000 + offset))
    await world.stage().handle(batch)
    letters = [DeadLetter.model_validate_json(one.value or b"") for one in world.producer.of(DEAD_LETTERS)]
    assert not {letter.reason for letter in letters} & {Reason.INVALID, Reason.WRONG_KEY, Reason.FAILED}
    for user in {record.key for record in batch}:
        record = await world.record((user or b"").decode())
        assert record.state is not None or record.forgotten


def _kind(example: dict[str, Any]) -> str:
    """That of a command whose example is as small as may be, by what it says."""
    small = {"edits": "edit", "version": "rollback", "interests": "import", "space": "move"}
    return next((kind for name, kind in small.items() if name in example), "refresh")
