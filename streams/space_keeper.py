"""Keeps one process in step with the pointer of spaces (`streams.rollout`): a part of every process.

1. Look at the pointer every `WATCH` seconds; while the broker is away, what was last seen holds.
2. Tell those who must know: providers which spaces to serve, agents where new profiles begin.
3. Where this process can embed in any space (the embedded service), start an embedder for each space that the pointer
   names and that has none here, and stop those of spaces it no longer names. In a cluster each space's embedders are
   processes of their own.
4. Let the mover beside each embedder take its next step, and the sweeper beside that of the current space.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from schemas.space import SpaceEntry, SpacePointer
from streams.contract import Runner
from streams.metrics import Metrics
from streams.pointer import Pointer
from streams.rollout import Mover, Phase
from streams.sweeper import Sweeper
from workers.errors import ConfigurationError, Overloaded, Unavailable

_LOG = logging.getLogger(__name__)

WATCH = 2.0
"""Seconds between two looks: a roll-out takes minutes. A fifth of `streams.rollout.GRACE`."""

Told = Callable[[SpacePointer], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Embedding:
    """An embedder of one space, and the mover beside it."""

    runner: Runner
    mover: Mover


class SpaceKeeper:
    """A part of a process, like a runner. `embed` makes the embedder of a space, None where this process must not.
    `movers` stand beside embedders that run anyway, by space. `watch` in seconds. To be used once."""

    def __init__(
        self,
        pointer: Pointer,
        *,
        told: Sequence[Told] = (),
        movers: Mapping[str, Mover] | None = None,
        embed: Callable[[SpaceEntry], Awaitable[Embedding]] | None = None,
        sweeper: Sweeper | None = None,
        metrics: Metrics,
        watch: float = WATCH,
    ) -> None:
        self._pointer = pointer
        self._told = told
        self._movers = dict(movers or {})
        self._embed = embed
        self._sweeper = sweeper
        self._metrics = metrics
        self._watch = watch
        self._revision = 0
        self._running: dict[str, tuple[Runner, asyncio.Task[None]]] = {}
        self._unusable: set[str] = set()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`. Raises what ended an embedder that it started."""
        try:
            while not self._stopping.is_set():
                await self._look()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._watch)
        finally:
            await asyncio.gather(*(self._end(space) for space in tuple(self._running)), return_exceptions=True)

    async def stop(self) -> None:
        self._stopping.set()

    async def _look(self) -> None:
        try:
            # 1. Look
            pointer = await self._pointer.read()
            if pointer.revision != self._revision:
                # 2. Tell
                for tell in self._told:
                    await tell(pointer)
                # 3. Embedders
                await self._reconcile(pointer)
                self._revision = pointer.revision
            # 4. Move and sweep
            for mover in tuple(self._movers.values()):
                await self._step(mover)
            await self._sweep(pointer)
        except (Unavailable, Overloaded) as error:
            self._metrics.broker_errors.labels("spaces").inc()
            _LOG.warning("spaces: %s (trying again)", error)
        self._raise_ended()

    async def _step(self, mover: Mover) -> None:
        done = await mover.step()
        if done.phase is Phase.MOVING and done.sent:
            _LOG.info("moving profiles to another space: %d left", done.left)

    async def _sweep(self, pointer: SpacePointer) -> None:
        if self._sweeper is None or pointer.current.id not in self._movers:
            return
        if dropped := await self._sweeper.step(pointer, self._movers.keys()):
            _LOG.info("deleted %d items of a retired space", dropped)

    async def _reconcile(self, pointer: SpacePointer) -> None:
        wanted = {entry.id: entry for entry in pointer.entries}
        for space in self._running.keys() - wanted.keys():
            await self._end(space)
        if self._embed is None:
            return
        for space in wanted.keys() - self._movers.keys() - self._unusable:
            try:
                embedding = await self._embed(wanted[space])
            except ConfigurationError as error:  # It must not take the service with it: the old space goes on.
                self._unusable.add(space)
                _LOG.error("space %s cannot be embedded here: %s", space, error)
                continue
            task = asyncio.create_task(embedding.runner.run(), name=f"embedder of {space}")
            self._running[space], self._movers[space] = (embedding.runner, task), embedding.mover

    async def _end(self, space: str) -> None:
        runner, task = self._running.pop(space)
        self._movers.pop(space, None)
        await runner.stop()
        await asyncio.gather(task, return_exceptions=True)

    def _raise_ended(self) -> None:
        for _, task in self._running.values():
            if task.done():
                task.result()
