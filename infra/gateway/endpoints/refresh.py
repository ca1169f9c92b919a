"""Asking for a re-fit of the weights now, or for a refinement of the texts."""

from fastapi import APIRouter, Request

from infra.gateway.body import checked, receiving
from infra.gateway.commands import current_time, new_id, send_command
from infra.gateway.context import GatewayHere
from infra.gateway.openapi import takes
from schemas.api import RefreshAccepted, RefreshBody
from schemas.base import UserId
from schemas.command import RefreshCommand

router = APIRouter(tags=["people"])


@router.post("/v1/users/{user:path}/refresh", status_code=202, openapi_extra=takes(RefreshBody, required=False))
async def post_refresh(user: UserId, request: Request, gateway: GatewayHere) -> RefreshAccepted:
    """Re-fits the weights of this profile as soon as its agent reads the command; with `{"what": "texts"}` it queues a
    refinement of the texts, which follows within the budgets. Needs no body."""
    body = await _body(request)
    command = RefreshCommand(command_id=new_id(), user=user, time=current_time(gateway), what=body.what)
    await send_command(gateway, command)
    return RefreshAccepted(command_id=command.command_id)


async def _body(request: Request) -> RefreshBody:
    if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        return RefreshBody()
    async with receiving(request) as body:
        return checked(RefreshBody, body.parsed(), "The refresh")
