"""Erasing a person, and how far that is."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query

from infra.gateway.commands import current_time, new_id, send_command
from infra.gateway.context import GatewayHere
from infra.gateway.ports import Erasures
from schemas.base import EventId, UserId
from schemas.command import ForgetCommand
from schemas.person import ErasureAccepted, ErasureKey
from schemas.receipt import ErasureStatus

router = APIRouter(tags=["people"])


@router.delete("/v1/users/{user:path}", status_code=202)
async def delete_user(
    user: UserId, gateway: GatewayHere, command_id: Annotated[EventId | None, Query()] = None
) -> ErasureAccepted:
    """Erases everything of this person, for good: GET .../export first, if it is to be kept. `status` says where to ask
    whether every provider has confirmed. Nobody is asked whether the person is known: what is still on its way to their
    profile is to be erased too. After a 503 send the same again, with the same command_id."""
    command = ForgetCommand(command_id=command_id or new_id(), user=user, time=current_time(gateway))
    erasure = command.command_id
    again = gateway.ports.erasure
    if again is not None and await again.is_erased(user):
        await again.erase(user, [erasure])
    else:
        await send_command(gateway, command)
    return ErasureAccepted(erasure=erasure, status=f"/v1/erasures/{quote(erasure, safe='')}")


def create_router(erasures: Erasures) -> APIRouter:
    """`GET /v1/erasures/{erasure}` and `GET /v1/erasures/key`."""
    status = APIRouter(tags=["people"], prefix="/v1/erasures")

    @status.get("/key")
    async def get_key() -> ErasureKey:
        """The public key that the signature of a complete erasure is checked with."""
        return ErasureKey(public_key=erasures.public_key.hex())

    # `path`: whoever named the command may have put a slash into its id.
    @status.get("/{erasure:path}")
    async def get_erasure(erasure: EventId) -> ErasureStatus:
        """Which providers have confirmed; signed once all have. Whoever knows the id may ask: it names nobody."""
        return await erasures.status(erasure)

    return status
