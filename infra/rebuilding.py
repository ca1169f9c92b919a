"""`attune rebuild` on what the settings name."""

import time
from collections.abc import AsyncIterator, Sequence

from infra.compose import agent_rules, spaces_of
from infra.ground import Ground, open_ground
from infra.settings import Settings
from infra.spaces import pointer_of, tell
from streams.rebuild import Rebuilder
from streams.rebuilt import Report


async def rebuild(settings: Settings, users: Sequence[str], check: bool, force: bool) -> AsyncIterator[Report]:
    """Of the users, or of everyone where none is named. Raises `ConfigurationError` where the embedded service runs: it
    alone writes its file."""
    async with open_ground(settings) as ground:
        rebuilder = await _rebuilder(ground)
        if users:
            for user in users:
                yield await rebuilder.one(user, check=check, force=force)
        else:
            async for report in rebuilder.everyone(check=check, force=force):
                yield report


async def _rebuilder(ground: Ground) -> Rebuilder:
    spaces = spaces_of(ground)
    for error in (await tell(spaces, await pointer_of(ground).read())).values():
        raise error
    return Rebuilder(
        ground.broker,
        ground.store,
        ground.producer,
        agent_rules(ground.settings, ground.space),
        spaces,
        key=ground.settings.pseudonym_key(),
        now=time.time,
    )
