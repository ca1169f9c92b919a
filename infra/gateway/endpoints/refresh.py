"""Asking for a re-fit of the weights now, or for a refinement of the texts."""

import uuid
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from pydantic import ValidationError

from infra.gateway.body import read_json
from infra.gateway.context import GatewayHere
from infra.gateway.openapi import takes
from infra.gateway.problems import ProblemError
from infra.gateway.reasons import reason_of
from schemas.api import RefreshAccepted, RefreshBody
from schemas.base import UserId
from schemas.command import RefreshCommand
from streams.contract import Outgoing
from streams.topics import COMMANDS

router = APIRouter(tags=["people"])


@router.post("/v1/users/{user:path}/refresh", status_code=202, openapi_extra=takes(RefreshBody, required=False))
async def post_refresh(user: UserId, request: Request, gateway: GatewayHere) -> RefreshAccepted:
    """Re-fits the weights of this profile as soon as its agent reads the command; with `{"what": "texts"}` it queues a
    refinement of the texts, which follows within the budgets. Needs no body."""
    body = await _body(request)
    now = datetime.fromtimestamp(gateway.ports.clock(), UTC)
    command = RefreshCommand(command_id=uuid.uuid4().hex, user=user, time=now, what=body.what)
    with gateway.writes.enter():
        await gateway.ports.producer.send([Outgoing(COMMANDS, user.encode(), command.to_bytes())])
    return RefreshAccepted(command_id=command.command_id)


async def _body(request: Request) -> RefreshBody:
    if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        return RefreshBody()
    try:
        return RefreshBody.model_validate(await read_json(request))
    except ValidationError as error:
        raise ProblemError(422, "Invalid request", f"The refresh is not valid: {reason_of(error.errors())}.") from error
