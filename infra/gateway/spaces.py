"""The space that the service is in, and moving to another: for the operator."""

from typing import TypeVar

from fastapi import APIRouter
from pydantic import ValidationError

from infra.gateway.body import JsonBody
from infra.gateway.openapi import takes
from infra.gateway.problems import ProblemError
from infra.gateway.reasons import reason_of
from schemas.api import OwnBody, OwnStatus, SpaceStatus
from schemas.space import SpaceEntry, SpacePointer
from streams.own_space import give, left_to_publish, take_back
from streams.pointer import Pointer
from streams.rollout import Phase, left_to_move, phase_of
from workers.errors import ConfigurationError
from workers.ports import Store

B = TypeVar("B", SpaceEntry, OwnBody)


def create_router(pointer: Pointer, store: Store) -> APIRouter:
    """`GET /v1/space`, and `POST` under it: `roll-out`, `roll-back`, `retire` (`streams.rollout`), and `own`
    (`streams.own_space`)."""
    router = APIRouter(tags=["operation"], prefix="/v1/space")

    async def status(at: SpacePointer) -> SpaceStatus:
        left = await left_to_move(store, at)
        own = [OwnStatus(**one.__dict__, left=await left_to_publish(store, one)) for one in at.own]
        return SpaceStatus(
            current=at.current,
            next=at.next,
            previous=at.previous,
            phase=phase_of(at, left),
            left=left,
            own=tuple(own),
        )

    @router.get("", response_model_exclude_none=True)
    async def get_space() -> SpaceStatus:
        """Where the service is, and how many profiles are still to be moved."""
        return await status(await pointer.read())

    @router.post("/roll-out", status_code=202, response_model_exclude_none=True, openapi_extra=takes(SpaceEntry))
    async def post_roll_out(body: JsonBody) -> SpaceStatus:
        """Begins to embed the catalog in another space; the service moves to it when that is done."""
        try:
            return await status(await pointer.announce(_checked(SpaceEntry, body.parsed())))
        except ConfigurationError as error:
            raise _refused(error) from error

    @router.post("/roll-back", status_code=202, response_model_exclude_none=True)
    async def post_roll_back() -> SpaceStatus:
        """Back to the space before, or calls off a roll-out that has not switched."""
        try:
            return await status(await pointer.roll_back())
        except ConfigurationError as error:
            raise _refused(error) from error

    @router.post("/retire", status_code=202, response_model_exclude_none=True)
    async def post_retire() -> SpaceStatus:
        """Ends the possibility to roll back, and frees the old space's memory."""
        try:
            at = await pointer.read()
            if phase_of(at, await left_to_move(store, at)) is Phase.MOVING:
                raise ConfigurationError("profiles are still being moved: wait until `left` is 0")
            return await status(await pointer.retire())
        except ConfigurationError as error:
            raise _refused(error) from error

    @router.post("/own", status_code=202, response_model_exclude_none=True, openapi_extra=takes(OwnBody))
    async def post_own(body: JsonBody) -> SpaceStatus:
        """Serves a provider in a space of its own, or in the common one again."""
        asked = _checked(OwnBody, body.parsed())
        try:
            if asked.space is None:
                return await status(await take_back(pointer, asked.provider))
            return await status(await give(pointer, asked.provider, asked.space))
        except ConfigurationError as error:
            raise _refused(error) from error

    return router


def _checked(kind: type[B], body: object) -> B:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise ProblemError(422, "Invalid request", f"The space is not valid: {reason_of(error.errors())}.") from error


def _refused(error: ConfigurationError) -> ProblemError:
    return ProblemError(409, "Not now", f"{error}.")
