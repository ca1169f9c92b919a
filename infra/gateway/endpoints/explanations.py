"""Why an item is recommended to a person, or is not."""

from fastapi import APIRouter

from infra.gateway.context import GatewayHere
from infra.gateway.people import read_person
from infra.gateway.problems import ProblemError
from infra.gateway.recommending import SEEN_PENALTY
from infra.gateway.seeing import seen_by
from schemas.base import ItemId, ProviderId, UserId, item_key
from schemas.person import Explanation
from workers.explaining import Judging, explanation

router = APIRouter(tags=["people"])


# `path`: an item's id may hold a slash, as a user's may. A provider's name holds none.
@router.get("/v1/users/{user:path}/explanations/{provider}/{item:path}")
async def get_explanation(user: UserId, provider: ProviderId, item: ItemId, gateway: GatewayHere) -> Explanation:
    """The score of one item and what each interest adds to it; and where the item is too near to a text to avoid, which
    one that is."""
    person = await read_person(gateway, user)
    key = item_key(provider, item)
    there = await seen_by(gateway.ports, person.state, provider)
    space = person.profile.space if there is None else there.space or person.profile.space
    record = (await gateway.ports.store.read([], [key], space)).items.get(key)
    if there is None or record is None:
        detail = "No such item is known of that provider. One that was sent just now is there a moment later."
        raise ProblemError(404, "Unknown item", detail)
    return explanation(there, record, Judging(gateway.ports.scoring, SEEN_PENALTY))
