"""The named points of the commit protocol (`streams.agents`) at which a worker can be made to die or to freeze, by its
ports.

| point | the last thing done | the next thing, which is not done |
|---|---|---|
| after-read | 1. states and items were read | fold |
| after-fold | 2. the mailboxes were folded | commit: nothing of the batch is in the store |
| after-commit | 3. state, offsets, outbox, marks are in the store | publish: the outbox is all there is of it |
| after-publish | 4. the outbox is on the topics | trim: it will be published again |
| after-trim | 5. the outbox is empty | return |
| before-offsets | 6. the stage has returned | the offsets go to the broker: the batch comes again |
"""

import os
import signal
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from streams.agents import AgentsStage
from streams.contract import Outgoing, Producer, Record
from workers.ports import Store

POINTS = ("after-read", "after-fold", "after-commit", "after-publish", "after-trim", "before-offsets")


class Fuse:
    """Sends this process a signal, SIGKILL or SIGSTOP, when it comes to the point in a batch that changed something:
    once, for it may wake up again. Without a point, never."""

    def __init__(self, point: str | None, number: signal.Signals) -> None:
        if point is not None and point not in POINTS:
            raise ValueError(f"no crash point '{point}': one of {', '.join(POINTS)}")
        self._point = point
        self._number = number
        self.live = False
        """Whether there is something to lose: from the first mailbox of a batch on."""

    def reach(self, point: str) -> None:
        if self.live and point == self._point:
            self._point = None
            os.kill(os.getpid(), self._number)


class DyingStore:
    """A store that is left behind in the middle. All else goes to the real one."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(self, users: Collection[str], *words: Any, **named: Any) -> Any:
        snapshot = await self._store.read(users, *words, **named)
        self._fuse.live = self._fuse.live or bool(users)
        self._fuse.reach("after-read")
        return snapshot

    async def commit(self, commits: Sequence[Any], *words: Any, **named: Any) -> Any:
        if commits:
            self._fuse.reach("after-fold")
        outcomes = await self._store.commit(commits, *words, **named)
        if any(commit.outbox for commit in commits):
            self._fuse.reach("after-commit")
        return outcomes

    async def trim(self, published: Mapping[str, int]) -> None:
        await self._store.trim(published)
        self._fuse.reach("after-trim")


class DyingProducer:
    def __init__(self, producer: Producer, fuse: Fuse) -> None:
        self._producer = producer
        self._fuse = fuse

    async def send(self, messages: Sequence[Outgoing]) -> None:
        await self._producer.send(messages)
        if messages:
            self._fuse.reach("after-publish")

    async def close(self) -> None:
        await self._producer.close()


class DyingStage:
    """The agents, but for the end of a batch."""

    def __init__(self, stage: AgentsStage, fuse: Fuse) -> None:
        self._stage = stage
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stage, name)

    async def handle(self, batch: Sequence[Record]) -> None:
        await self._stage.handle(batch)
        self._fuse.reach("before-offsets")
