"""An operator who has dead-letters sent again, whoever they are about, and whatever has become of them meanwhile."""

import asyncio
from random import Random

from streams.contract import History, Producer
from streams.letter_book import LetterBook
from tests.simulation.process import Process
from workers.errors import Unavailable

PAUSE = (2.0, 12.0)
"""Virtual seconds between two looks."""


async def replay_letters(history: History, producer: Producer, process: Process, chance: Random) -> None:
    """For as long as there is trouble."""
    book = LetterBook(history, producer, process.now)
    while True:
        await asyncio.sleep(chance.uniform(*PAUSE))
        if not process.faults.weather.bad:
            return
        try:
            entries = await book.entries()
            await book.replay([entry.letter.id for entry in entries if entry.can_be_replayed])
        except Unavailable:
            continue
