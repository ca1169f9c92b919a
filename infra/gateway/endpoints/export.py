"""A person's profile as a document that they can carry to another installation."""

from fastapi import APIRouter, Response

from infra.gateway.commands import current_time
from infra.gateway.context import GatewayHere
from infra.gateway.people import read_person
from schemas.base import UserId
from schemas.document import ProfileDocument
from workers.carrying import document_of

router = APIRouter(tags=["people"])


@router.get("/v1/users/{user:path}/export")
async def get_export(user: UserId, response: Response, gateway: GatewayHere) -> ProfileDocument:
    """Interests and avoids with weights and vectors, and what was removed: no history, and not the person's id. POST it
    to .../import of this or another installation."""
    person = await read_person(gateway, user)
    # A browser saves it under this name. It is not the person's: file names end up in places that nobody thinks of.
    response.headers["Content-Disposition"] = 'attachment; filename="attune-profile.json"'
    return document_of(person.state, current_time(gateway), gateway.ports.space)
