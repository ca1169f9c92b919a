"""What stands on the topic of dead letters, and what an operator does with it.

A letter is settled by another one of the same name that says so: the topic is only ever appended to, and keeps both for
its month. Whoever reads it finds the same, on any number of gateways.

Replaying is safe to repeat:

1. Look: a letter that is settled is skipped, unless it is asked for again.
2. Send the original bytes to the topic that they came from. It is a new message with the same event id, which the agent
   takes once: what was set aside was never taken, or is a duplicate now.
3. Settle. (A crash before this leaves the letter open, and the next replay sends the same again.)
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import ValidationError

from schemas.dead_letter import DeadLetter, Reason, Settled
from streams.contract import History, Outgoing, Partition, Producer, Record
from streams.topics import BY_NAME, DEAD_LETTERS, MAILBOX

PAGE = 500
"""Letters in memory with their content: 1 MB, as a rule."""

MOST = 50_000
"""Letters known at once without their content, the newest: 50 MB. More than a person looks at; older ones come into
sight as newer ones are settled and forgotten."""


class Outcome(StrEnum):
    """What became of one letter that somebody wanted settled."""

    REPLAYED = "replayed"
    DROPPED = "dropped"
    SKIPPED = "skipped"
    """It is settled already, or cannot be replayed: the note says why."""
    UNKNOWN = "unknown"
    """There is none of that name, or not any more."""


@dataclass(frozen=True, slots=True)
class Result:
    id: str
    outcome: Outcome
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One letter, however often it was written: without its content, and where that stands."""

    letter: DeadLetter
    key: bytes
    """Of the letters of this name."""
    partition: int
    offset: int
    has_content: bool

    @property
    def can_be_replayed(self) -> bool:
        return self.has_content and self.letter.topic in MAILBOX


class LetterBook:
    """Of one process. It reads on where it stopped the last time. `now` is in epoch seconds."""

    def __init__(self, history: History, producer: Producer, now: Callable[[], float]) -> None:
        self._history = history
        self._producer = producer
        self._now = now
        self._read: dict[Partition, int] = {}
        self._entries: dict[str, Entry] = {}
        self._reading = asyncio.Lock()

    async def entries(self, *, settled: bool = False, reason: Reason | None = None) -> list[Entry]:
        """The newest first; the settled ones only where they are asked for. Raises `BrokerUnavailable`."""
        await self._catch_up()
        found = [
            entry
            for entry in self._entries.values()
            if (settled or entry.letter.settled is None) and (reason is None or entry.letter.reason is reason)
        ]
        return sorted(found, key=lambda entry: entry.letter.last_time, reverse=True)

    async def named(self, ids: Iterable[str]) -> list[Entry]:
        """Those of the ids that there are, settled or not. Raises `BrokerUnavailable`."""
        await self._catch_up()
        return [self._entries[one] for one in dict.fromkeys(ids) if one in self._entries]

    async def content(self, entry: Entry) -> DeadLetter | None:
        """With key and value; None where the topic does not hold it any more. Raises `BrokerUnavailable`."""
        at = Partition(DEAD_LETTERS, entry.partition)
        for record in await self._history.span(at, entry.offset, entry.offset + 1, 1):
            whole = DeadLetter.model_validate_json(record.value or b"")
            found = {"key": _base64(whole.key), "value": _base64(whole.value)}
            return DeadLetter.model_validate(entry.letter.model_dump() | found)
        return None

    async def replay(self, ids: Collection[str], *, again: bool = False) -> list[Result]:
        """One result for each id, in order. Raises `BrokerUnavailable` or `Overloaded`: some may have been sent, and
        the same may be asked again."""
        return await self._settle_all(ids, Settled.REPLAYED, again)

    async def drop(self, ids: Collection[str]) -> list[Result]:
        """As `replay`, without sending anything."""
        return await self._settle_all(ids, Settled.DROPPED, again=False)

    async def _settle_all(self, ids: Collection[str], how: Settled, again: bool) -> list[Result]:
        known = {entry.letter.id: entry for entry in await self.named(ids)}
        results = []
        for one in dict.fromkeys(ids):
            if one in known:
                results.append(await self._settle(known[one], how, again))
            else:
                results.append(Result(one, Outcome.UNKNOWN, "no such letter: see `attune dlq list --settled`"))
        return results

    async def _settle(self, entry: Entry, how: Settled, again: bool) -> Result:
        # 1. Look
        letter = entry.letter
        if letter.settled is not None and not again:
            return Result(letter.id, Outcome.SKIPPED, f"it was {letter.settled} already")
        if how is Settled.REPLAYED:
            # 2. Send
            if not entry.can_be_replayed:
                return Result(letter.id, Outcome.SKIPPED, _obstacle(letter))
            whole = await self.content(entry)
            if whole is None:
                return Result(letter.id, Outcome.UNKNOWN, "the topic holds it no more: its month is over")
            await self._producer.send([Outgoing(whole.topic, whole.key or b"", whole.value)])
        # 3. Settle
        settled = letter.model_copy(update={"settled": how, "last_time": datetime.fromtimestamp(self._now(), UTC)})
        await self._producer.send([Outgoing(DEAD_LETTERS, entry.key, settled.to_bytes())])
        return Result(letter.id, Outcome(how.value))

    async def _catch_up(self) -> None:
        """What has been written since the last time."""
        async with self._reading:
            for source, end in (await self._history.ends([DEAD_LETTERS])).items():
                while (start := self._read.get(source, 0)) < end:
                    page = await self._history.span(source, start, end, PAGE)
                    self._note(page)
                    self._read[source] = page[-1].offset + 1 if len(page) == PAGE else end
            self._forget()

    def _note(self, page: Iterable[Record]) -> None:
        for record, letter in _letters(page):
            head = letter.model_copy(update={"key": None, "value": None})
            entry = Entry(head, record.key or b"", record.partition, record.offset, letter.value is not None)
            known = self._entries.pop(letter.id, None)
            self._entries[letter.id] = entry if known is None else _merged(known, entry)

    def _forget(self) -> None:
        oldest = datetime.fromtimestamp(self._now() - BY_NAME[DEAD_LETTERS].retention_ms / 1000, UTC)
        while self._entries:
            first = next(iter(self._entries))
            if len(self._entries) <= MOST and self._entries[first].letter.last_time >= oldest:
                return
            del self._entries[first]


def _letters(page: Iterable[Record]) -> Iterator[tuple[Record, DeadLetter]]:
    """What is no letter was put there by somebody else: there is nothing to do about it here."""
    for record in page:
        try:
            yield record, DeadLetter.model_validate_json(record.value or b"")
        except ValidationError:
            continue


def _merged(known: Entry, later: Entry) -> Entry:
    """A letter written twice, or settled: settled stays settled, and the first time is the first."""
    times = [moment for one in (known, later) for moment in (one.letter.first_time, one.letter.last_time)]
    settled = later.letter.settled or known.letter.settled
    update = {"settled": settled, "first_time": min(times), "last_time": max(times)}
    whole = later if later.has_content else known
    return replace(whole, letter=whole.letter.model_copy(update=update))


def _obstacle(letter: DeadLetter) -> str:
    if letter.topic not in MAILBOX:
        return "what it describes may have a newer entry by now: send the item itself again"
    return "its content is not kept here: send the event itself again"


def _base64(raw: bytes | None) -> bytes | None:
    return None if raw is None else b64encode(raw)
