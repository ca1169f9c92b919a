"""What to show a person next."""

from typing import Annotated

from fastapi import APIRouter, Query

from infra.gateway.context import GatewayHere
from infra.gateway.people import read_person
from infra.gateway.recommending import Wish, recommend
from schemas.api import MAX_K, Recommendations
from schemas.base import ProviderId, UserId

router = APIRouter(tags=["people"])


@router.get("/v1/users/{user:path}/recommendations")
async def get_recommendations(
    user: UserId,
    gateway: GatewayHere,
    provider: ProviderId | None = None,
    k: Annotated[int, Query(ge=1, le=MAX_K)] = 10,
    threshold: Annotated[float | None, Query(ge=-1, le=1)] = None,
    scoring: Annotated[str | None, Query(pattern="^(linear|mixture)$")] = None,
) -> Recommendations:
    """The best k items of one provider, or of all of them merged by score, each with the interest that brought it.
    Items the person has already met are marked and rank lower; no item scores below the threshold."""
    person = await read_person(gateway, user)
    return await recommend(gateway.ports, person, Wish(provider, k, threshold, scoring))
