"""A person's profile as a provider with a space of its own has it (`workers.seen`), made of what the store knows."""

import asyncio

from infra.gateway.ports import GatewayPorts
from streams.lookup import look_up
from workers.errors import Unavailable
from workers.knowledge import Knowledge, Missing
from workers.seen import seen_in
from workers.spaces import InSpace
from workers.state import UserState


async def seen_by(ports: GatewayPorts, state: UserState, provider: str) -> UserState | None:
    """The profile itself, where the provider has no space of its own. None where something is lacking there yet, or
    nothing is known of that space here. Raises `StoreUnavailable`."""
    try:
        target = ports.own(provider)
    except Unavailable:
        return None
    if target is None:
        return state
    home, there = (
        InSpace(space, Knowledge(space=space), target.fit) for space in (state.space or ports.space, target.space)
    )
    while True:
        try:
            return await asyncio.to_thread(seen_in, state, home.known, there)
        except Missing as missing:
            await look_up(ports.store, [home, there], [missing])
