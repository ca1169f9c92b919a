"""The pointer of spaces: the one message that says in which space the service is, which it is on its way to, and which
providers have one of their own. Every process reads it (`streams.space_keeper`); `streams.rollout` and
`streams.own_space` say what follows from a change.
"""

import time
from collections.abc import Callable

from schemas.space import POINTER_KEY, SpaceEntry, SpacePointer
from streams.contract import Broker, Outgoing, Producer
from streams.serving import Serving
from streams.topics import SPACES
from workers.errors import ConfigurationError

GRACE = 10.0
"""Seconds after a change of the pointer before profiles are asked to follow it: every process has looked five times by
then, so nobody does as it said before any more."""


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

    async def served(self) -> Serving:
        """What providers are to serve."""
        return Serving.of(await self.read())

    async def announce(self, entry: SpaceEntry) -> SpacePointer:
        """Step 1. Raises `ConfigurationError` where another roll-out is under way, or the space is being swept."""
        pointer = await self.read()
        refuse_leaving(pointer, entry.id)
        if owners := [one.provider for one in pointer.own if one.space.id == entry.id]:
            raise ConfigurationError(
                f"space {entry.id} is the own one of {', '.join(owners)}: call `attune space own PROVIDER --none` first"
            )
        if entry.id == pointer.current.id:
            raise ConfigurationError(f"the service is in space {entry.id} already")
        if pointer.next is not None and pointer.next.id != entry.id:
            raise ConfigurationError(
                f"{pointer.next.id} is being rolled out: let it end, or call `attune space roll-back` first"
            )
        return await self.change(pointer, next=entry)

    async def switch(self, space: str) -> SpacePointer:
        """Step 3: `space` must be the next one; no effect where it is not (any more)."""
        pointer = await self.read()
        if pointer.next is None or pointer.next.id != space:
            return pointer
        return await self.change(
            pointer, current=pointer.next, previous=pointer.current, next=None, switched_ms=self.now_ms()
        )

    async def roll_back(self) -> SpacePointer:
        """Step 6, or the end of a roll-out that has not switched. Raises `ConfigurationError` where there is none."""
        pointer = await self.read()
        if pointer.next is not None:
            return await self.change(pointer, next=None)
        if pointer.previous is None:
            raise ConfigurationError("there is no space to go back to: none was rolled out, or it was retired")
        return await self.change(pointer, current=pointer.previous, previous=pointer.current, switched_ms=self.now_ms())

    async def retire(self) -> SpacePointer:
        """Step 7. Raises `ConfigurationError` where there is no previous space."""
        pointer = await self.read()
        if pointer.previous is None:
            raise ConfigurationError("there is no previous space to retire")
        gone = pointer.previous.id
        return await self.change(
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
        return await self.change(pointer, leaving=tuple(one for one in pointer.leaving if one != space))

    def now_ms(self) -> int:
        """Since 1970."""
        return round(self._now() * 1000)

    async def change(self, pointer: SpacePointer, **changes: object) -> SpacePointer:
        """`pointer` with these fields changed, under the next number."""
        changed = pointer.model_copy(update={**changes, "revision": pointer.revision + 1})
        await self._producer.send([Outgoing(SPACES, POINTER_KEY, changed.to_bytes())])
        return changed


def refuse_leaving(pointer: SpacePointer, space: str) -> None:
    """Raises `ConfigurationError` for a space that is being swept."""
    if space in pointer.leaving:
        raise ConfigurationError(
            f"space {space} was retired, and what is kept of it is being deleted: stop its embedder (restart "
            "`attune up` with the current space's ATTUNE_MODEL) and try again in a minute"
        )
