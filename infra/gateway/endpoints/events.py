"""A person's profile, live: server-sent events."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from fastapi import APIRouter, Depends
from starlette.responses import StreamingResponse

from infra.doors.entering import StillHeld
from infra.gateway.context import Gateway, GatewayHere
from infra.gateway.people import Person, find_person
from infra.gateway.problems import count_outage
from schemas.base import UserId
from workers.errors import Unavailable

RECONNECT_MS = 2_000
"""How long a browser waits before it opens a broken stream again."""

_HEARTBEAT = ": still here\n\n"
_ABSENT = "event: absent\ndata: {}\n\n"

router = APIRouter(tags=["people"])


async def _one_stream(gateway: GatewayHere) -> AsyncIterator[None]:
    """Held until the stream has ended, however it ends."""
    with gateway.streams.enter():
        yield


@router.get("/v1/users/{user:path}/events", dependencies=[Depends(_one_stream)])
async def get_events(user: UserId, gateway: GatewayHere, held: StillHeld) -> StreamingResponse:
    """The profile at once and whenever its version changes, as server-sent events: "profile" with the profile as JSON,
    "absent" while nothing is known of the user. It ends with the token that opened it."""
    first = await find_person(gateway, user)
    # A proxy that collects an answer before it passes it on would hold back every event.
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(user, gateway, first, held), media_type="text/event-stream", headers=headers)


async def _stream(user: str, gateway: Gateway, person: Person | None, held: Callable[[], bool]) -> AsyncIterator[str]:
    yield f"retry: {RECONNECT_MS}\n\n{_event(person)}"
    told, spoken = _version(person), time.monotonic()
    while not await _closing(gateway) and held():
        version = told
        # The stream outlives an outage of the store: it tells nothing new meanwhile, and the next poll asks again.
        with _counted_outage(gateway):
            person = await find_person(gateway, user)
            version = _version(person)
        if version != told:
            yield _event(person)
        elif time.monotonic() - spoken >= gateway.heartbeat_seconds:
            yield _HEARTBEAT
        else:
            continue
        told, spoken = version, time.monotonic()


@contextmanager
def _counted_outage(gateway: Gateway) -> Iterator[None]:
    try:
        yield
    except Unavailable as error:
        count_outage(gateway.ports.metrics, error)


async def _closing(gateway: Gateway) -> bool:
    """Waits until the next poll is due, or less when the server stops: then True."""
    try:
        async with asyncio.timeout(gateway.poll_seconds):
            return await gateway.closing.wait()
    except TimeoutError:
        return False


def _version(person: Person | None) -> int:
    return -1 if person is None else person.profile.version


def _event(person: Person | None) -> str:
    if person is None:
        return _ABSENT
    return f"id: {person.profile.version}\nevent: profile\ndata: {person.profile.model_dump_json()}\n\n"
