"""Asks people's agents for something, once each and again after a while: what movers and publishers have in common.

Whom to ask stands in an index by time of the store, and only what is asked for takes a person off it. So whoever dies
in between leaves the list as it is, and who comes after goes on.
"""

import asyncio
import math
import time
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime

from schemas.command import ProfileCommand
from streams.contract import Outgoing, Producer
from streams.topics import COMMANDS
from workers.ports import Encoder, Store
from workers.state import UserState, decode_state
from workers.vectors import pack

CLAIMS = 500
"""Profiles in hand at once: their states are 5 MB, and the agents move them in half a second."""

AGAIN = 10.0
"""Seconds after which a profile that has not moved is asked to move again: a hundred times an agent's usual lag."""

MakeCommand = Callable[[str, float], ProfileCommand]
"""Of a user, at a moment in epoch seconds. What is asked again has another id: an agent that lacked words has let the
first one pass."""


class Asking:
    """In one space, whose words it embeds first. `texts` are those that the agent will need; `now` is in epoch
    seconds."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        producer: Producer,
        texts: Callable[[UserState], Collection[str]],
        command: MakeCommand,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._producer = producer
        self._texts = texts
        self._command = command
        self._now = now
        self._asked: dict[str, float] = {}
        """When each person in hand was asked last."""

    async def ask(self, lists: Iterable[tuple[str, float]]) -> int:
        """Those of the store's indexes whose time is at or before the one given. Returns how many. Raises
        `Unavailable`."""
        now = self._now()
        # Without a lease: only what is asked for takes a person off the lists, which are in the order of their times.
        claims = [await self._store.claim_due(name, cut, CLAIMS, 0.0) for name, cut in lists]
        in_hand = dict.fromkeys(due.user for claimed in claims for due in claimed)
        self._asked = {user: self._asked[user] for user in in_hand if self._asked.get(user, -math.inf) > now - AGAIN}
        users = [user for user in in_hand if user not in self._asked]
        if not users:
            return 0
        states = (await self._store.read(users, (), self._encoder.space)).users
        await self._embed({text for record in states.values() for text in self._texts(decode_state(record.state))})
        await self._producer.send([self._message(user, now) for user in users])
        self._asked |= dict.fromkeys(users, now)
        return len(users)

    async def _embed(self, texts: Collection[str]) -> None:
        space = self._encoder.space
        new = sorted(set(texts) - (await self._store.read_phrases(space, texts)).keys()) if texts else []
        if new:
            vectors = pack(await asyncio.to_thread(self._encoder.encode_interests, new))
            await self._store.put_phrases(space, dict(zip(new, vectors, strict=True)))

    def _message(self, user: str, now: float) -> Outgoing:
        return Outgoing(COMMANDS, user.encode(), self._command(user, now).to_bytes())


def moment(seconds: float) -> datetime:
    """Of epoch seconds, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
