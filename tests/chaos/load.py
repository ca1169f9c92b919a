"""People who never stop: a stream of interactions, and the book of what was accepted.

An event is *accepted* when `send` has returned (acks=all). Where it raises, the outcome is unknown and the same batch
is sent again until it is accepted, as a client does that was not answered 202: that makes the duplicates. A few events
are sent again for no reason, much later; a few are garbage, and a few name an item that no catalog has: these must end
in the dead-letters.
"""

import asyncio
import json
import random
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from infra.sample.catalog import sample_items
from schemas.base import item_key
from streams.contract import Outgoing, Producer
from streams.topics import INTERACTIONS
from workers.errors import BrokerUnavailable, Overloaded

AT_ONCE = 12
"""People who are active at the same time."""

EACH = 150
"""Events of one person: all of them fit into the window (256), so that the state tells which were applied."""

TICK = 0.1
_START = datetime(2026, 5, 1, tzinfo=UTC)
_SIGNALS = ("click",) * 16 + ("like", "dislike", "skip", "impression")
GHOST = "no-such-item"


@dataclass
class Book:
    """What the checker goes by."""

    accepted: dict[str, list[str]] = field(default_factory=dict)
    """Event ids by user, in the order of acceptance; of those that can be applied."""
    ghosts: set[str] = field(default_factory=set)
    """Accepted event ids whose item nobody knows."""
    garbage: set[bytes] = field(default_factory=set)
    """Accepted values that nobody can read."""
    sent: int = 0
    again: int = 0
    """Sent once more, for want of an answer or of a reason."""

    people: set[str] = field(default_factory=set)
    """Whose events these are: others' are not looked at."""

    @property
    def count(self) -> int:
        return sum(map(len, self.accepted.values())) + len(self.ghosts) + len(self.garbage)


class Load:
    """`rate` events a second. `async with Load(...) as load:`; `prefix` makes the users' names."""

    def __init__(self, producer: Producer, *, items: Sequence[str], rate: float, seed: int, prefix: str = "u") -> None:
        self.book = Book()
        self.rate = rate
        self._producer = producer
        self._items = items
        self._prefix = prefix
        self._random = random.Random(seed)
        self._made: dict[str, int] = {}
        self._active: list[str] = []
        self._queue: deque[tuple[str, str, bytes]] = deque()
        self._old: deque[tuple[str, str, bytes]] = deque(maxlen=300)
        self._running: asyncio.Task[None] | None = None
        self._stopping = False

    async def __aenter__(self) -> "Load":
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def finish(self) -> None:
        """No new people; everything that was begun is accepted when this returns."""
        self._stopping = True
        if self._running is not None:
            await self._running
            self._running = None

    async def say_last(self) -> None:
        """One more event of everybody whose message waits still: it makes the agent look once more."""
        people = {event.partition("-")[0] for event in self.book.ghosts}
        batch = [self._event(user, *self._next(user)) for user in sorted(people)]
        await self._accept(batch)

    async def _run(self) -> None:
        due, owed = time.monotonic(), 0.0
        while not self._stopping:
            now = time.monotonic()
            owed, due = min(owed + (now - due) * self.rate, 2 * self.rate), now
            batch = [self._one() for _ in range(int(owed))]
            owed -= len(batch)
            await self._accept(batch)
            await asyncio.sleep(TICK)

    async def _accept(self, batch: list[tuple[str, str, bytes]]) -> None:
        messages = [Outgoing(INTERACTIONS, user.encode(), value) for user, _, value in batch]
        while messages:
            self.book.sent += len(messages)
            try:
                await self._producer.send(messages)
                break
            except (BrokerUnavailable, Overloaded):
                self.book.again += len(messages)
                await asyncio.sleep(0.2)
        for entry in batch:
            self._enter(*entry)

    def _enter(self, user: str, event: str, value: bytes) -> None:
        self.book.people.add(user)
        if not event:
            self.book.garbage.add(value)
        elif event.endswith(GHOST):
            self.book.ghosts.add(event)
        elif event not in (known := self.book.accepted.setdefault(user, [])):
            known.append(event)

    def _one(self) -> tuple[str, str, bytes]:
        dice = self._random.random()
        if dice < 0.02 and self._old:
            self.book.again += 1
            return self._old[self._random.randrange(len(self._old))]
        user = self._somebody()
        if dice < 0.025:
            return user, "", b"garbage %d" % self._random.getrandbits(60)
        entry = self._event(user, *self._next(user), ghost=dice < 0.03)
        self._old.append(entry)
        return entry

    def _somebody(self) -> str:
        self._active = [user for user in self._active if self._made[user] < EACH]
        while len(self._active) < AT_ONCE:
            user = f"{self._prefix}{len(self._made):05}"
            self._made[user] = 0
            self._active.append(user)
        return self._random.choice(self._active)

    def _next(self, user: str) -> tuple[int]:
        self._made[user] += 1
        return (self._made[user],)

    def _event(self, user: str, n: int, *, ghost: bool = False) -> tuple[str, str, bytes]:
        event = f"{user}-{n}" + (f"-{GHOST}" if ghost else "")
        # A third comes late: up to a minute of event time behind the ones before.
        moment = _START + timedelta(seconds=60 * n - (self._random.randrange(60) if n % 3 == 0 else 0))
        provider, _, item = self._random.choice(self._items).partition(":")
        body = {
            "event_id": event,
            "user": user,
            "provider": provider,
            "item": GHOST if ghost else item,
            "signal": "click" if ghost else self._random.choice(_SIGNALS),
            "time": moment.isoformat(),
        }
        return user, event, json.dumps(body).encode()


def items_of(categories: set[str]) -> list[dict[str, object]]:
    """Sample items of these categories."""
    return [item for item in sample_items() if item["category"] in categories]


def keys_of(items: Sequence[dict[str, object]]) -> list[str]:
    return [item_key(str(item["provider"]), str(item["item"])) for item in items]
