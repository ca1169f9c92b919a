"""Going back to an earlier version of a profile."""

from fastapi import APIRouter

from infra.gateway.body import JsonBody, checked
from infra.gateway.commands import current_time, new_id, send_command
from infra.gateway.context import GatewayHere
from infra.gateway.openapi import takes
from infra.gateway.people import read_person
from infra.gateway.problems import ProblemError
from schemas.base import UserId
from schemas.command import RollbackCommand
from schemas.person import CommandAccepted, RollbackBody
from workers.versions import version_of

router = APIRouter(tags=["people"])


@router.post("/v1/users/{user:path}/rollback", status_code=202, openapi_extra=takes(RollbackBody))
async def post_rollback(user: UserId, body: JsonBody, gateway: GatewayHere) -> CommandAccepted:
    """Puts the profile of an earlier version in the place of today's, as a new version, as soon as its agent has read
    the command; version 0, before the first, takes back all that the person ever changed. .../commands/{command_id}
    says what became of it. After a 503 send the same again, with the same command_id."""
    asked = checked(RollbackBody, body.parsed(), "The rollback")
    person = await read_person(gateway, user)
    if version_of(person.state, asked.version) is None:
        detail = f"Version {asked.version} is not remembered: GET /v1/users/{{user}}/versions lists those that are."
        raise ProblemError(404, "Unknown version", detail)
    command = RollbackCommand(
        command_id=asked.command_id or new_id(), user=user, time=current_time(gateway), version=asked.version
    )
    await send_command(gateway, command)
    return CommandAccepted(command_id=command.command_id)
