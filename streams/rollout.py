"""A new space, rolled out without a stop and taken back by a pointer (docs/spaces.md). No vector meets one of another
space: every message and record with a vector names its space, and every reader keeps spaces apart.

1. Announce: the pointer (topic `attune.spaces`) names the `next` space beside the `current` one. Providers open an
   index for it before the first vector of it is read.
2. Embed: an embedder of the next space, with a group of its own, reads the whole catalog and from then on every change
   of it; the store and the topic of embeddings keep the items of both spaces.
3. Switch: when that embedder has nothing left to read, it points `current` at its space, and `previous` at the old one.
   Whoever has no vectors yet begins in the new one.
4. Move: it takes every profile that was last fitted before the switch, and every other that its agent has found in the
   old space since; makes sure that each of its texts has a vector in the new space; and sends a command to the person's
   own agent. The agent fits the profile anew in the new space and publishes it, as one version; by that it leaves both
   lists. A mover that dies leaves them as they are, and whoever comes after goes on; a command that comes twice is
   carried out once.
5. Providers search a moved subject in the new index once that is complete, and in the old one until then.
6. Roll back: the pointer is set back, and the old space's embedder, which has kept up all the while, does step 4.
7. Retire: the pointer calls `previous` retired; providers drop its index, and its embedder is stopped.
8. Sweep: what is kept of it is deleted (`streams.sweeper`). Rolled out again it begins anew, in another group.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from schemas.command import MoveCommand
from schemas.space import POINTER_KEY, SpaceEntry, SpacePointer
from streams.contract import Broker, Outgoing, Producer
from streams.topics import COMMANDS, SPACES
from workers.errors import ConfigurationError
from workers.ports import Encoder, Store
from workers.rollback import texts_to_bring_back
from workers.spaces import MOVE
from workers.state import UserState, decode_state
from workers.vectors import pack

GRACE = 10.0
"""Seconds after a switch before profiles are moved: every process has looked five times by then, so nobody begins in
the old space any more."""

CLAIMS = 500
"""Profiles in hand at once: their states are 5 MB, and the agents move them in half a second."""

AGAIN = 10.0
"""Seconds after which a profile that has not moved is asked to move again: a hundred times an agent's usual lag."""


class Phase(StrEnum):
    """Where a roll-out stands."""

    NONE = "none"
    EMBEDDING = "embedding"
    MOVING = "moving"
    DONE = "done"
    """All profiles have moved; it can be rolled back."""


class Pointer:
    """The pointer's topic: what it says, and how it is changed. `home` is the space of ATTUNE_MODEL."""

    def __init__(
        self, broker: Broker, producer: Producer, home: SpaceEntry, now: Callable[[], float] = time.time
    ) -> None:
        self._broker = broker
        self._producer = producer
        self._home = home
        self._now = now

    async def read(self) -> SpacePointer:
        """Raises `BrokerUnavailable`."""
        records = await self._broker.read(SPACES, 1)
        newest = records[-1].value if records else None
        return (
            SpacePointer(revision=1, current=self._home) if newest is None else SpacePointer.model_validate_json(newest)
        )

    async def served(self) -> Mapping[str, int]:
        """The spaces to serve, the current one first, and the length of their vectors."""
        return {entry.id: entry.dimension for entry in (await self.read()).entries}

    async def announce(self, entry: SpaceEntry) -> SpacePointer:
        """Step 1. Raises `ConfigurationError` where another roll-out is under way, or the space is being swept."""
        pointer = await self.read()
        if entry.id in pointer.leaving:
            raise ConfigurationError(
                f"space {entry.id} was retired, and what is kept of it is being deleted: stop its embedder (restart "
                "`attune up` with the current space's ATTUNE_MODEL) and try again in a minute"
            )
        if entry.id == pointer.current.id:
            raise ConfigurationError(f"the service is in space {entry.id} already")
        if pointer.next is not None and pointer.next.id != entry.id:
            raise ConfigurationError(
                f"{pointer.next.id} is being rolled out: let it end, or call `attune space roll-back` first"
            )
        return await self._write(pointer, next=entry)

    async def switch(self, space: str) -> SpacePointer:
        """Step 3: `space` must be the next one; no effect where it is not (any more)."""
        pointer = await self.read()
        if pointer.next is None or pointer.next.id != space:
            return pointer
        return await self._write(
            pointer, current=pointer.next, previous=pointer.current, next=None, switched_ms=self._now_ms()
        )

    async def roll_back(self) -> SpacePointer:
        """Step 6, or the end of a roll-out that has not switched. Raises `ConfigurationError` where there is none."""
        pointer = await self.read()
        if pointer.next is not None:
            return await self._write(pointer, next=None)
        if pointer.previous is None:
            raise ConfigurationError("there is no space to go back to: none was rolled out, or it was retired")
        return await self._write(
            pointer, current=pointer.previous, previous=pointer.current, switched_ms=self._now_ms()
        )

    async def retire(self) -> SpacePointer:
        """Step 7. Raises `ConfigurationError` where there is no previous space."""
        pointer = await self.read()
        if pointer.previous is None:
            raise ConfigurationError("there is no previous space to retire")
        gone = pointer.previous.id
        return await self._write(
            pointer,
            previous=None,
            retired=(*pointer.retired, gone),
            leaving=(*(space for space in pointer.leaving if space != gone), gone),
        )

    async def swept(self, space: str) -> SpacePointer:
        """Step 8 is done."""
        pointer = await self.read()
        if space not in pointer.leaving:
            return pointer
        return await self._write(pointer, leaving=tuple(one for one in pointer.leaving if one != space))

    def _now_ms(self) -> int:
        return round(self._now() * 1000)

    async def _write(self, pointer: SpacePointer, **changes: object) -> SpacePointer:
        changed = pointer.model_copy(update={**changes, "revision": pointer.revision + 1})
        await self._producer.send([Outgoing(SPACES, POINTER_KEY, changed.to_bytes())])
        return changed


@dataclass(frozen=True, slots=True)
class Moved:
    """What one call of `Mover.step` did. `left` profiles are still to be moved, those in hand included."""

    phase: Phase
    sent: int = 0
    left: int = 0


async def left_to_move(store: Store, pointer: SpacePointer, grace: float = GRACE) -> int:
    """Profiles that are still in another space than the current one, or were not looked at yet. (One on both lists
    counts twice.) Raises `StoreUnavailable`."""
    if not pointer.switched_ms:
        return 0
    idle = await store.count_times("refitted", [pointer.switched_ms / 1000 + grace])
    return idle[0] + sum(await store.count_times(MOVE, []))


def phase_of(pointer: SpacePointer, left: int) -> Phase:
    if pointer.next is not None:
        return Phase.EMBEDDING
    if pointer.previous is None:
        return Phase.NONE
    return Phase.MOVING if left else Phase.DONE


class Mover:
    """Beside the embedder of one space: does steps 3 and 4 for it. `lag` is how many messages that embedder has not
    read. `now` is in epoch seconds, `grace` in seconds."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        producer: Producer,
        pointer: Pointer,
        lag: Callable[[], Awaitable[int]],
        now: Callable[[], float] = time.time,
        grace: float = GRACE,
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._producer = producer
        self._pointer = pointer
        self._lag = lag
        self._now = now
        self._grace = grace
        self._asked: dict[str, float] = {}
        """When each profile in hand was asked last."""

    async def step(self) -> Moved:
        """For a timer. Raises `Unavailable`."""
        pointer = await self._pointer.read()
        if pointer.next is not None and pointer.next.id == self._encoder.space:
            # 3. Switch
            if await self._lag() == 0:
                await self._pointer.switch(self._encoder.space)
            return Moved(Phase.EMBEDDING)
        if pointer.current.id != self._encoder.space or not pointer.switched_ms:
            return Moved(Phase.NONE)
        # 4. Move
        cut = pointer.switched_ms / 1000 + self._grace
        sent = await self._move(pointer, cut) if self._now() > cut else 0
        left = await left_to_move(self._store, pointer, self._grace)
        return Moved(Phase.MOVING if left else Phase.DONE, sent, left)

    async def _move(self, pointer: SpacePointer, cut: float) -> int:
        # Without a lease: only moving takes a profile off the lists, which are in the order of their times.
        now = self._now()
        idle = await self._store.claim_due("refitted", cut, CLAIMS, 0.0)
        active = await self._store.claim_due(MOVE, now, CLAIMS, 0.0)
        in_hand = dict.fromkeys(due.user for due in (*idle, *active))
        self._asked = {user: self._asked[user] for user in in_hand if self._asked.get(user, -math.inf) > now - AGAIN}
        users = [user for user in in_hand if user not in self._asked]
        if not users:
            return 0
        states = (await self._store.read(users, (), self._encoder.space)).users
        await self._embed({text for record in states.values() for text in _texts(decode_state(record.state))})
        await self._producer.send([self._command(user, pointer) for user in users])
        self._asked |= dict.fromkeys(users, now)
        return len(users)

    async def _embed(self, texts: Collection[str]) -> None:
        space = self._encoder.space
        new = sorted(set(texts) - (await self._store.read_phrases(space, texts)).keys()) if texts else []
        if new:
            vectors = pack(await asyncio.to_thread(self._encoder.encode_interests, new))
            await self._store.put_phrases(space, dict(zip(new, vectors, strict=True)))

    def _command(self, user: str, pointer: SpacePointer) -> Outgoing:
        """What is asked again has another id: an agent that lacked words has let the first one pass."""
        moment = self._now()
        command = MoveCommand(
            command_id=f"move:{pointer.revision}:{moment:.3f}",
            user=user,
            time=datetime.fromtimestamp(moment, UTC),
            space=self._encoder.space,
        )
        return Outgoing(COMMANDS, user.encode(), command.to_bytes())


def _texts(state: UserState) -> set[str]:
    """Those of the profile, and those that its person may bring back."""
    return {interest.text for interest in (*state.interests, *state.avoid)} | texts_to_bring_back(state)
