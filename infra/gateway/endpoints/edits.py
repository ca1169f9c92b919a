"""A person's own changes to their profile. Of somebody nobody has heard of, they are its beginning."""

from fastapi import APIRouter

from infra.gateway.body import JsonBody, checked
from infra.gateway.commands import current_time, new_id, send_command
from infra.gateway.context import GatewayHere
from infra.gateway.openapi import takes
from schemas.api import EditsAccepted, EditsBody
from schemas.base import UserId
from schemas.command import EditCommand

router = APIRouter(tags=["people"])


@router.post("/v1/users/{user:path}/edits", status_code=202, openapi_extra=takes(EditsBody))
async def post_edits(user: UserId, body: JsonBody, gateway: GatewayHere) -> EditsAccepted:
    """Adds, rewrites, re-weights, pins, avoids, removes or restores interests: all edits of one request, in order, or
    none of them. They stand in the profile as soon as its agent has read them and every new text has its vector; edits
    that the profile cannot take become a dead-letter. After a 503 send the same again, with the same command_id."""
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
