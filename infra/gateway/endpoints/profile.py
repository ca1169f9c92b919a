"""A person's profile, as they read it."""

from fastapi import APIRouter

from infra.gateway.context import GatewayHere
from infra.gateway.people import read_person
from infra.gateway.seeing import seen_by
from schemas.base import UserId
from schemas.profile import Profile

router = APIRouter(tags=["people"])


# `path`, here and beside it: a user id may hold a slash.
@router.get("/v1/users/{user:path}/profile")
async def get_profile(user: UserId, gateway: GatewayHere) -> Profile:
    """Interests and avoids with their weights, at the newest version; and the weights at providers with a space of
    their own."""
    person = await read_person(gateway, user)
    seen = [await seen_by(gateway.ports, person.state, provider) for provider in person.providers]
    there = {one.space: one for one in seen if one is not None and one is not person.state}
    spaces = {space: {held.id: held.weight for held in one.interests} for space, one in there.items()}
    return person.profile.model_copy(update={"spaces": spaces})
