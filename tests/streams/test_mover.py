"""The mover: whom it asks to move, how often, and with which words embedded first."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.command import MoveCommand
from schemas.profile import Cause, Source
from schemas.space import SpaceEntry
from streams.asking import AGAIN, CLAIMS
from streams.contract import Record
from streams.pointer import GRACE, Pointer
from streams.rollout import Mover, Phase
from streams.topics import COMMANDS, SPACES
from tests.fakes import HashEncoder, MemoryStore, RecordingProducer
from workers.errors import BrokerUnavailable
from workers.mailbox import Change
from workers.ports import UserCommit
from workers.spaces import MOVE
from workers.state import HeldInterest, UserState, encode_state
from workers.versions import remember

NEW = HashEncoder(8, "new-2")
HOME = SpaceEntry(id="old-1", dimension=4, model="minilm")
START = 1_790_000_000.0


class World:
    """One mover of the new space, a log that keeps the pointer, and a clock that stands."""

    def __init__(self) -> None:
        self.store, self.producer, self.encoder = MemoryStore(), RecordingProducer(), HashEncoder(8, "new-2")
        self.now, self.behind = START, 0
        self.pointer = Pointer(self, self.producer, HOME, now=lambda: self.now)
        self.mover = self.another()

    def another(self) -> Mover:
        return Mover(self.store, self.encoder, self.producer, self.pointer, self._lag, now=lambda: self.now)

    async def _lag(self) -> int:
        return self.behind

    async def read(self, topic: str, limit: int) -> list[Record]:
        return [Record(SPACES, 0, 0, one.key, one.value, 0) for one in self.producer.of(SPACES)][-limit:]

    async def lag(self, group: str, topics: Any) -> int:
        return self.behind

    async def close(self) -> None: ...

    async def profiles(self, *users: str, at: float = START - 100, index: str = "refitted") -> None:
        held = HeldInterest("0" * 12, "cool jazz", 0.5, Source.BOOTSTRAP, b"\0" * 8)
        state = encode_state(UserState(version=1, interests=(held,), space="old-1"))
        await self.store.commit([UserCommit(user, 0, state, times={index: at}) for user in users])

    async def switch(self) -> None:
        await self.pointer.announce(SpaceEntry(id="new-2", dimension=8, model="/m"))
        await self.mover.step()
        self.now += GRACE + 1

    def asked(self) -> list[str]:
        """Whom it has asked since the last time."""
        sent, self.producer.sent = self.producer.sent, self.producer.of(SPACES)
        commands = [one for one in sent if one.topic == COMMANDS]
        assert all(MoveCommand.model_validate_json(one.value or b"").space == "new-2" for one in commands)
        return [one.key.decode() for one in commands]


async def test_it_switches_once_its_embedder_has_read_everything() -> None:
    world = World()
    await world.pointer.announce(SpaceEntry(id="new-2", dimension=8, model="/m"))
    world.behind = 3
    assert (await world.mover.step()).phase is Phase.EMBEDDING
    assert (await world.pointer.read()).current == HOME
    world.behind = 0
    await world.mover.step()
    pointer = await world.pointer.read()
    assert (pointer.current.id, pointer.previous, pointer.next) == ("new-2", HOME, None)


async def test_it_asks_nobody_before_every_process_has_seen_the_switch() -> None:
    world = World()
    await world.profiles("ann")
    await world.switch()
    world.now -= 2
    assert (await world.mover.step()).left == 1
    assert world.asked() == []
    world.now += 2
    await world.mover.step()
    assert world.asked() == ["ann"]


async def test_the_words_of_a_profile_are_embedded_before_it_is_asked() -> None:
    world = World()
    await world.profiles("ann")
    await world.switch()
    world.producer.failures = 1
    with pytest.raises(BrokerUnavailable):
        await world.mover.step()
    assert (await world.store.read_phrases("new-2", ["cool jazz"])).keys() == {"cool jazz"}
    await world.mover.step()
    assert world.asked() == ["ann"]
    assert world.encoder.encoded == [("cool jazz",)]


async def test_who_has_not_moved_is_asked_again_after_a_while_under_another_id() -> None:
    world = World()
    await world.profiles("ann", "bob")
    await world.switch()
    await world.mover.step()
    assert world.asked() == ["ann", "bob"]
    world.now += AGAIN / 2
    assert (await world.mover.step()).sent == 0
    await world.store.commit([UserCommit("ann", 1, b"moved", times={"refitted": world.now})])
    world.now += AGAIN
    done = await world.mover.step()
    assert (world.asked(), done.phase, done.left) == (["bob"], Phase.MOVING, 1)


async def test_a_mover_that_comes_after_a_dead_one_asks_those_that_are_left() -> None:
    world = World()
    await world.profiles("ann", "bob")
    await world.switch()
    await world.mover.step()
    world.asked()
    await world.another().step()
    assert world.asked() == ["ann", "bob"]


async def test_who_was_active_since_the_switch_is_asked_too() -> None:
    world = World()
    await world.switch()
    await world.profiles("ann", at=world.now, index=MOVE)
    assert (await world.mover.step()).sent == 1
    await world.store.commit([UserCommit("ann", 1, b"moved", times={MOVE: None})])
    assert (await world.mover.step()).phase is Phase.DONE


async def test_only_so_many_are_in_hand_at_once() -> None:
    world = World()
    await world.profiles(*(f"user-{number:04}" for number in range(CLAIMS + 20)))
    await world.switch()
    assert (await world.mover.step()).sent == CLAIMS
    assert (await world.mover.step()).sent == 0
    moved = [UserCommit(user, 1, b"moved", times={"refitted": world.now}) for user in world.asked()]
    await world.store.commit(moved)
    assert (await world.mover.step()).sent == 20


async def test_a_mover_of_a_space_that_is_not_current_does_nothing() -> None:
    world = World()
    await world.profiles("ann")
    assert (await world.mover.step()).phase is Phase.NONE
    await world.switch()
    await world.pointer.roll_back()
    assert (await world.mover.step()).phase is Phase.NONE
    assert world.asked() == []


async def test_what_a_person_may_bring_back_gets_a_vector_in_the_new_space_too() -> None:
    """Or a text restored, or an earlier version, would wait there for what nobody embeds."""
    world = World()
    await world.switch()
    held = HeldInterest("0" * 12, "cool jazz", 0.5, Source.BOOTSTRAP, b"\0" * 8)
    state = UserState(version=1, interests=(held._replace(text="blues"),), avoid=(held._replace(text="noise"),))
    remember(state, Change(1, Cause.EDIT, 1, 0, 0))
    state = replace(state, interests=(held,), avoid=(), removed=("polka",), space="old-1")
    await world.store.commit([UserCommit("ada", 0, encode_state(state), times={"refitted": START - 100})])
    await world.mover.step()
    assert world.asked() == ["ada"]
    wanted = ["blues", "cool jazz", "noise", "polka"]
    assert sorted(await world.store.read_phrases("new-2", wanted)) == wanted
