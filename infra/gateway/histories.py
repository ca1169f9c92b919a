"""A person's history from a platform, from the file to their agent.

1. The body goes into a file without a name, which is gone whatever happens; so many bytes, so many at once.
2. What the person's agent has already is looked up, so that nothing comes twice and nothing that it can no longer tell.
3. The file is read in a thread (`infra.platforms`).
4. The items are described, as an interaction's words describe one (`streams.publication`), a piece at a time, and each
   piece is waited for until the store has it: only then would no interaction wait in the agent, which has room for 64.
   They are this person's alone (`workers.mine`); what they brought long ago makes room (`infra.gateway.own_items`).
5. The interactions go into the log, oldest first.
6. The agent re-fits rarely while so much comes at once. When it has the last of them it is asked to do so: the profile
   is whole when the answer comes, or half a minute later where the agent is behind.

Cut off anywhere, the same file sent again goes on: what is there already counts once. Of somebody who was forgotten
nothing is described, and their interactions are dropped and counted like any others of theirs.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import BinaryIO

from fastapi import Request
from starlette.requests import ClientDisconnect

from infra.gateway.commands import current_time, new_id, send_command
from infra.gateway.context import Gateway
from infra.gateway.own_items import make_room
from infra.gateway.people import Person, find_person
from infra.gateway.problems import ProblemError
from infra.platforms.reading import History, Known, Wish, read_history
from infra.platforms.rows import HistoryRefused
from schemas.catalog import CatalogItem, description_key
from schemas.command import RefreshCommand
from schemas.interaction import Interaction
from schemas.person import HistoryTaken
from streams.contract import Outgoing
from streams.sealing import mailbox_of
from streams.topics import CATALOG, INTERACTIONS
from workers.state import UserState

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Ten years of listening are 30 MB as Spotify zips them."""

TYPES = {"application/octet-stream", "application/zip"}

PIECE = 128
"""Items described at once: about a second of the embedder's, so that others' items come in between."""

LOOK_SECONDS = 0.05


async def take_history(request: Request, gateway: Gateway, wish: Wish) -> HistoryTaken:
    """Steps 1 to 6. Raises the problems 400, 408, 413, 415, 422 and 503."""
    async with _received(request, gateway.history_seconds) as file:  # 1
        person = await find_person(gateway, wish.user)
        known = _known(person, gateway)  # 2
        try:
            history = await asyncio.to_thread(read_history, file, wish, known)  # 3
        except HistoryRefused as refused:
            raise ProblemError(422, "History not taken", f"Not taken: {refused}.") from refused
    is_forgotten = await _is_forgotten(wish.user, gateway)
    if not is_forgotten:
        await _describe(history, wish.user, person, gateway)  # 4
    if history.interactions:
        await _send(history.interactions, gateway)  # 5
    if history.interactions and not is_forgotten:
        last = history.interactions[-1].event_id  # 6
        await _until(gateway, wish.user, lambda state: any(entry.event == last for entry in state.window))
        again = RefreshCommand(command_id=new_id(), user=wish.user, time=current_time(gateway))
        await send_command(gateway, again)
        await _until(gateway, wish.user, lambda state: not state.pending)
    return history.taken


@asynccontextmanager
async def _received(request: Request, seconds: float) -> AsyncIterator[BinaryIO]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES:
        detail = "Send the file's own bytes with the header Content-Type: application/octet-stream."
        raise ProblemError(415, "Unsupported media type", detail)
    with _unnamed() as file:
        try:
            async with asyncio.timeout(seconds):
                await _copy(request, file)
        except TimeoutError as error:
            detail = f"The file did not arrive within {seconds:g} s; zip it, or send it over a faster line."
            raise ProblemError(408, "Request timeout", detail, headers={"Connection": "close"}) from error
        except ClientDisconnect as error:
            raise ProblemError(400, "Incomplete body", "The connection ended before the file did.") from error
        yield file


@contextmanager
def _unnamed() -> Iterator[BinaryIO]:
    """Gone from the disk's list from the first: not even a killed process leaves a person's history lying about."""
    with TemporaryFile(prefix="attune-") as file:
        yield file


async def _copy(request: Request, file: BinaryIO) -> None:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_FILE_BYTES:
            detail = f"A file may have {MAX_FILE_BYTES >> 20} MiB; take out of the zip what is no history."
            raise ProblemError(413, "File too large", detail)
        await asyncio.to_thread(file.write, chunk)
    if not size:
        raise ProblemError(400, "Empty body", "The body is empty; send the file as the platform gave it.")


def _known(person: Person | None, gateway: Gateway) -> Known:
    now = datetime.fromtimestamp(gateway.ports.clock() + gateway.ports.clock_skew, UTC)
    if person is None:
        return Known(now)
    state = person.state
    there = {entry.event for entry in state.window}
    oldest = min((entry.time_ms for entry in state.window), default=0)
    return Known(
        now,
        lambda event: event in there or state.has_seen(f"interaction {event}"),
        datetime.fromtimestamp(oldest / 1000, UTC) if state.past.mass else None,
    )


def _space(person: Person | None, gateway: Gateway) -> str:
    """In which the person's agent looks items up."""
    return (person.state.space if person is not None else "") or gateway.ports.space


async def _is_forgotten(user: str, gateway: Gateway) -> bool:
    erasure = gateway.ports.erasure
    return erasure is not None and await erasure.is_erased(user)


async def _describe(history: History, user: str, person: Person | None, gateway: Gateway) -> None:
    keys, space = list(history.items), _space(person, gateway)
    remembered = person.state.items_seen() if person is not None else frozenset()
    await make_room(mailbox_of(gateway.ports.pseudonym_key, user), {*keys, *remembered}, gateway, space)
    for start in range(0, len(keys), PIECE):
        piece = keys[start : start + PIECE]
        missing = [key for key in piece if key not in await _stored(piece, gateway, space)]
        if missing:
            now_ms = int(gateway.ports.clock() * 1000)
            messages = [_description(history.items[key], now_ms) for key in missing]
            with gateway.writes.enter():
                await gateway.ports.producer.send(messages)
            await _until_stored(missing, gateway, space)


async def _until_stored(keys: Sequence[str], gateway: Gateway, space: str) -> None:
    left, moved = len(keys), time.monotonic()
    while left:
        await asyncio.sleep(LOOK_SECONDS)
        now_left = len(keys) - len(await _stored(keys, gateway, space))
        if now_left < left:
            left, moved = now_left, time.monotonic()
        elif time.monotonic() - moved > gateway.stall_seconds:
            detail = "The embedder does not get on: see that it runs, then send the same file again; no row counts "
            raise ProblemError(503, "Embedder behind", detail + "twice.", retry_after=gateway.stall_seconds)


async def _until(gateway: Gateway, user: str, holds: Callable[[UserState], bool]) -> None:
    """Until it holds of the person's record, or for as long as an agent takes that is not behind."""
    deadline = time.monotonic() + gateway.met_seconds
    while time.monotonic() < deadline:
        person = await find_person(gateway, user)
        if person is not None and holds(person.state):
            return
        await asyncio.sleep(LOOK_SECONDS)


async def _stored(keys: Sequence[str], gateway: Gateway, space: str) -> Mapping[str, object]:
    return (await gateway.ports.store.read([], keys, space)).items


def _description(item: CatalogItem, now_ms: int) -> Outgoing:
    """Beside the words of an interaction it has what the platform says of the item's kind."""
    entry = item.model_copy(update={"described_ms": now_ms})
    return Outgoing(CATALOG, description_key(item.key).encode(), entry.to_bytes())


async def _send(interactions: Sequence[Interaction], gateway: Gateway) -> None:
    messages = [Outgoing(INTERACTIONS, one.user.encode(), one.to_bytes()) for one in interactions]
    with gateway.writes.enter():
        await gateway.ports.producer.send(messages)
    gateway.ports.metrics.accepted.labels("file").inc(len(messages))
