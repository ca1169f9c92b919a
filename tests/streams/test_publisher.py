"""The publisher of a space that is somebody's own: when it switches, whom it asks, and when it is done."""

from typing import Any

import pytest

from schemas.command import PublishCommand
from schemas.profile import Source
from schemas.space import OwnPhase, SpaceEntry
from streams.asking import AGAIN
from streams.contract import Record
from streams.own_space import Publisher, give, take_back
from streams.pointer import GRACE, Pointer
from streams.topics import COMMANDS, SPACES
from tests.fakes import HashEncoder, MemoryStore, RecordingProducer
from workers.errors import BrokerUnavailable
from workers.ports import UserCommit
from workers.spaces import lacking
from workers.state import HeldInterest, UserState, encode_state

HOME = SpaceEntry(id="common-1", dimension=4, model="minilm")
OWN = SpaceEntry(id="own-2", dimension=8, model="/m")
START = 1_790_000_000.0
TEXTS = ("cool jazz", "noise")


class World:
    """A publisher beside the embedder of each space, a log that keeps the pointer, and a clock that stands."""

    def __init__(self) -> None:
        self.store, self.producer = MemoryStore(), RecordingProducer()
        self.now, self.behind = START, 0
        self.pointer = Pointer(self, self.producer, HOME, now=lambda: self.now)
        self.own, self.common = self.publisher(OWN), self.publisher(HOME)

    def publisher(self, entry: SpaceEntry) -> Publisher:
        encoder = HashEncoder(entry.dimension, entry.id)
        return Publisher(self.store, encoder, self.producer, self.pointer, self._lag, now=lambda: self.now)

    async def _lag(self) -> int:
        return self.behind

    async def read(self, topic: str, limit: int) -> list[Record]:
        return [Record(SPACES, 0, 0, one.key, one.value, 0) for one in self.producer.of(SPACES)][-limit:]

    async def lag(self, group: str, topics: Any) -> int:
        return self.behind

    async def close(self) -> None: ...

    async def step(self, publisher: Publisher) -> list[str]:
        """Whom it has asked."""
        await publisher.step(await self.pointer.read())
        sent, self.producer.sent = self.producer.sent, self.producer.of(SPACES)
        commands = [PublishCommand.model_validate_json(one.value or b"") for one in sent if one.topic == COMMANDS]
        assert {command.time.timestamp() for command in commands} <= {self.now}
        return [command.user for command in commands]

    async def profiles(self, *users: str, revision: int = 0, lacks: float | None = None, **times: float) -> None:
        held = [HeldInterest("0" * 12, text, 0.5, Source.BOOTSTRAP, b"\0" * 8) for text in TEXTS]
        state = encode_state(UserState(version=1, interests=(held[0],), avoid=(held[1],), space="common-1"))
        on = {**times, lacking("own-2"): lacks}
        await self.store.commit([UserCommit(user, revision, state, times=on) for user in users])

    async def moving(self) -> None:
        await give(self.pointer, "shop", OWN)
        await self.step(self.own)
        self.now += GRACE + 1

    async def phase(self) -> OwnPhase | None:
        own = (await self.pointer.read()).own_of("shop")
        return None if own is None else own.phase


async def test_the_provider_is_served_there_once_its_embedder_has_read_everything() -> None:
    world = World()
    await give(world.pointer, "shop", OWN)
    world.behind = 3
    await world.step(world.own)
    assert await world.phase() is OwnPhase.EMBEDDING
    world.behind = 0
    await world.step(world.common)
    assert await world.phase() is OwnPhase.EMBEDDING, "that is not for the common space's to say"
    await world.step(world.own)
    assert await world.phase() is OwnPhase.MOVING


async def test_it_asks_nobody_before_every_process_knows() -> None:
    world = World()
    await world.profiles("ann", refitted=START - 100)
    await world.moving()
    world.now -= 2
    assert await world.step(world.own) == []
    assert await world.phase() is OwnPhase.MOVING


async def test_words_are_embedded_before_anybody_is_asked_and_it_is_done_when_nobody_is_left() -> None:
    world = World()
    await world.profiles("ann", "bob", refitted=START - 100)
    await world.moving()
    world.producer.failures = 1
    with pytest.raises(BrokerUnavailable):
        await world.step(world.own)
    assert (await world.store.read_phrases("own-2", TEXTS)).keys() == set(TEXTS)
    assert await world.step(world.own) == ["ann", "bob"]
    assert await world.step(world.own) == [], "both are in hand"
    await world.profiles("ann", revision=1, refitted=world.now)
    world.now += AGAIN + 1
    assert await world.step(world.own) == ["bob"], "asked again under another id"
    assert await world.phase() is OwnPhase.MOVING
    await world.profiles("bob", revision=1, refitted=world.now)
    await world.step(world.own)
    assert await world.phase() is OwnPhase.SERVED


async def test_who_lacks_something_is_asked_also_when_all_others_are_there() -> None:
    world = World()
    await world.moving()
    await world.step(world.own)
    assert await world.phase() is OwnPhase.SERVED
    await world.profiles("ann", refitted=world.now, lacks=world.now)
    assert await world.step(world.common) == []
    assert await world.step(world.publisher(OWN)) == ["ann"], "one that comes after a dead one"
    await world.profiles("ann", revision=1)
    assert await world.step(world.own) == []


async def test_who_lacks_something_keeps_it_from_being_done() -> None:
    world = World()
    await world.moving()
    await world.profiles("ann", refitted=world.now, lacks=world.now)
    await world.step(world.own)
    assert await world.phase() is OwnPhase.MOVING


async def test_on_the_way_back_the_common_spaces_asks_and_then_the_pointer_forgets() -> None:
    world = World()
    await world.profiles("ann", refitted=START - 100)
    await world.moving()
    await world.profiles("ann", revision=1, refitted=world.now)
    await world.step(world.own)
    await take_back(world.pointer, "shop")
    assert await world.step(world.common) == []
    world.now += GRACE + 1
    assert await world.step(world.own) == []
    assert await world.step(world.common) == ["ann"]
    assert await world.phase() is OwnPhase.RETURNING
    await world.profiles("ann", revision=2, refitted=world.now)
    await world.step(world.common)
    pointer = await world.pointer.read()
    assert (pointer.own, pointer.retired, pointer.leaving) == ((), ("own-2",), ("own-2",))


async def test_a_space_that_another_provider_has_yet_stays() -> None:
    world = World()
    await give(world.pointer, "shop", OWN)
    await give(world.pointer, "books", OWN)
    pointer = await take_back(world.pointer, "shop")
    assert ([one.provider for one in pointer.own], pointer.leaving) == (["books"], ())


async def test_an_operators_word_is_not_overwritten_by_who_read_the_pointer_before_it() -> None:
    world = World()
    await world.moving()
    before = await world.pointer.read()
    await take_back(world.pointer, "shop")
    await world.own.step(before)
    assert await world.phase() is OwnPhase.RETURNING
