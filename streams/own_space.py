"""A provider that is served in a space of its own, beside the common one of all others (docs/spaces.md).

The person has one profile, in words, and it lives in the common space. What such a provider gets is that profile as it
looks in the provider's space: the same texts, with vectors of that space and weights fitted there over the same
interactions (`workers.seen`), those with other providers included.

1. Give: the pointer names the provider, the space, and that it is being embedded. As in a roll-out the embedder of the
   space has a group of its own and reads the whole catalog, and from then on every change of it.
2. Switch: when it has nothing left to read, the publisher beside it says that the provider is served there from now on.
   Every new version of a profile goes to the provider in that space.
3. Walk: after a while, by which all processes know, the publisher takes every profile that was last fitted before that,
   embeds its words and asks the person's own agent to publish it once more.
4. Lack: where a text has no vector there yet, or an item that the person met is not embedded there yet, the agent
   publishes nothing to that provider, which keeps what it has. In the very commit the profile is put on a list by time
   (`lacking`); the publisher takes it from there as in step 3, again every 10 s until it succeeds. The commit that
   publishes takes it off.
5. Done: nobody is left to be asked, and providers drop their index in the common space.
6. Take back: the pointer says that the provider returns; the common space's publisher does step 3 for it, and then the
   pointer forgets that it ever had one. A space that no other provider has is swept, like one that was retired.

Whoever dies leaves pointer and lists as they are. A command that comes twice publishes the same twice, which readers
take once. What the common space does meanwhile is nothing to the provider but a new version.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Iterable

from schemas.command import PublishCommand
from schemas.space import OwnPhase, OwnSpace, SpaceEntry, SpacePointer
from streams.asking import Asking, moment
from streams.contract import Producer
from streams.pointer import GRACE, Pointer, refuse_leaving
from workers.errors import ConfigurationError
from workers.ports import Encoder, Store
from workers.seen import texts_seen
from workers.spaces import lacking


async def give(at: Pointer, provider: str, space: SpaceEntry) -> SpacePointer:
    """Step 1; no effect where it is so already. Raises `ConfigurationError`."""
    pointer = await at.read()
    refuse_leaving(pointer, space.id)
    _refuse_common(pointer, space.id)
    own = pointer.own_of(provider)
    if own is not None and own.space.id == space.id and own.phase is not OwnPhase.RETURNING:
        return pointer
    if own is not None:
        raise ConfigurationError(
            f"{provider} has space {own.space.id} of its own ({own.phase.value}): call `attune space own {provider} "
            "--none` and wait until `attune space status` does not name it any more"
        )
    return await at.change(pointer, own=(*pointer.own, OwnSpace(provider=provider, space=space)))


async def take_back(at: Pointer, provider: str) -> SpacePointer:
    """Step 6; no effect where it is on its way back already. Raises `ConfigurationError`."""
    pointer = await at.read()
    own = pointer.own_of(provider)
    if own is None:
        raise ConfigurationError(f"{provider} has no space of its own: it is in the common one")
    if own.phase is OwnPhase.EMBEDDING:
        return await _drop(at, [own])
    if own.phase is OwnPhase.RETURNING:
        return pointer
    return await _advance(at, [own], OwnPhase.RETURNING)


async def left_to_publish(store: Store, one: OwnSpace, grace: float = GRACE) -> int:
    """Profiles of which the provider has no embedding in the space that it is served in now, or not the newest. (One on
    both lists counts twice.) Raises `StoreUnavailable`."""
    left = 0
    if one.phase in (OwnPhase.MOVING, OwnPhase.RETURNING):
        left += (await store.count_times("refitted", [_cut(one, grace)]))[0]
    if one.is_served:
        left += sum(await store.count_times(lacking(one.space.id), []))
    return left


class Publisher:
    """Beside the embedder of one space: does steps 2 to 5 for the providers whose own it is, and 6 for all where it is
    the current one. `lag` is how many messages that embedder has not read. `now` is in epoch seconds, `grace` in
    seconds."""

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
        self._space = encoder.space
        self._pointer = pointer
        self._lag = lag
        self._now = now
        self._grace = grace
        self._revision = 0
        self._asking = Asking(store, encoder, producer, texts_seen, self._command, now)

    async def step(self, pointer: SpacePointer) -> int:
        """For a timer. Returns how many were asked. Raises `Unavailable`."""
        here = [one for one in pointer.own if one.space.id == self._space]
        back = [one for one in pointer.own if one.phase is OwnPhase.RETURNING and pointer.current.id == self._space]
        if not here and not back:
            return 0
        # 2. Switch
        new = [one for one in here if one.phase is OwnPhase.EMBEDDING]
        if new and await self._lag() == 0:
            await _advance(self._pointer, new, OwnPhase.MOVING)
            return 0
        # 3, 4 and 6. Walk
        self._revision = pointer.revision
        walking = [one for one in (*here, *back) if one.phase is OwnPhase.MOVING or one in back]
        cuts = [cut for one in walking if (cut := _cut(one, self._grace)) < self._now()]
        lists = [("refitted", max(cuts))] if cuts else []
        lists += [(lacking(self._space), self._now())] if any(one.is_served for one in here) else []
        asked = await self._asking.ask(lists)
        # 5 and 6. Done
        await self._end(walking)
        return asked

    async def _end(self, walking: Iterable[OwnSpace]) -> None:
        over = [one for one in walking if _cut(one, self._grace) < self._now()]
        done = [one for one in over if not await left_to_publish(self._store, one, self._grace)]
        if moved := [one for one in done if one.phase is OwnPhase.MOVING]:
            await _advance(self._pointer, moved, OwnPhase.SERVED)
        elif done:
            await _drop(self._pointer, done)

    def _command(self, user: str, now: float) -> PublishCommand:
        return PublishCommand(command_id=f"publish:{self._revision}:{now:.3f}", user=user, time=moment(now))


async def _advance(at: Pointer, those: Collection[OwnSpace], phase: OwnPhase) -> SpacePointer:
    """Those of which the pointer still says the same: an operator may have had another word meanwhile."""
    pointer, changes = await at.read(), {"phase": phase, "changed_ms": at.now_ms()}
    own = tuple(one.model_copy(update=changes) if one in those else one for one in pointer.own)
    return await at.change(pointer, own=own)


async def _drop(at: Pointer, those: Collection[OwnSpace]) -> SpacePointer:
    """They have no space of their own any more: one that is nobody's is to be swept, and whoever embeds in it again
    begins anew (`SpacePointer.generation`)."""
    pointer = await at.read()
    own = tuple(one for one in pointer.own if one not in those)
    left = tuple(sorted({one.space.id for one in pointer.own} - {one.space.id for one in own}))
    return await at.change(pointer, own=own, retired=(*pointer.retired, *left), leaving=(*pointer.leaving, *left))


def _cut(one: OwnSpace, grace: float) -> float:
    return one.changed_ms / 1000 + grace


def _refuse_common(pointer: SpacePointer, space: str) -> None:
    what = {
        "current": "all providers are in it already: name another model",
        "next": "it is being rolled out to all providers: name another model, or call `attune space roll-back` first",
        "previous": "all providers were in it before: name another model, or call `attune space retire` first",
    }
    for name, cure in what.items():
        entry: SpaceEntry | None = getattr(pointer, name)
        if entry is not None and entry.id == space:
            raise ConfigurationError(f"space {space} is no provider's own: {cure}")
