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

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from schemas.command import MoveCommand
from schemas.space import SpacePointer
from streams.asking import Asking, moment
from streams.contract import Producer
from streams.own_space import Publisher
from streams.pointer import GRACE, Pointer
from workers.ports import Encoder, Store
from workers.rollback import texts_to_bring_back
from workers.spaces import MOVE
from workers.state import UserState


class Phase(StrEnum):
    """Where a roll-out stands."""

    NONE = "none"
    EMBEDDING = "embedding"
    MOVING = "moving"
    DONE = "done"
    """All profiles have moved; it can be rolled back."""


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
        self._revision = 0
        self._asking = Asking(store, encoder, producer, _texts, self._command, now)
        self._publisher = Publisher(store, encoder, producer, pointer, lag, now, grace)

    async def step(self) -> Moved:
        """For a timer. Raises `Unavailable`."""
        pointer = await self._pointer.read()
        moved = await self._roll_out(pointer)
        await self._publisher.step(pointer)
        return moved

    async def _roll_out(self, pointer: SpacePointer) -> Moved:
        if pointer.next is not None and pointer.next.id == self._encoder.space:
            # 3. Switch
            if await self._lag() == 0:
                await self._pointer.switch(self._encoder.space)
            return Moved(Phase.EMBEDDING)
        if pointer.current.id != self._encoder.space or not pointer.switched_ms:
            return Moved(Phase.NONE)
        # 4. Move
        cut = pointer.switched_ms / 1000 + self._grace
        self._revision = pointer.revision
        sent = await self._asking.ask([("refitted", cut), (MOVE, self._now())]) if self._now() > cut else 0
        left = await left_to_move(self._store, pointer, self._grace)
        return Moved(Phase.MOVING if left else Phase.DONE, sent, left)

    def _command(self, user: str, now: float) -> MoveCommand:
        name = f"move:{self._revision}:{now:.3f}"
        return MoveCommand(command_id=name, user=user, time=moment(now), space=self._encoder.space)


def _texts(state: UserState) -> set[str]:
    """Those of the profile, and those that its person may bring back."""
    return {interest.text for interest in (*state.interests, *state.avoid)} | texts_to_bring_back(state)
