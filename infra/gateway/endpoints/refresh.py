"""Asking for a re-fit now."""

import uuid
from datetime import UTC, datetime

from fastapi import APIRouter

from infra.gateway.context import GatewayHere
from schemas.api import RefreshAccepted
from schemas.base import UserId
from schemas.command import RefreshCommand
from streams.contract import Outgoing
from streams.topics import COMMANDS

router = APIRouter(tags=["people"])


@router.post("/v1/users/{user:path}/refresh", status_code=202)
async def post_refresh(user: UserId, gateway: GatewayHere) -> RefreshAccepted:
    """Re-fits the weights of this profile as soon as its agent reads the command. Needs no body."""
    now = datetime.fromtimestamp(gateway.ports.clock(), UTC)
    command = RefreshCommand(command_id=uuid.uuid4().hex, user=user, time=now)
    with gateway.writes.enter():
        await gateway.ports.producer.send([Outgoing(COMMANDS, user.encode(), command.to_bytes())])
    return RefreshAccepted(command_id=command.command_id)
