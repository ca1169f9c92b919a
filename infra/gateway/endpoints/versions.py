"""The versions that a profile has had."""

import asyncio

from fastapi import APIRouter

from infra.gateway.context import GatewayHere
from infra.gateway.people import Person, read_person
from schemas.base import UserId
from schemas.person import Versions
from workers.differences import history
from workers.versions import remembered

router = APIRouter(tags=["people"])


@router.get("/v1/users/{user:path}/versions")
async def get_versions(user: UserId, gateway: GatewayHere) -> Versions:
    """What made each version, when, and what it changed, newest first: as far back as the agent remembers."""
    # 48 versions of 48 texts, the most that there can be, take 90 ms: no other request should wait for them.
    return await asyncio.to_thread(_versions, await read_person(gateway, user))


def _versions(person: Person) -> Versions:
    return Versions(current=person.state.version, versions=history(remembered(person.state)))
