"""What is fed with bad inputs, and how."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import islice

from tests.hostile.spoiled import inputs

Feed = Callable[[bytes], Awaitable[bool]]
"""Takes one input; whether it was accepted. Raises where a promise is broken."""


@dataclass(frozen=True)
class Target:
    """`good` are inputs as they should be; `open` gives a fresh feed. `weight`: for how many inputs of a run it counts,
    beside the others."""

    name: str
    good: tuple[bytes, ...]
    open: Callable[[], AbstractAsyncContextManager[Feed]]
    weight: int = 1


class Broken(AssertionError):
    """An input broke a promise. The input stands in hexadecimal, to be played again with `Target.open`."""

    def __init__(self, target: str, seed: int, number: int, one: bytes) -> None:
        super().__init__(f"{target} breaks on input {number} of seed {seed}: {one[:2_000].hex()} ({len(one)} bytes)")


FRESH_AFTER = 250
"""Inputs after which a target is opened anew, so that one failure needs at most so many to be played again."""


async def run(target: Target, seed: int, count: int) -> Counter[str]:
    """Feeds so many; how many were accepted and refused. Raises `Broken`."""
    told: Counter[str] = Counter()
    # Every target gets inputs of its own, whatever others stand beside it.
    own = int.from_bytes(hashlib.blake2b(f"{target.name}/{seed}".encode(), digest_size=8).digest())
    stream = enumerate(islice(inputs(own, target.good), count))
    while batch := list(islice(stream, FRESH_AFTER)):
        async with target.open() as feed:
            for number, one in batch:
                try:
                    told["accepted" if await feed(one) else "refused"] += 1
                except Exception as error:
                    raise Broken(target.name, seed, number, one) from error
    return told


def plain(feed: Callable[[bytes], bool]) -> Callable[[], AbstractAsyncContextManager[Feed]]:
    """To open a target that keeps nothing from one input to the next."""

    async def take(one: bytes) -> bool:
        return feed(one)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Feed]:
        yield take

    return opened
