"""What the child processes of these tests run in: their parts, until SIGTERM."""

import asyncio
import signal
from typing import Protocol


class Part(Protocol):
    async def run(self) -> None: ...

    async def stop(self) -> None: ...


async def play(*parts: Part) -> None:
    """Raises what a part raises, once all the others have stopped."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    running = [asyncio.create_task(part.run()) for part in parts]
    waiting = asyncio.create_task(asked.wait())
    await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    await asyncio.gather(*(part.stop() for part in parts))
    await asyncio.gather(*running)
