"""A person's profile, as they read it."""

from fastapi import APIRouter

from infra.gateway.context import GatewayHere
from infra.gateway.people import read_person
from schemas.base import UserId
from schemas.profile import Profile

router = APIRouter(tags=["people"])


# `path`, here and beside it: a user id may hold a slash.
@router.get("/v1/users/{user:path}/profile")
async def get_profile(user: UserId, gateway: GatewayHere) -> Profile:
    """Interests and avoids with their weights, at the newest version."""
    return (await read_person(gateway, user)).profile
