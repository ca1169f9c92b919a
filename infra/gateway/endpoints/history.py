"""What a person brings from a platform: the file as it gave it to them."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from infra.doors.entering import HolderHere, too_much_at_once
from infra.gateway.context import GatewayHere
from infra.gateway.histories import TYPES, take_history
from infra.platforms.detect import AUTO
from infra.platforms.reading import Wish
from schemas.base import UserId
from schemas.person import HistoryTaken

router = APIRouter(tags=["people"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(TYPES)},
    }
}


async def _one_of_few(request: Request, gateway: GatewayHere, holder: HolderHere) -> AsyncIterator[None]:
    """Held until the answer is made. One person's files come one after the other, or nobody else's would come in."""
    with gateway.own_histories.hold(holder) as fits:
        if not fits:
            raise too_much_at_once(request, "files of this token's holder are being read already")
        with gateway.histories.enter():
            yield


@router.post("/v1/users/{user:path}/history", status_code=202, dependencies=[Depends(_one_of_few)], openapi_extra=_BODY)
async def post_history(
    user: UserId,
    request: Request,
    gateway: GatewayHere,
    platform: Annotated[str, Query(max_length=32, description="Where it is from; found out unless named.")] = AUTO,
    profile: Annotated[
        str | None, Query(max_length=128, description="Whose rows, where a file has several people's.")
    ] = None,
) -> HistoryTaken:
    """Takes the zip or the file that a platform gave this person, up to 64 MiB: Netflix, Spotify, YouTube, Goodreads,
    Letterboxd, Reddit, X, MovieLens. The newest of it goes into their profile and nowhere else. When the answer comes
    it is durable; the same file a second time has no effect."""
    return await take_history(request, gateway, Wish(user, gateway.ports.pseudonym_key, platform, profile))
