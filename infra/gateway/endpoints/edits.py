"""A person's own changes to their profile. Of somebody nobody has heard of, they are its beginning."""

import asyncio
import re

from fastapi import APIRouter

from infra.gateway.body import JsonBody, checked
from infra.gateway.commands import current_time, new_id, send_command
from infra.gateway.context import GatewayHere
from infra.gateway.openapi import takes
from infra.gateway.people import find_person
from schemas.api import EditsAccepted, EditsBody
from schemas.base import UserId
from schemas.command import EditCommand
from schemas.person import ReadEdit, ReadWish, WishBody
from schemas.profile import Profile
from workers.wishes import read_wish

router = APIRouter(tags=["people"])

_STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]+")
"""Control characters, which no text of a profile may hold; a line feed ends a clause."""


@router.post("/v1/users/{user:path}/edits", status_code=202, openapi_extra=takes(EditsBody))
async def post_edits(user: UserId, body: JsonBody, gateway: GatewayHere) -> EditsAccepted:
    """Adds, rewrites, re-weights, pins, avoids, removes or restores interests: all edits of one request, in order, or
    none of them. They stand in the profile as soon as its agent has read them and every new text has its vector; edits
    that the profile cannot take have no effect, and .../commands/{command_id} says why. After a 503 send the same
    again, with the same command_id."""
    asked = checked(EditsBody, body.parsed(), "The edit")
    command = EditCommand(
        command_id=asked.command_id or new_id(),
        user=user,
        time=current_time(gateway),
        edits=asked.edits,
        base_version=asked.base_version,
    )
    await send_command(gateway, command)
    return EditsAccepted(command_id=command.command_id)


@router.post("/v1/users/{user:path}/edits/read", openapi_extra=takes(WishBody))
async def post_wish(user: UserId, body: JsonBody, gateway: GatewayHere) -> ReadWish:
    """Reads a wish in a person's own words as edits of their profile, each with what it means in a sentence. Nothing
    changes: show them, and POST those that are right to .../edits."""
    asked = checked(WishBody, body.parsed(), "The wish")
    person = await find_person(gateway, user)
    profile = (
        Profile(user=user, version=0, space=gateway.ports.space, interests=()) if person is None else person.profile
    )
    return await asyncio.to_thread(_read, asked.text, profile)


def _read(text: str, profile: Profile) -> ReadWish:
    understood = read_wish(_STEERING.sub(" ", text), profile)
    edits = tuple(ReadEdit(edit=one.edit, sentence=one.sentence) for one in understood.meant)
    return ReadWish(base_version=profile.version, edits=edits, unread=understood.unread)
