"""What was deleted in Redis still stands in its append-only file, until that is rewritten.

1. Whoever deletes something of a person notes it first, in Redis itself.
2. Where there is a note, it is taken and Redis is asked to rewrite the file. It does so beside its work, in a child
   process that reads all there is: once for all that was deleted since the last time.
3. Where Redis does not take it (it rewrites already, from before the deletion), the note is put back.
"""

import logging

from infra.stores.redis_calls import RedisCalls
from infra.stores.redis_keys import UNSHED
from workers.errors import ConfigurationError

_LOG = logging.getLogger(__name__)


async def note(calls: RedisCalls) -> None:
    """Step 1."""
    await calls.call((b"SET", UNSHED, b"1"))


async def shed(calls: RedisCalls) -> None:
    """Steps 2 and 3."""
    if not await calls.call((b"GETDEL", UNSHED)):
        return
    try:
        await calls.call((b"BGREWRITEAOF",))
    except ConfigurationError as error:
        await note(calls)
        _LOG.warning("what was erased stays in Redis's append-only file for now: BGREWRITEAOF was refused (%s)", error)
